"""What callers do to a request: cancel it, retry it."""

from datetime import datetime

from common.pipeline.lifecycle.ending import end
from common.pipeline.lifecycle.moves import MOVES, Move, Transition, Verdict, move
from common.pipeline.lifecycle.timing import queued_due
from common.pipeline.record import OPEN, Record, Status


def cancel(record: Record, now: datetime) -> Transition:
    """CANCELLED, also when it already was; ENDED if it ended otherwise."""
    if record.status in OPEN:
        return end(record, Move.CANCEL, Verdict.CANCELLED, now)
    return Transition(Verdict.CANCELLED if record.status is Status.CANCELLED else Verdict.ENDED, record)


def retry(record: Record, now: datetime) -> Transition:
    """RETRIED; STILL_QUEUED by an earlier retry; EXPIRED; or ENDED where there is nothing to retry."""
    if record.status is Status.QUEUED and record.redrive > 0:
        return Transition(Verdict.STILL_QUEUED, record)
    if record.status not in MOVES[Move.RETRY][0]:
        return Transition(Verdict.ENDED, record)
    if record.expires_at is not None and now >= record.expires_at:
        return Transition(Verdict.EXPIRED, record)
    kept = record.error is None or record.error.code in {"attempts", "lost"}
    retried = move(
        record,
        Move.RETRY,
        redrive=record.redrive + 1,
        generation=record.generation + 1,
        attempt=0,
        snoozes=0,
        sweeps=None,
        steps=record.steps if kept else None,
        due=queued_due(record.id, scheduled_at=None, now=now),
        **dict.fromkeys(("result", "error", "progress", "started_at", "finished_at", "expires_at", "scheduled_at")),
    )
    return Transition(Verdict.RETRIED, retried)
