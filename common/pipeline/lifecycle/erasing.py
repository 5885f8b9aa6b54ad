"""How an ended request is erased: its record becomes a tombstone, a record without content.

A tombstone keeps the id, so a replay cannot run again and a late write of a worker is refused. The fields that it keeps
are listed here, so a new field is erased unless it is added.
"""

from datetime import datetime
from typing import Self

from common.pipeline.ids import erased_scope, purge_id
from common.pipeline.lifecycle.creation import submit
from common.pipeline.lifecycle.moves import Transition, Verdict
from common.pipeline.record import OPEN, Erased, Record
from common.work import WorkInput

PURGE = "purge"
KEPT = frozenset(
    {
        "id",
        "type",
        "status",
        "redrive",
        "generation",
        "attempt",
        "max_attempts",
        "snoozes",
        "created_at",
        "started_at",
        "finished_at",
        "expires_at",
        "schema_version",
    }
)


class Traces(WorkInput):
    """What an erased request can have left: the names of its tasks, its notifications and its files follow from it."""

    id: str
    type: str
    generation: int
    redrive: int
    notify: int

    @classmethod
    def of(cls, record: Record) -> Self:
        return cls(
            id=record.id,
            type=record.type,
            generation=record.generation,
            redrive=record.redrive,
            notify=len(record.notify or ()),
        )


def erase(record: Record, now: datetime, *, purge: Record | None = None) -> Transition:
    """ERASED, also for a tombstone; STILL_OPEN for an open request. `purge` is created in the same commit."""
    if record.status in OPEN:
        return Transition(Verdict.STILL_OPEN, record)
    if record.erased is not None:
        return Transition(Verdict.ERASED, record)
    tenant = record.parent.tenant if record.parent else record.tenant
    tombstone = Record(
        **{name: getattr(record, name) for name in KEPT},
        owner="",
        input={},
        erased=Erased(at=now, scope=erased_scope(record_id=record.id, tenant=tenant)),
    )
    return Transition(Verdict.ERASED, tombstone, () if purge is None else (purge,))


def purge_of(record: Record, *, max_attempts: int, now: datetime, run_at: datetime | None = None) -> Record:
    """Returns the queued request that removes the traces of a record. It contains nothing that a caller sent."""
    return submit(
        record_id=purge_id(record),
        tenant=None,
        owner="",
        type_name=PURGE,
        work_input=Traces.of(record).model_dump(),
        max_attempts=max_attempts,
        now=now,
        run_at=run_at,
    )
