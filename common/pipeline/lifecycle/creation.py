"""How the record of a request, or of a notification, is created."""

from datetime import datetime

from common.pipeline.ids import child_ids
from common.pipeline.lifecycle.moves import queued_due
from common.pipeline.record import Parent, Record, Status
from common.work import JsonObject


def submit(
    *,
    record_id: str,
    tenant: str | None,
    owner: str,
    type_name: str,
    work_input: JsonObject,
    max_attempts: int,
    now: datetime,
    run_at: datetime | None = None,
    notify: tuple[JsonObject, ...] | None = None,
    parent: Parent | None = None,
    trace: str | None = None,
    nonce: str | None = None,
    form: str | None = None,
) -> Record:
    """Returns a queued record. A `run_at` in the past means now."""
    scheduled_at = run_at if run_at is not None and run_at > now else None
    return Record(
        id=record_id,
        tenant=tenant,
        owner=owner,
        type=type_name,
        input=work_input,
        run_at=run_at,
        notify=notify or None,
        parent=parent,
        status=Status.QUEUED,
        max_attempts=max_attempts,
        created_at=now,
        scheduled_at=scheduled_at,
        due=queued_due(record_id, scheduled_at=scheduled_at, now=now),
        trace=trace,
        nonce=nonce,
        form=form,
    )


def same_request(stored: Record, submitted: Record) -> bool:
    """Whether a call with the same idempotency key is a replay. Of an older record, the form is unknown."""
    if stored.form is not None and stored.form != submitted.form:
        return False
    return (stored.type, stored.input, stored.run_at, stored.notify) == (
        submitted.type,
        submitted.input,
        submitted.run_at,
        submitted.notify,
    )


def notifications(ended: Record, now: datetime) -> tuple[Record, ...]:
    """Returns one queued record per entry of `notify`. Repeats produce the same ids."""
    return tuple(
        submit(
            record_id=record_id,
            tenant=None,
            owner=ended.owner,
            type_name=str(entry["type"]),
            work_input={name: value for name, value in entry.items() if name != "type"},
            max_attempts=ended.max_attempts,
            now=now,
            parent=Parent(id=ended.id, redrive=ended.redrive, tenant=ended.tenant),
            trace=ended.trace,
            nonce=ended.nonce,  # the id repeats if the parent's key is used again after its deletion
        )
        for record_id, entry in zip(child_ids(ended), ended.notify or (), strict=True)
    )
