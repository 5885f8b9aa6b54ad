"""The one table of legal moves, and what a decision consists of."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from common.pipeline.record import OPEN, Record, Status


class IllegalTransition(Exception):
    """A move that the table does not hold: a bug in the caller."""


class Move(StrEnum):
    CLAIM = "claim"
    TAKE_OVER = "take over"
    REPORT = "report"
    COMPLETE = "complete"
    FAIL = "fail"
    TRY_AGAIN = "try again"
    SNOOZE = "snooze"
    CANCEL = "cancel"
    RETRY = "retry"
    POSTPONE = "postpone"
    RENEW = "renew"
    RESCUE = "rescue"


MOVES: Mapping[Move, tuple[frozenset[Status], Status]] = {
    Move.CLAIM: (frozenset({Status.QUEUED}), Status.PROCESSING),
    Move.TAKE_OVER: (frozenset({Status.PROCESSING}), Status.PROCESSING),
    Move.REPORT: (frozenset({Status.PROCESSING}), Status.PROCESSING),
    Move.COMPLETE: (frozenset({Status.PROCESSING}), Status.COMPLETED),
    Move.FAIL: (OPEN, Status.FAILED),
    Move.TRY_AGAIN: (frozenset({Status.PROCESSING}), Status.QUEUED),
    Move.SNOOZE: (frozenset({Status.PROCESSING}), Status.QUEUED),
    Move.CANCEL: (OPEN, Status.CANCELLED),
    Move.RETRY: (frozenset({Status.FAILED, Status.CANCELLED}), Status.QUEUED),
    Move.POSTPONE: (frozenset({Status.QUEUED}), Status.QUEUED),
    Move.RENEW: (frozenset({Status.QUEUED}), Status.QUEUED),
    Move.RESCUE: (frozenset({Status.PROCESSING}), Status.QUEUED),
}


class Verdict(StrEnum):
    """What a decision came to. What it means to Cloud Tasks or to a caller is said where it is answered."""

    CLAIMED = "claimed"
    BUSY = "busy"
    SUPERSEDED = "superseded"
    MISSING = "missing"
    ENDED = "ended"
    REPORTED = "reported"
    COMPLETED = "completed"
    FAILED = "failed"
    TRY_AGAIN = "try_again"
    PUT_OFF = "put_off"
    CANCELLED = "cancelled"
    RETRIED = "retried"
    STILL_QUEUED = "still_queued"
    EXPIRED = "expired"
    NOT_DUE = "not_due"
    POSTPONED = "postponed"
    RENEWED = "renewed"
    RESCUED = "rescued"


@dataclass(frozen=True)
class Transition:
    """A decision: the record as it should be stored, and what has to be created in the same commit."""

    verdict: Verdict
    record: Record
    children: tuple[Record, ...] = ()


def move(record: Record, name: Move, **changes: Any) -> Record:
    """The record after one legal move. Raises IllegalTransition."""
    sources, target = MOVES[name]
    if record.status not in sources:
        raise IllegalTransition(f"{name} of a {record.status} request")
    return record.changed(status=target, **changes)
