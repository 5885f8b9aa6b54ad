"""What a worker does to a request: claims it, reports progress and stores the outcome of the attempt."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from common.json_values import faults, json_bytes, stored_bytes
from common.pipeline.lifecycle.ending import SPENT, end, fail, with_error, with_lost_attempt
from common.pipeline.lifecycle.moves import Move, Transition, Verdict, move, queued_due
from common.pipeline.lifecycle.steps import lasting_steps
from common.pipeline.record import OPEN, Claim, Progress, Record, Status, due_key, is_due
from common.work import JsonObject, JsonValue

CLOCK_SKEW = timedelta(seconds=1)
MAX_SNOOZES = 100
MAX_WORK_BYTES = 256 * 1024
NOT_STORABLE = "The work returned a value that cannot be stored: {}."
TOO_LARGE = f"Steps, progress and result exceed {MAX_WORK_BYTES} bytes together; store large data as assets."


@dataclass(frozen=True)
class Delivery:
    """One delivery, as described by the headers of Cloud Tasks.

    `task` is the full task name, `eta` the schedule time of this delivery, `previous_response` the HTTP status of the
    last delivery that ended.
    """

    task: str
    generation: int
    retry_count: int
    eta: datetime | None = None
    previous_response: int | None = None


def claim(record: Record, delivery: Delivery, *, token: str, lease: timedelta, now: datetime) -> Transition:
    """CLAIMED, BUSY, ENDED, SUPERSEDED, or FAILED when no attempt is left.

    The last attempt fails only after its lease: a reported death may be that of another delivery.
    """
    if record.status not in OPEN:
        return Transition(Verdict.ENDED, record)
    if record.generation != delivery.generation:
        return Transition(Verdict.SUPERSEDED, record)
    taken_over, spent = record.status is Status.PROCESSING, record.attempt >= record.max_attempts
    if taken_over and not (_lease_is_expired(record, now) or (not spent and _holder_is_dead(record, delivery, now))):
        return Transition(Verdict.BUSY, record)
    if spent:
        return fail(with_lost_attempt(record, now), "attempts", SPENT.format(record.max_attempts), now)
    claimed = move(
        with_lost_attempt(record, now),
        Move.TAKE_OVER if taken_over else Move.CLAIM,
        claim=Claim(token=token, task=delivery.task, retry_count=delivery.retry_count, eta=delivery.eta),
        attempt=record.attempt + 1,
        started_at=now,
        due=due_key(record.id, now + lease),
        sweeps=None,
        steps=lasting_steps(record, now),
        progress=None,
    )
    return Transition(Verdict.CLAIMED, claimed)


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
        return fail_permanently(record, "result_not_storable", NOT_STORABLE.format("it must be a JSON object"), now)
    if reason := not_storable(result):
        return fail_permanently(record, "result_not_storable", reason, now)
    if not fits(record, steps=record.steps, result=result):
        return fail_permanently(record, "result_too_large", TOO_LARGE, now)
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
        return fail(after, "attempts", f"{SPENT.format(record.max_attempts)} The last: {message}", now)
    if delay is not None:
        return _reschedule(after, Move.RESCHEDULE, delay, now)
    due = queued_due(record.id, scheduled_at=None, now=now)
    return Transition(Verdict.ATTEMPT_FAILED, move(after, Move.FAIL_ATTEMPT, due=due, scheduled_at=None))


def snooze(record: Record, delay: timedelta, now: datetime) -> Transition:
    """RESCHEDULED without using an attempt. After MAX_SNOOZES, a snooze counts as a failed attempt."""
    if record.snoozes >= MAX_SNOOZES:
        return fail_attempt(record, "snoozes", f"Snoozed more than {MAX_SNOOZES} times.", now, delay=delay)
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


def _lease_is_expired(record: Record, now: datetime) -> bool:
    return record.due is not None and is_due(record.due, now)


def _holder_is_dead(record: Record, delivery: Delivery, now: datetime) -> bool:
    """Whether this delivery proves that the holder's delivery died.

    A worker answers below 500, so a 5xx means that a delivery died. The 5xx may belong to an older delivery: after an
    operator's forced run beside a healthy worker it does. But a forced run keeps the schedule time of the task, while
    a retry is scheduled at the failure plus the backoff: after the holder's schedule time and after its claim.
    """
    held, started_at, eta = record.claim, record.started_at, delivery.eta
    if held is None or started_at is None or eta is None or delivery.previous_response is None:
        return False
    return (
        held.task == delivery.task
        and held.retry_count < delivery.retry_count
        and delivery.previous_response >= 500
        and (held.eta is None or held.eta < eta)
        and started_at + CLOCK_SKEW < eta <= now + CLOCK_SKEW
    )
