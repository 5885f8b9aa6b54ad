"""When a queued request should have been delivered, and whether Cloud Tasks can hold it yet."""

from datetime import datetime, timedelta

from common.pipeline.record import Record, Status, due_key

FIRST_SWEEP = timedelta(seconds=120)
LAST_SWEEP = timedelta(hours=1)
DOUBLINGS = 5  # enough from the first to the last; a timedelta cannot hold 120 s doubled 40 times
TASK_HORIZON = timedelta(days=29)
HORIZON_LEAD = timedelta(days=1)


def needs_task(record: Record, now: datetime) -> bool:
    """Whether Cloud Tasks can hold it already (at most 30 days ahead); else the sweeper brings it in time."""
    return record.status is Status.QUEUED and not _beyond_horizon(record.scheduled_at, now)


def queued_due(record_id: str, *, scheduled_at: datetime | None, now: datetime, sweeps: int = 0) -> str:
    """When a queued request should have been delivered; each sweep doubles the patience, up to an hour."""
    if scheduled_at is not None and _beyond_horizon(scheduled_at, now):
        return due_key(record_id, scheduled_at - HORIZON_LEAD)
    patience = min(FIRST_SWEEP * 2 ** min(sweeps, DOUBLINGS), LAST_SWEEP)
    return due_key(record_id, max(now, scheduled_at or now) + patience)


def _beyond_horizon(scheduled_at: datetime | None, now: datetime) -> bool:
    return scheduled_at is not None and scheduled_at > now + TASK_HORIZON
