"""What a worker does to a request: claim it, report, and come to an outcome."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from common.pipeline.lifecycle.ending import SPENT, end, fail, with_error, with_lost_attempt
from common.pipeline.lifecycle.moves import Move, Transition, Verdict, move
from common.pipeline.lifecycle.timing import queued_due
from common.pipeline.record import OPEN, Claim, Progress, Record, Status, due_key, is_due, json_bytes
from common.storable import fault_in, stored_bytes
from common.work import JsonObject, JsonValue

CLOCK_SKEW = timedelta(seconds=1)
MAX_SNOOZES = 100
MAX_WORK_BYTES = 256 * 1024
NOT_STORABLE = "The work returned what cannot be stored: {}."
TOO_LARGE = f"Steps, progress and result exceed {MAX_WORK_BYTES} bytes together; store large data as assets."


@dataclass(frozen=True)
class Delivery:
    """What Cloud Tasks says of one delivery.

    `task` is the full name, `eta` the time that this delivery was scheduled for, `previous_response` the HTTP status of
    the last one that ended.
    """

    task: str
    generation: int
    retry_count: int
    eta: datetime | None = None
    previous_response: int | None = None


def claim(record: Record, delivery: Delivery, *, token: str, lease: timedelta, now: datetime) -> Transition:
    """CLAIMED, BUSY, ENDED, SUPERSEDED, or FAILED when the budget is spent.

    The last attempt is given up only when its lease is over: a death that was told may have been another delivery's.
    """
    if record.status not in OPEN:
        return Transition(Verdict.ENDED, record)
    if record.generation != delivery.generation:
        return Transition(Verdict.SUPERSEDED, record)
    taken_over, spent = record.status is Status.PROCESSING, record.attempt >= record.max_attempts
    if taken_over and not (_lease_is_over(record, now) or (not spent and _holder_died(record, delivery, now))):
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
        progress=None,
    )
    return Transition(Verdict.CLAIMED, claimed)


def report(record: Record, *, progress: Progress | None, steps: JsonObject | None) -> Transition:
    """Progress and finished steps of the attempt that holds it."""
    return Transition(Verdict.REPORTED, move(record, Move.REPORT, progress=progress, steps=steps))


def fits(record: Record, *, steps: JsonObject | None, result: JsonValue = None) -> bool:
    """Whether what the work wants to store leaves the record room to end."""
    progress = record.progress.model_dump() if record.progress else None
    parts = (steps or {}, progress, result)
    return max(sum(map(json_bytes, parts)), sum(map(stored_bytes, parts))) <= MAX_WORK_BYTES


def complete(record: Record, result: object, now: datetime) -> Transition:
    """COMPLETED, or FAILED when the result cannot be stored or is too large."""
    if not isinstance(result, dict):
        return fail_for_good(record, "result_not_storable", NOT_STORABLE.format("no JSON object"), now)
    if fault := fault_in(result):
        return fail_for_good(record, "result_not_storable", NOT_STORABLE.format(fault), now)
    if not fits(record, steps=record.steps, result=result):
        return fail_for_good(record, "result_too_large", TOO_LARGE, now)
    return end(record, Move.COMPLETE, Verdict.COMPLETED, now, result=result)


def fail_for_good(record: Record, code: str, message: str, now: datetime) -> Transition:
    """The work said that trying again cannot help."""
    return fail(with_error(record, code, message, now), code, message, now)


def try_again(record: Record, code: str, message: str, now: datetime, *, delay: timedelta | None = None) -> Transition:
    """TRY_AGAIN while budget is left, else FAILED. With a delay a new task is needed, and the verdict is PUT_OFF."""
    after = with_error(record, code, message, now)
    if record.attempt >= record.max_attempts:
        return fail(after, "attempts", f"{SPENT.format(record.max_attempts)} The last: {message}", now)
    if delay is not None:
        return _put_off(after, delay, now)
    due = queued_due(record.id, scheduled_at=None, now=now)
    return Transition(Verdict.TRY_AGAIN, move(after, Move.TRY_AGAIN, due=due, scheduled_at=None))


def snooze(record: Record, delay: timedelta, now: datetime) -> Transition:
    """PUT_OFF with the attempt given back; the 101st one counts as a failed attempt."""
    if record.snoozes >= MAX_SNOOZES:
        return try_again(record, "snoozes", f"Snoozed more than {MAX_SNOOZES} times.", now, delay=delay)
    return _put_off(record.changed(attempt=record.attempt - 1, snoozes=record.snoozes + 1), delay, now)


def _put_off(record: Record, delay: timedelta, now: datetime) -> Transition:
    at = now + delay
    put_off = move(
        record,
        Move.SNOOZE,
        generation=record.generation + 1,
        scheduled_at=at,
        due=queued_due(record.id, scheduled_at=at, now=now),
    )
    return Transition(Verdict.PUT_OFF, put_off)


def _lease_is_over(record: Record, now: datetime) -> bool:
    return record.due is not None and is_due(record.due, now)


def _holder_died(record: Record, delivery: Delivery, now: datetime) -> bool:
    """Whether Cloud Tasks repeats the very delivery that held it, because that died.

    A worker answers below 500, so a 5xx means that a delivery died. It may be that of an older delivery: an operator's
    forced run beside a healthy worker tells of it too. But that keeps the schedule time that the task had, while a
    repeat is scheduled for the moment of the failure plus the backoff: later than the holder's own schedule time, after
    the claim, and it comes no earlier.
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
