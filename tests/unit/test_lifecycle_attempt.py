"""The outcomes of an attempt, and what each one changes in the record."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from common.pipeline.due import due_key
from common.pipeline.lifecycle import (
    TOO_LARGE,
    IllegalTransition,
    Transition,
    Verdict,
    complete,
    fail_attempt,
    fail_permanently,
    fits,
    report,
    snooze,
)
from common.pipeline.record import Failure, Progress, Record, Status
from common.retention import RECORD_RETENTION
from common.work import JsonObject
from tests.unit.builders import FIRST_SWEEP, MINUTE, NOW, processing, record_with, text_of

LATER = NOW + MINUTE
DELAY = 10 * MINUTE


def failure(code: str, message: str, attempt: int = 1) -> Failure:
    return Failure(code=code, message=message, attempt=attempt, started_at=NOW, at=LATER)


def ended(record: Record, status: Status) -> Record:
    return record.changed(status=status, due=None, finished_at=LATER, expires_at=LATER + RECORD_RETENTION)


def test_a_report_changes_progress_and_steps_only() -> None:
    record, progress = processing(), Progress(percent=40, message="drawing")

    assert report(record, progress=progress, steps={"write": 1}) == Transition(
        Verdict.REPORTED, record.changed(progress=progress, steps={"write": 1})
    )


def test_a_result_completes_the_request() -> None:
    record = processing(steps={"write": 1}, progress=Progress(percent=40, message="drawing"))

    assert complete(record, {"done": True}, LATER) == Transition(
        Verdict.COMPLETED, ended(record, Status.COMPLETED).changed(result={"done": True})
    )


def test_a_result_that_is_too_large_fails_the_request() -> None:
    record = processing()
    error = failure("result_too_large", TOO_LARGE)

    assert complete(record, {"text": text_of(kib=256)}, LATER) == Transition(
        Verdict.FAILED, ended(record, Status.FAILED).changed(error=error, errors=(error,))
    )


def test_steps_and_progress_count_towards_the_size_of_a_result() -> None:
    record = processing(steps={"write": text_of(kib=200)}, progress=Progress(percent=40, message="x" * 200))

    assert complete(record, {"text": text_of(kib=50)}, LATER).verdict is Verdict.COMPLETED
    assert complete(record, {"text": text_of(kib=56)}, LATER).verdict is Verdict.FAILED


def test_steps_progress_and_result_have_at_most_256_kib_together() -> None:
    longest = "x" * (256 * 1024 - len('{"a":""}nullnull'))

    assert fits(processing(), steps={"a": longest})
    assert not fits(processing(), steps={"a": longest + "x"})


def test_progress_counts_towards_the_size() -> None:
    full: JsonObject = {"a": "x" * (256 * 1024 - len('{"a":""}nullnull'))}

    assert fits(processing(), steps=full)
    assert not fits(processing(progress=Progress(percent=0, message="")), steps=full)


def test_a_permanent_failure_fails_the_request_although_attempts_are_left() -> None:
    record, error = processing(), failure("no_content", "The input has no content.")

    assert fail_permanently(record, "no_content", "The input has no content.", LATER) == Transition(
        Verdict.FAILED, ended(record, Status.FAILED).changed(error=error, errors=(error,))
    )


def test_a_failed_attempt_returns_the_request_to_the_queue_while_attempts_are_left() -> None:
    record = processing(attempt=2, scheduled_at=NOW, steps={"write": 1})

    assert fail_attempt(record, "busy", "No answer.", LATER) == Transition(
        Verdict.ATTEMPT_FAILED,
        record.changed(
            status=Status.QUEUED,
            errors=(failure("busy", "No answer.", attempt=2),),
            due=due_key("r1", LATER + FIRST_SWEEP),
            scheduled_at=None,
        ),
    )


@pytest.mark.parametrize("delay", [None, DELAY])
def test_the_last_failed_attempt_fails_the_request(delay: timedelta | None) -> None:
    record = processing(attempt=3)

    assert fail_attempt(record, "busy", "No answer.", LATER, delay=delay) == Transition(
        Verdict.FAILED,
        ended(record, Status.FAILED).changed(
            error=failure("attempts", "All 3 attempts failed. The last: No answer.", attempt=3),
            errors=(failure("busy", "No answer.", attempt=3),),
        ),
    )


def test_a_failed_attempt_with_a_delay_counts_and_reschedules_the_request() -> None:
    record = processing(attempt=2, generation=4)

    assert fail_attempt(record, "busy", "No answer.", LATER, delay=DELAY) == Transition(
        Verdict.RESCHEDULED,
        record.changed(
            status=Status.QUEUED,
            generation=5,
            errors=(failure("busy", "No answer.", attempt=2),),
            scheduled_at=LATER + DELAY,
            due=due_key("r1", LATER + DELAY + FIRST_SWEEP),
        ),
    )


def test_a_snooze_reschedules_the_request_and_uses_no_attempt() -> None:
    record = processing(attempt=3, snoozes=99, generation=4, steps={"write": 1})

    assert snooze(record, DELAY, LATER) == Transition(
        Verdict.RESCHEDULED,
        record.changed(
            status=Status.QUEUED,
            generation=5,
            attempt=2,
            snoozes=100,
            scheduled_at=LATER + DELAY,
            due=due_key("r1", LATER + DELAY + FIRST_SWEEP),
        ),
    )


def test_the_101st_snooze_counts_as_a_failed_attempt() -> None:
    record = processing(attempt=1, snoozes=100)

    assert snooze(record, DELAY, LATER) == Transition(
        Verdict.RESCHEDULED,
        record.changed(
            status=Status.QUEUED,
            generation=1,
            errors=(failure("snoozes", "Snoozed more than 100 times."),),
            scheduled_at=LATER + DELAY,
            due=due_key("r1", LATER + DELAY + FIRST_SWEEP),
        ),
    )


def test_the_101st_snooze_in_the_last_attempt_fails_the_request() -> None:
    transition = snooze(processing(attempt=3, snoozes=100), DELAY, LATER)

    assert (transition.verdict, transition.record.error) == (
        Verdict.FAILED,
        failure("attempts", "All 3 attempts failed. The last: Snoozed more than 100 times.", attempt=3),
    )


def test_a_snooze_of_more_than_29_days_is_due_a_day_before_its_end() -> None:
    delay = timedelta(days=60)

    snoozed = snooze(processing(), delay, LATER).record

    assert (snoozed.scheduled_at, snoozed.due) == (LATER + delay, due_key("r1", LATER + timedelta(days=59)))


def test_a_record_keeps_the_ten_newest_errors_in_order() -> None:
    errors = tuple(failure("busy", f"No answer {number}.") for number in range(10))

    after = fail_attempt(processing(errors=errors), "busy", "No answer 10.", LATER).record

    assert after.errors == (*errors[1:], failure("busy", "No answer 10."))


def test_a_long_error_message_is_cut() -> None:
    after = fail_permanently(processing(), "no_content", "ä" * 5000, LATER).record

    error = failure("no_content", "ä" * 4000)
    assert (after.error, after.errors) == (error, (error,))


OUTCOMES: list[Callable[[Record], Transition]] = [
    lambda record: report(record, progress=None, steps=None),
    lambda record: complete(record, {}, LATER),
    lambda record: fail_attempt(record, "busy", "No answer.", LATER),
    lambda record: fail_attempt(record, "busy", "No answer.", LATER, delay=DELAY),
    lambda record: snooze(record, DELAY, LATER),
]


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.PROCESSING])
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_only_a_processing_request_can_have_an_outcome(status: Status, outcome: Callable[[Record], Transition]) -> None:
    with pytest.raises(IllegalTransition):
        outcome(record_with(status))


def test_the_size_of_a_result_is_that_in_firestore_if_it_is_larger() -> None:
    result = {"numbers": [0] * 40_000}  # 80 kB of JSON, 320 kB in Firestore, which needs 8 bytes for a number

    assert complete(processing(), result, LATER).record.error == failure("result_too_large", TOO_LARGE)


@pytest.mark.parametrize(
    ("result", "fault"),
    [
        ("done", "it must be a JSON object"),
        (["done"], "it must be a JSON object"),
        ({"a": [[1]]}, "/a/0 must not be a list within a list"),
        ({"a": float("nan")}, "/a must be a finite number"),
        ({"a": object()}, "/a must be JSON, not a value of type object"),
        ({"": 1}, "/ has a name that is empty, or that begins and ends with '__'"),
    ],
)
def test_a_result_that_firestore_cannot_store_fails_the_request(result: object, fault: str) -> None:
    error = failure("result_not_storable", f"The work returned a value that cannot be stored: {fault}.")

    transition = complete(processing(), result, LATER)

    assert transition.record == ended(processing(), Status.FAILED).changed(error=error, errors=(error,))
