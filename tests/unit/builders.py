"""Builders of the values that unit tests share: a fixed time, records at each status, and two types of work."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from common.catalog import Catalog, WorkType
from common.pipeline.due import due_key
from common.pipeline.lifecycle import Traces
from common.pipeline.record import Claim, Record, Status
from common.retention import RECORD_RETENTION
from common.work import JsonObject, JsonValue, Work, WorkInput
from tests.policies import policy

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
LEASE = 11 * MINUTE
FIRST_SWEEP = 2 * MINUTE  # after a request was queued
TASK = "projects/p/locations/l/queues/demo/tasks/r1-g0"
CLAIM = Claim(token="mine", task=TASK, retry_count=0, lost=0)


class Clock:
    """A clock that moves only when a test moves it."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def wait(self, duration: timedelta) -> None:
        self.now += duration


def queued(**fields: Any) -> Record:
    """Returns a request that was submitted at NOW."""
    return _record(status=Status.QUEUED, due=_due(NOW + FIRST_SWEEP, fields), **fields)


def processing(**fields: Any) -> Record:
    """Returns a request whose first attempt began at NOW."""
    attempt = {"claim": CLAIM, "attempt": 1, "started_at": NOW, "due": _due(NOW + LEASE, fields)}
    return _record(**{"status": Status.PROCESSING, **attempt, **fields})


def ended(status: Status, **fields: Any) -> Record:
    """Returns a request that ended at NOW, in its first attempt."""
    attempt = {"claim": CLAIM, "attempt": 1, "started_at": NOW}
    times = {"finished_at": NOW, "expires_at": NOW + RECORD_RETENTION}
    return _record(**{"status": status, **attempt, **times, **fields})


def record_with(status: Status, **fields: Any) -> Record:
    """Returns a request with that status."""
    match status:
        case Status.QUEUED:
            return queued(**fields)
        case Status.PROCESSING:
            return processing(**fields)
        case _:
            return ended(status, **fields)


def _record(**fields: Any) -> Record:
    usual = {"id": "r1", "tenant": "t:clinic", "owner": "ann", "type": "demo", "input": {}, "max_attempts": 3}
    return Record(**{**usual, "created_at": NOW, **fields})


def _due(moment: datetime, fields: dict[str, Any]) -> str:
    return due_key(fields.get("id", "r1"), moment)


class Input(WorkInput):
    """The input of the type `demo`."""

    text: str = ""


POLICY = policy()


def catalog(run: Callable[[Any, Work], JsonObject] = lambda _input, _work: {}) -> Catalog:
    """Returns the type `demo`, which calls `run`, and two types that do nothing: `email`, and the internal `purge`."""
    return {
        "demo": WorkType("demo", Input, run, POLICY, ""),
        "email": WorkType("email", WorkInput, lambda _input, _work: {}, POLICY, ""),
        "purge": WorkType("purge", Traces, lambda _input, _work: {}, policy(internal=True), ""),
    }


def text_of(*, kib: int) -> JsonValue:
    """Returns a text of that size in JSON."""
    return "x" * (kib * 1024 - len('""'))
