"""What brings a request back to `queued`: a person's redrive, or the sweeper."""

from datetime import datetime, timedelta

from common.pipeline.due import is_due
from common.pipeline.lifecycle.ending import fail, with_lost_attempt
from common.pipeline.lifecycle.moves import MOVES, Move, Transition, Verdict, move, queued_due
from common.pipeline.lifecycle.steps import lasting_steps
from common.pipeline.record import OPEN, Record, Status, waiting_since
from common.work import DEAD_LETTERS, FailureCode

WITHDRAWN_AFTER = timedelta(days=3)
"""How long a request of an unknown type waits for a release that knows it, for example during a roll-back."""
WITHDRAWN = "Requests of this type are no longer processed."


def latest_end(record: Record) -> int:
    """Returns the redrive that a caller who names none has seen end: the last one, if the next is queued already."""
    return record.redrive - 1 if record.status is Status.QUEUED and record.redrive > 0 else record.redrive


def redrive(record: Record, now: datetime, *, seen: int, nonce: str) -> Transition:
    """REDRIVEN; EXPIRED; or ENDED if the request cannot be redriven.

    `seen` is the redrive that the caller saw end. ALREADY_REDRIVEN if a later one exists, in any status;
    ANOTHER_REDRIVE if the request has never been at `seen`.
    """
    if record.erased is not None:
        return Transition(Verdict.ENDED, record)
    if record.redrive != seen:
        return Transition(Verdict.ALREADY_REDRIVEN if record.redrive > seen else Verdict.ANOTHER_REDRIVE, record)
    if record.status not in MOVES[Move.REDRIVE][0]:
        return Transition(Verdict.ENDED, record)
    if record.expires_at is not None and now >= record.expires_at:
        return Transition(Verdict.EXPIRED, record)
    keep_steps = record.error is None or record.error.code in DEAD_LETTERS | {FailureCode.WITHDRAWN}
    redriven = move(
        record,
        Move.REDRIVE,
        redrive=record.redrive + 1,
        redriven_at=now,
        nonce=nonce,
        generation=record.generation + 1,
        attempt=0,
        snoozes=0,
        sweeps=None,
        steps=lasting_steps(record, now) if keep_steps else None,
        due=queued_due(record.id, scheduled_at=None, now=now),
        **dict.fromkeys(("result", "error", "progress", "started_at", "finished_at", "expires_at", "scheduled_at")),
    )
    return Transition(Verdict.REDRIVEN, redriven)


def sweep(record: Record, now: datetime) -> Transition:
    """Decides on an overdue request: POSTPONED if queued, RESCUED or FAILED if its worker died, else NOT_DUE."""
    if record.status not in OPEN or record.due is None or not is_due(record.due, now):
        return Transition(Verdict.NOT_DUE, record)
    if record.status is Status.QUEUED:
        sweeps = (record.sweeps or 0) + 1
        due = queued_due(record.id, scheduled_at=record.scheduled_at, now=now, sweeps=sweeps)
        return Transition(Verdict.POSTPONED, move(record, Move.POSTPONE, due=due, sweeps=sweeps))
    if record.idle:
        return _rescue(record.changed(attempt=record.attempt - 1), now)
    after = with_lost_attempt(record, now)
    if record.attempt >= record.max_attempts:
        return fail(after, FailureCode.LOST, "Its last attempt ended without an answer.", now)
    return _rescue(after, now)


def _rescue(record: Record, now: datetime) -> Transition:
    rescued = move(
        record,
        Move.RESCUE,
        generation=record.generation + 1,
        due=queued_due(record.id, scheduled_at=None, now=now),
        scheduled_at=None,
    )
    return Transition(Verdict.RESCUED, rescued)


def sweep_unknown_type(record: Record, now: datetime) -> Transition:
    """As `sweep`, for a type that this release does not know; FAILED after WITHDRAWN_AFTER."""
    swept = sweep(record, now)
    if swept.verdict in {Verdict.NOT_DUE, Verdict.FAILED} or now < waiting_since(record) + WITHDRAWN_AFTER:
        return swept
    after = record.changed(attempt=record.attempt - 1) if record.idle else with_lost_attempt(record, now)
    return fail(after, FailureCode.WITHDRAWN, WITHDRAWN, now)


def renew(record: Record, now: datetime) -> Transition:
    """RENEWED: a new generation, because the task of this one is gone and its name stays blocked."""
    due = queued_due(record.id, scheduled_at=record.scheduled_at, now=now, sweeps=record.sweeps or 0)
    return Transition(Verdict.RENEWED, move(record, Move.RENEW, generation=record.generation + 1, due=due))
