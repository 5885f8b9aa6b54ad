"""How a request ends. Every terminal write is made in `end`, together with the notifications of that end."""

from datetime import datetime

from common.pipeline.lifecycle.creation import notifications
from common.pipeline.lifecycle.moves import Move, Transition, Verdict, move
from common.pipeline.lifecycle.steps import lasting_steps
from common.pipeline.record import OPEN, Failure, Record, Status
from common.retention import RECORD_RETENTION
from common.work import MAX_MESSAGE_CHARACTERS, FailureCode, JsonObject

MAX_ERRORS = 10

SPENT = "All {} attempts failed."


def cancel(record: Record, now: datetime, *, redrive: int | None = None) -> Transition:
    """CANCELLED, also for a request that is cancelled already; ENDED if it completed or failed.

    ANOTHER_REDRIVE if the request is no longer, or not yet, at the given redrive.
    """
    if redrive not in {None, record.redrive}:
        return Transition(Verdict.ANOTHER_REDRIVE, record)
    if record.status in OPEN:
        return end(record, Move.CANCEL, Verdict.CANCELLED, now)
    return Transition(Verdict.CANCELLED if record.status is Status.CANCELLED else Verdict.ENDED, record)


def fail(record: Record, code: str, message: str, now: datetime) -> Transition:
    return end(record, Move.FAIL, Verdict.FAILED, now, error=_failure(record, code, message, now))


def end(
    record: Record,
    name: Move,
    verdict: Verdict,
    now: datetime,
    *,
    result: JsonObject | None = None,
    error: Failure | None = None,
) -> Transition:
    ended = move(
        record,
        name,
        steps=lasting_steps(record, now),
        result=result,
        error=error,
        due=None,
        finished_at=now,
        expires_at=now + RECORD_RETENTION,
    )
    children = () if name is Move.CANCEL else notifications(ended, now)
    return Transition(verdict, ended, children)


def with_lost_attempt(record: Record, now: datetime) -> Record:
    if record.status is not Status.PROCESSING:
        return record
    return with_error(record, FailureCode.LOST, "The attempt ended without an answer.", now)


def with_error(record: Record, code: str, message: str, now: datetime) -> Record:
    errors = (*(record.errors or ()), _failure(record, code, message, now))
    return record.changed(errors=errors[-MAX_ERRORS:])


def _failure(record: Record, code: str, message: str, now: datetime) -> Failure:
    return Failure(
        code=code,
        message=message[:MAX_MESSAGE_CHARACTERS],
        attempt=record.attempt,
        started_at=record.started_at,
        at=now,
    )
