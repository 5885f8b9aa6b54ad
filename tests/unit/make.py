"""What unit tests start from: a clock that stands still, records at each status, a type of work."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from common.catalog import Catalog, WorkType
from common.pipeline.record import Claim, Record, Status, due_key
from common.work import JsonObject, JsonValue, Work, WorkInput
from tests.policies import policy

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
LEASE = timedelta(minutes=11)
TASK = "projects/p/locations/l/queues/demo/tasks/r1-g0"
HELD = Claim(token="mine", task=TASK, retry_count=0)


class Clock:
    """The time is `now` until a test, or what waits, moves it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def wait(self, duration: timedelta) -> None:
        self.now += duration


def queued(**fields: Any) -> Record:
    """A request as it is stored after its submit."""
    return _record(status=Status.QUEUED, due=_due(NOW + timedelta(seconds=120), fields), **fields)


def processing(**fields: Any) -> Record:
    """A request that its first attempt has held since NOW."""
    held = {"claim": HELD, "attempt": 1, "started_at": NOW, "due": _due(NOW + LEASE, fields)}
    return _record(**{"status": Status.PROCESSING, **held, **fields})


def ended(status: Status, **fields: Any) -> Record:
    """A request that its first attempt has brought to an end at NOW."""
    end = {"claim": HELD, "attempt": 1, "started_at": NOW}
    times = {"finished_at": NOW, "expires_at": NOW + timedelta(days=35)}
    return _record(**{"status": status, **end, **times, **fields})


def at(status: Status, **fields: Any) -> Record:
    """A request at that status."""
    match status:
        case Status.QUEUED:
            return queued(**fields)
        case Status.PROCESSING:
            return processing(**fields)
        case _:
            return ended(status, **fields)


def _record(**fields: Any) -> Record:
    given = {"id": "r1", "tenant": "t:clinic", "owner": "ann", "type": "demo", "input": {}, "max_attempts": 3}
    return Record(**{**given, "created_at": NOW, **fields})


def _due(moment: datetime, fields: dict[str, Any]) -> str:
    return due_key(fields.get("id", "r1"), moment)


class Input(WorkInput):
    """Of the made-up type `demo`."""

    text: str = ""


POLICY = policy()


def catalog(run: Callable[[Any, Work], JsonObject]) -> Catalog:
    """The type `demo`, which does `run`, and `email`, as its notification, which does nothing."""
    return {
        "demo": WorkType("demo", Input, run, POLICY, ""),
        "email": WorkType("email", WorkInput, lambda _given, _work: {}, POLICY, ""),
    }


def big(kilobytes: int) -> JsonValue:
    """A JSON text of that size."""
    return "x" * (kilobytes * 1024 - 2)
