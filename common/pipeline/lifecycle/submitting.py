"""How a request, or the notification of one, comes into being."""

from datetime import datetime

from common.pipeline.lifecycle.timing import queued_due
from common.pipeline.record import Parent, Record, Status
from common.work import JsonObject


def submit(
    *,
    record_id: str,
    tenant: str | None,
    owner: str,
    type_name: str,
    given: JsonObject,
    max_attempts: int,
    now: datetime,
    run_at: datetime | None = None,
    notify: tuple[JsonObject, ...] | None = None,
    parent: Parent | None = None,
    trace: str | None = None,
) -> Record:
    """A new request. A `run_at` in the past means now."""
    scheduled_at = run_at if run_at is not None and run_at > now else None
    return Record(
        id=record_id,
        tenant=tenant,
        owner=owner,
        type=type_name,
        input=given,
        run_at=run_at,
        notify=notify or None,
        parent=parent,
        status=Status.QUEUED,
        max_attempts=max_attempts,
        created_at=now,
        scheduled_at=scheduled_at,
        due=queued_due(record_id, scheduled_at=scheduled_at, now=now),
        trace=trace,
    )


def same_request(stored: Record, asked: Record) -> bool:
    """Whether a key was used for the same thing again."""
    return (stored.type, stored.input, stored.run_at, stored.notify) == (
        asked.type,
        asked.input,
        asked.run_at,
        asked.notify,
    )
