"""The interface of the stored requests, and the records that its contract tests store."""

from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from common.pipeline.due import due_key
from common.pipeline.owned import OwnedDocuments
from common.pipeline.record import Claim, Erased, Failure, Parent, Progress, Record, Status
from common.pipeline.store import Page, Position, Stored, Update
from common.pipeline.sweeper import OverdueDocuments
from common.retention import RECORD_RETENTION

NOW = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Documents(OverdueDocuments, OwnedDocuments, Protocol):
    """Every method that the use cases call."""

    def page(self, *, tenant: str, status: Status | None, limit: int, after: Position | None) -> Page: ...

    def count_open(self, *, tenant: str, limit: int) -> int: ...


def record(record_id: str = "r1", **fields: Any) -> Record:
    usual = {"tenant": "t:clinic", "owner": "ann", "type": "demo", "input": {"text": "hello"}, "max_attempts": 3}
    return Record(**{"id": record_id, **usual, "status": Status.QUEUED, "created_at": NOW, **fields})


def full_record() -> Record:
    """Returns a record in which every field is set."""
    failure = Failure(code="lost", message="The attempt ended without an answer.", attempt=1, at=NOW)
    return record(
        input={"text": "Grüße", "nothing": None, "list": [1, 2.5, None, {"deep": {"er": True}}], "empty": {}},
        run_at=NOW + SECOND,
        notify=({"type": "email", "subject": None},),
        parent=Parent(id="p1", redrive=1),
        status=Status.PROCESSING,
        redrive=1,
        generation=4,
        attempt=2,
        snoozes=5,
        progress=Progress(percent=40, message="drawing"),
        result={"assets": [], "note": None},
        error=failure,
        errors=(failure, failure),
        scheduled_at=NOW,
        started_at=NOW,
        finished_at=NOW,
        expires_at=NOW + RECORD_RETENTION,
        claim=Claim(token="mine", task="a/task", retry_count=2),
        due="01-20260101T121100",
        sweeps=3,
        steps={"write.it `all`": {"head/line": None}, "draw": 1},
        trace="00-11111111111111111111111111111111-2222222222222222-01",
        erased=Erased(at=NOW, scope="s"),
    )


def create(documents: Documents, each: Record | None = None) -> Stored:
    each = each or record()
    return Stored(each, documents.commit(None, [each]))


def update(documents: Documents, held: Stored, **fields: Any) -> Stored:
    after = held.record.changed(**fields)
    return Stored(after, documents.commit(Update(held, after), []))


def create_list(documents: Documents) -> list[Record]:
    """Creates requests of three tenants. Returns the five of t:clinic, newest first; three have the same time."""
    moments = [NOW + 2 * SECOND, NOW + SECOND, NOW + SECOND, NOW + SECOND, NOW]
    statuses = [Status.QUEUED, Status.COMPLETED, Status.PROCESSING, Status.COMPLETED, Status.FAILED]
    records = [
        record(record_id, created_at=moment, status=status)
        for record_id, moment, status in zip("adcbe", moments, statuses, strict=True)
    ]
    documents.commit(None, [*reversed(records), record("x", tenant="t:other"), record("child", tenant=None)])
    return records


def page(documents: Documents, **query: Any) -> Page:
    return documents.page(**{"tenant": "t:clinic", "status": None, "limit": 10, "after": None, **query})


def ids_of_shard(shard: int, number: int) -> list[str]:
    ids = (f"r{index:04d}" for index in range(1000))
    return [each for each in ids if due_key(each, NOW).startswith(f"{shard:02x}-")][:number]
