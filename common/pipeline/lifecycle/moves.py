"""The table of legal moves, what a decision returns, and when a queued request is due."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from common.pipeline.due import due_key
from common.pipeline.record import OPEN, Record, Status

FIRST_SWEEP = timedelta(seconds=120)
LAST_SWEEP = timedelta(hours=1)
DOUBLINGS = 5  # enough to reach LAST_SWEEP; 120 s doubled 40 times would overflow a timedelta
TASK_HORIZON = timedelta(days=29)
HORIZON_LEAD = timedelta(days=1)


class IllegalTransition(Exception):
    """A move that is not in the table: a bug in the calling code."""


class Move(StrEnum):
    CLAIM = "claim"
    TAKE_OVER = "take over"
    REPORT = "report"
    OBSERVE = "observe"
    COMPLETE = "complete"
    FAIL = "fail"
    FAIL_ATTEMPT = "fail attempt"
    RESCHEDULE = "reschedule"
    SNOOZE = "snooze"
    CANCEL = "cancel"
    REDRIVE = "redrive"
    POSTPONE = "postpone"
    RENEW = "renew"
    RESCUE = "rescue"


MOVES: Mapping[Move, tuple[frozenset[Status], Status]] = {
    Move.CLAIM: (frozenset({Status.QUEUED}), Status.PROCESSING),
    Move.TAKE_OVER: (frozenset({Status.PROCESSING}), Status.PROCESSING),
    Move.REPORT: (frozenset({Status.PROCESSING}), Status.PROCESSING),
    Move.OBSERVE: (frozenset({Status.PROCESSING}), Status.PROCESSING),
    Move.COMPLETE: (frozenset({Status.PROCESSING}), Status.COMPLETED),
    Move.FAIL: (OPEN, Status.FAILED),
    Move.FAIL_ATTEMPT: (frozenset({Status.PROCESSING}), Status.QUEUED),
    Move.RESCHEDULE: (frozenset({Status.PROCESSING}), Status.QUEUED),
    Move.SNOOZE: (frozenset({Status.PROCESSING}), Status.QUEUED),
    Move.CANCEL: (OPEN, Status.CANCELLED),
    Move.REDRIVE: (frozenset({Status.FAILED, Status.CANCELLED}), Status.QUEUED),
    Move.POSTPONE: (frozenset({Status.QUEUED}), Status.QUEUED),
    Move.RENEW: (frozenset({Status.QUEUED}), Status.QUEUED),
    Move.RESCUE: (frozenset({Status.PROCESSING}), Status.QUEUED),
}


class Verdict(StrEnum):
    """The result of a decision. `functions.http.process` maps each to an answer for Cloud Tasks."""

    CLAIMED = "claimed"
    BUSY = "busy"
    UNSETTLED = "unsettled"
    SUPERSEDED = "superseded"
    MISSING = "missing"
    ENDED = "ended"
    REPORTED = "reported"
    COMPLETED = "completed"
    FAILED = "failed"
    ATTEMPT_FAILED = "attempt_failed"
    RESCHEDULED = "rescheduled"
    CANCELLED = "cancelled"
    REDRIVEN = "redriven"
    ALREADY_REDRIVEN = "already_redriven"
    ANOTHER_REDRIVE = "another_redrive"
    EXPIRED = "expired"
    NOT_DUE = "not_due"
    POSTPONED = "postponed"
    RENEWED = "renewed"
    RESCUED = "rescued"
    ERASED = "erased"
    STILL_OPEN = "still_open"


@dataclass(frozen=True)
class Transition:
    """A decision: the record to store, and the notifications to create in the same commit."""

    verdict: Verdict
    record: Record
    children: tuple[Record, ...] = ()


def move(record: Record, name: Move, **changes: Any) -> Record:
    """Returns the record after one legal move. Raises IllegalTransition.

    Evidence of deaths belongs to one claim: every move by which the claim changes or ends drops it.
    """
    sources, target = MOVES[name]
    if record.status not in sources or record.erased is not None:
        raise IllegalTransition(f"{name} of a {'tombstone' if record.erased else f'{record.status} request'}")
    kept = (
        {}
        if name in {Move.REPORT, Move.OBSERVE}
        else dict.fromkeys(("reported", "reported_eta", "reported_by", "idle"))
    )
    return record.changed(status=target, **{**kept, **changes})


def needs_task(record: Record, now: datetime) -> bool:
    """Whether to create a task now: Cloud Tasks refuses times beyond 30 days, and the sweeper enqueues those later."""
    return record.status is Status.QUEUED and not _is_beyond_horizon(record.scheduled_at, now)


def queued_due(record_id: str, *, scheduled_at: datetime | None, now: datetime, sweeps: int = 0) -> str:
    """Returns the `due` of a queued request: when the sweeper checks it. Each sweep doubles the wait, up to an hour."""
    if scheduled_at is not None and _is_beyond_horizon(scheduled_at, now):
        return due_key(record_id, scheduled_at - HORIZON_LEAD)
    wait = min(FIRST_SWEEP * 2 ** min(sweeps, DOUBLINGS), LAST_SWEEP)
    return due_key(record_id, max(now, scheduled_at or now) + wait)


def _is_beyond_horizon(scheduled_at: datetime | None, now: datetime) -> bool:
    return scheduled_at is not None and scheduled_at > now + TASK_HORIZON
