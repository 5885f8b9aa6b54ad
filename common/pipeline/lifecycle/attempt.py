"""What a worker does to a request: claims it, reports progress and stores the outcome of the attempt."""

from datetime import datetime, timedelta

from common.json_values import faults, json_bytes, stored_bytes
from common.pipeline.lifecycle.ending import SPENT, end, fail, with_error
from common.pipeline.lifecycle.moves import Move, Transition, Verdict, move, queued_due
from common.pipeline.record import Progress, Record
from common.work import FailureCode, JsonObject, JsonValue

MAX_SNOOZES = 100
MAX_WORK_BYTES = 256 * 1024
NOT_STORABLE = "The work returned a value that cannot be stored: {}."
TOO_LARGE = f"Steps, progress and result exceed {MAX_WORK_BYTES} bytes together; store large data as assets."


def report(record: Record, *, progress: Progress | None, steps: JsonObject | None) -> Transition:
    """REPORTED: progress and finished steps of the running attempt."""
    return Transition(Verdict.REPORTED, move(record, Move.REPORT, progress=progress, steps=steps))


def fits(record: Record, *, steps: JsonObject | None, result: JsonValue = None) -> bool:
    """Whether steps, progress and result are small enough for the record to be able to end."""
    progress = record.progress.model_dump() if record.progress else None
    parts = (steps or {}, progress, result)
    return max(sum(map(json_bytes, parts)), sum(map(stored_bytes, parts))) <= MAX_WORK_BYTES


def not_storable(value: JsonValue) -> str | None:
    """Returns the message about a value that cannot be stored, or None."""
    fault = next(faults(value), None)
    return NOT_STORABLE.format(f"{fault.pointer or '/'} {fault.message}") if fault else None


def complete(record: Record, result: object, now: datetime) -> Transition:
    """COMPLETED, or FAILED when the result cannot be stored or is too large."""
    if not isinstance(result, dict):
        return fail_permanently(
            record, FailureCode.RESULT_NOT_STORABLE, NOT_STORABLE.format("it must be a JSON object"), now
        )
    if reason := not_storable(result):
        return fail_permanently(record, FailureCode.RESULT_NOT_STORABLE, reason, now)
    if not fits(record, steps=record.steps, result=result):
        return fail_permanently(record, FailureCode.RESULT_TOO_LARGE, TOO_LARGE, now)
    return end(record, Move.COMPLETE, Verdict.COMPLETED, now, result=result)


def fail_permanently(record: Record, code: str, message: str, now: datetime) -> Transition:
    """FAILED: the work raised PermanentFailure."""
    return fail(with_error(record, code, message, now), code, message, now)


def fail_attempt(
    record: Record, code: str, message: str, now: datetime, *, delay: timedelta | None = None
) -> Transition:
    """FAILED if no attempt is left; RESCHEDULED, with a new task, if a delay is given; else ATTEMPT_FAILED."""
    after = with_error(record, code, message, now)
    if record.attempt >= record.max_attempts:
        return fail(after, FailureCode.ATTEMPTS, f"{SPENT.format(record.max_attempts)} The last: {message}", now)
    if delay is not None:
        return _reschedule(after, Move.RESCHEDULE, delay, now)
    due = queued_due(record.id, scheduled_at=None, now=now)
    return Transition(Verdict.ATTEMPT_FAILED, move(after, Move.FAIL_ATTEMPT, due=due, scheduled_at=None))


def snooze(record: Record, delay: timedelta, now: datetime) -> Transition:
    """RESCHEDULED without using an attempt. After MAX_SNOOZES, a snooze counts as a failed attempt."""
    if record.snoozes >= MAX_SNOOZES:
        return fail_attempt(record, FailureCode.SNOOZES, f"Snoozed more than {MAX_SNOOZES} times.", now, delay=delay)
    uncounted = record.changed(attempt=record.attempt - 1, snoozes=record.snoozes + 1)
    return _reschedule(uncounted, Move.SNOOZE, delay, now)


def _reschedule(record: Record, name: Move, delay: timedelta, now: datetime) -> Transition:
    at = now + delay
    rescheduled = move(
        record,
        name,
        generation=record.generation + 1,
        scheduled_at=at,
        due=queued_due(record.id, scheduled_at=at, now=now),
    )
    return Transition(Verdict.RESCHEDULED, rescheduled)
