"""What the sweeper does to an overdue request."""

from datetime import datetime

from common.pipeline.lifecycle.ending import fail, with_lost_attempt
from common.pipeline.lifecycle.moves import Move, Transition, Verdict, move
from common.pipeline.lifecycle.timing import queued_due
from common.pipeline.record import OPEN, Record, Status, is_due


def sweep(record: Record, now: datetime) -> Transition:
    """What is overdue: POSTPONED (its task may be gone), RESCUED (its worker is), FAILED, or NOT_DUE."""
    if record.status not in OPEN or record.due is None or not is_due(record.due, now):
        return Transition(Verdict.NOT_DUE, record)
    if record.status is Status.QUEUED:
        sweeps = (record.sweeps or 0) + 1
        due = queued_due(record.id, scheduled_at=record.scheduled_at, now=now, sweeps=sweeps)
        return Transition(Verdict.POSTPONED, move(record, Move.POSTPONE, due=due, sweeps=sweeps))
    after = with_lost_attempt(record, now)
    if record.attempt >= record.max_attempts:
        return fail(after, "lost", "Its last attempt ended without an answer.", now)
    rescued = move(
        after,
        Move.RESCUE,
        generation=record.generation + 1,
        due=queued_due(record.id, scheduled_at=None, now=now),
        scheduled_at=None,
    )
    return Transition(Verdict.RESCUED, rescued)


def renew(record: Record, now: datetime) -> Transition:
    """A new generation, since the task of this one is gone and its name is blocked."""
    due = queued_due(record.id, scheduled_at=record.scheduled_at, now=now, sweeps=record.sweeps or 0)
    return Transition(Verdict.RENEWED, move(record, Move.RENEW, generation=record.generation + 1, due=due))
