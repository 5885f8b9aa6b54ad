"""The one place that makes a terminal write, whoever ends the request, and the notifications that go with it."""

from datetime import datetime, timedelta

from common.pipeline.lifecycle.moves import Move, Transition, Verdict, move
from common.pipeline.lifecycle.submitting import submit
from common.pipeline.record import Failure, Parent, Record, Status, child_id
from common.work import MAX_WORDS, JsonObject

RETENTION = timedelta(days=35)
MAX_ERRORS = 10

SPENT = "All {} attempts failed."


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
    ended = move(record, name, result=result, error=error, due=None, finished_at=now, expires_at=now + RETENTION)
    children = () if name is Move.CANCEL else notifications(ended, now)
    return Transition(verdict, ended, children)


def notifications(ended: Record, now: datetime) -> tuple[Record, ...]:
    """One queued child per entry of `notify`, under the id that a repeat finds again."""
    return tuple(
        submit(
            record_id=child_id(parent=ended.id, redrive=ended.redrive, index=index),
            tenant=None,
            owner=ended.owner,
            type_name=str(entry["type"]),
            given={name: value for name, value in entry.items() if name != "type"},
            max_attempts=ended.max_attempts,
            now=now,
            parent=Parent(id=ended.id, redrive=ended.redrive, tenant=ended.tenant),
            trace=ended.trace,
        )
        for index, entry in enumerate(ended.notify or ())
    )


def with_lost_attempt(record: Record, now: datetime) -> Record:
    if record.status is not Status.PROCESSING:
        return record
    return with_error(record, "lost", "The attempt ended without an answer.", now)


def with_error(record: Record, code: str, message: str, now: datetime) -> Record:
    errors = (*(record.errors or ()), _failure(record, code, message, now))
    return record.changed(errors=errors[-MAX_ERRORS:])


def _failure(record: Record, code: str, message: str, now: datetime) -> Failure:
    return Failure(code=code, message=message[:MAX_WORDS], attempt=record.attempt, started_at=record.started_at, at=now)
