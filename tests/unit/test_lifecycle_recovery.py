"""How a request returns to the queue: by a redrive, or by the sweeper."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from common.pipeline.due import due_key
from common.pipeline.lifecycle import Transition, Verdict, latest_end, redrive, renew, sweep, sweep_unknown_type
from common.pipeline.record import Failure, Progress, Record, Status
from common.retention import RECORD_RETENTION
from tests.unit.builders import CLAIM, FIRST_SWEEP, LEASE, MINUTE, NOW, SECOND, ended, processing, queued, record_with

LATER = NOW + MINUTE
DUE = NOW + FIRST_SWEEP
LEASE_END = NOW + LEASE
LOST = Failure(code="lost", message="The attempt ended without an answer.", attempt=1, started_at=NOW, at=LEASE_END)
STEPS = {"write": 1}


def due(moment: datetime) -> str:
    return due_key("r1", moment)


def failed(code: str, **fields: Any) -> Record:
    error = Failure(code=code, message="It did not work.", attempt=3, at=NOW)
    return ended(Status.FAILED, attempt=3, error=error, **fields)


def test_a_redriven_request_is_as_new_but_for_its_generation_and_its_errors() -> None:
    notify = ({"type": "email", "to": "ann@clinic.example"},)
    errors = (Failure(code="permanent", message="It did not work.", attempt=3, at=NOW),)
    record = failed(
        "permanent",
        redrive=1,
        generation=4,
        snoozes=5,
        sweeps=2,
        steps=STEPS,
        progress=Progress(percent=40, message="drawing"),
        result={"done": False},
        errors=errors,
        scheduled_at=NOW,
        run_at=NOW,
        notify=notify,
        nonce="old",
        form="single",
    )

    assert redrive(record, LATER, seen=record.redrive, nonce="new") == Transition(
        Verdict.REDRIVEN,
        queued(
            redrive=2, nonce="new", generation=5, claim=CLAIM, errors=errors, run_at=NOW, notify=notify, form="single"
        ).changed(due=due(LATER + FIRST_SWEEP), redriven_at=LATER),
    )


@pytest.mark.parametrize(
    "record",
    [ended(Status.COMPLETED), queued(), queued(redrive=1), processing(redrive=1)],
    ids=["completed", "queued, never redriven", "queued", "processing"],
)
def test_only_a_failed_or_cancelled_request_can_be_redriven(record: Record) -> None:
    assert redrive(record, LATER, seen=record.redrive, nonce="new") == Transition(Verdict.ENDED, record)


@pytest.mark.parametrize("status", Status)
def test_a_repeated_redrive_changes_nothing_in_any_status(status: Status) -> None:
    record = record_with(status, redrive=2)

    for seen in (0, 1):
        assert redrive(record, LATER, seen=seen, nonce="new") == Transition(Verdict.ALREADY_REDRIVEN, record)


@pytest.mark.parametrize("status", Status)
def test_a_request_cannot_be_redriven_from_a_redrive_that_it_never_reached(status: Status) -> None:
    record = record_with(status, redrive=2)

    assert redrive(record, LATER, seen=3, nonce="new") == Transition(Verdict.ANOTHER_REDRIVE, record)


@pytest.mark.parametrize(
    ("record", "seen"),
    [
        (queued(), 0),
        (queued(redrive=2), 1),
        (processing(redrive=2), 2),
        (ended(Status.FAILED, redrive=2), 2),
        (ended(Status.COMPLETED, redrive=2), 2),
    ],
)
def test_a_caller_who_names_no_redrive_has_seen_the_end_before_a_queued_redrive(record: Record, seen: int) -> None:
    assert latest_end(record) == seen


@pytest.mark.parametrize("record", [failed("attempts"), ended(Status.CANCELLED)], ids=["failed", "cancelled"])
def test_a_request_past_its_retention_cannot_be_redriven(record: Record) -> None:
    assert redrive(record, NOW + RECORD_RETENTION, seen=0, nonce="new") == Transition(Verdict.EXPIRED, record)
    assert redrive(record, NOW + RECORD_RETENTION - SECOND, seen=0, nonce="new").verdict is Verdict.REDRIVEN


@pytest.mark.parametrize(
    "record",
    [
        failed("attempts", steps=STEPS),
        failed("lost", steps=STEPS),
        failed("withdrawn", steps=STEPS),
        ended(Status.CANCELLED, steps=STEPS),
    ],
    ids=["attempts", "lost", "withdrawn", "cancelled"],
)
def test_a_redrive_keeps_the_finished_steps(record: Record) -> None:
    assert redrive(record, LATER, seen=record.redrive, nonce="new").record.steps == STEPS


@pytest.mark.parametrize("code", ["permanent", "result_too_large", "no_content"])
def test_a_redrive_after_a_permanent_failure_clears_the_steps(code: str) -> None:
    assert redrive(failed(code, steps=STEPS), LATER, seen=0, nonce="new").record.steps is None


def test_an_overdue_queued_request_is_postponed_by_four_minutes() -> None:
    record = queued()

    assert sweep(record, DUE) == Transition(Verdict.POSTPONED, record.changed(due=due(DUE + 4 * MINUTE), sweeps=1))


@pytest.mark.parametrize(("sweeps", "minutes"), [(1, 8), (2, 16), (3, 32), (4, 60), (5, 60), (40, 60), (100_000, 60)])
def test_each_sweep_doubles_the_wait_up_to_an_hour(sweeps: int, minutes: int) -> None:
    record = queued(sweeps=sweeps)

    assert sweep(record, DUE) == Transition(
        Verdict.POSTPONED, record.changed(due=due(DUE + minutes * MINUTE), sweeps=sweeps + 1)
    )


def test_a_request_found_a_day_before_its_start_time_is_postponed_until_after_it() -> None:
    scheduled_at = NOW + timedelta(days=60)
    found_at = scheduled_at - timedelta(days=1)
    record = queued(scheduled_at=scheduled_at).changed(due=due(found_at))

    assert sweep(record, found_at) == Transition(
        Verdict.POSTPONED, record.changed(due=due(scheduled_at + 4 * MINUTE), sweeps=1)
    )


def test_a_request_is_rescued_under_a_new_task_after_its_lease_has_expired() -> None:
    record = processing(generation=4, scheduled_at=NOW, steps=STEPS)

    assert sweep(record, LEASE_END) == Transition(
        Verdict.RESCUED,
        record.changed(
            status=Status.QUEUED,
            generation=5,
            errors=(LOST,),
            scheduled_at=None,
            due=due(LEASE_END + FIRST_SWEEP),
        ),
    )


@pytest.mark.parametrize("attempt", [1, 3])
def test_a_rescue_gives_the_attempt_of_an_idle_holder_back(attempt: int) -> None:
    transition = sweep(processing(attempt=attempt, idle=True), LEASE_END)

    after = transition.record
    assert transition.verdict is Verdict.RESCUED
    assert (after.status, after.attempt, after.errors, after.idle) == (Status.QUEUED, attempt - 1, None, None)


def test_a_request_fails_as_lost_after_the_lease_of_its_last_attempt_has_expired() -> None:
    record = processing(attempt=3)
    message = "Its last attempt ended without an answer."

    assert sweep(record, LEASE_END) == Transition(
        Verdict.FAILED,
        record.changed(
            status=Status.FAILED,
            error=Failure(code="lost", message=message, attempt=3, started_at=NOW, at=LEASE_END),
            errors=(LOST.model_copy(update={"attempt": 3}),),
            due=None,
            finished_at=LEASE_END,
            expires_at=LEASE_END + RECORD_RETENTION,
        ),
    )


@pytest.mark.parametrize(
    ("record", "now"),
    [
        (queued(), DUE - SECOND),
        (processing(), LEASE_END - SECOND),
        (ended(Status.COMPLETED), LEASE_END),
        (ended(Status.FAILED, due=due(NOW)), LEASE_END),
        (queued().changed(due=None), LEASE_END),
    ],
    ids=["queued", "processing", "ended", "ended with a due", "without a due"],
)
def test_a_request_that_is_not_overdue_is_not_swept(record: Record, now: datetime) -> None:
    assert sweep(record, now) == Transition(Verdict.NOT_DUE, record)


@pytest.mark.parametrize(("sweeps", "minutes"), [(None, 2), (3, 16)])
def test_a_renewed_request_has_a_new_generation_and_the_same_wait(sweeps: int | None, minutes: int) -> None:
    record = queued(generation=4, sweeps=sweeps)

    assert renew(record, DUE) == Transition(
        Verdict.RENEWED, record.changed(generation=5, due=due(DUE + minutes * MINUTE))
    )


def test_a_renewed_request_is_due_after_its_start_time() -> None:
    scheduled_at = DUE + timedelta(hours=1)
    record = queued(scheduled_at=scheduled_at)

    assert renew(record, DUE) == Transition(
        Verdict.RENEWED, record.changed(generation=1, due=due(scheduled_at + FIRST_SWEEP))
    )


THREE_DAYS = timedelta(days=3)
AGES_AGO = NOW - timedelta(days=300)


@pytest.mark.parametrize(
    "record",
    [
        queued(),
        queued(created_at=AGES_AGO, run_at=NOW),
        queued(created_at=AGES_AGO, run_at=AGES_AGO, scheduled_at=NOW),
        queued(created_at=AGES_AGO, run_at=NOW + timedelta(days=90), redrive=1, redriven_at=NOW),
        queued(created_at=AGES_AGO, started_at=NOW),
        processing(created_at=AGES_AGO),
    ],
    ids=["created", "requested start", "rescheduled", "redriven", "failed attempt", "processing"],
)
def test_a_request_of_an_unknown_type_is_swept_as_usual_and_fails_after_three_days(record: Record) -> None:
    before, after = NOW + THREE_DAYS - SECOND, NOW + THREE_DAYS
    errors = {} if record.status is Status.QUEUED else {"errors": sweep(record, after).record.errors}

    assert sweep_unknown_type(record, before) == sweep(record, before)
    assert sweep_unknown_type(record, after) == Transition(
        Verdict.FAILED,
        record.changed(
            status=Status.FAILED,
            error=Failure(
                code="withdrawn",
                message="Requests of this type are no longer processed.",
                attempt=record.attempt,
                started_at=record.started_at,
                at=after,
            ),
            due=None,
            finished_at=after,
            expires_at=after + RECORD_RETENTION,
            **errors,
        ),
    )


def test_an_idle_attempt_of_an_unknown_type_is_given_back_at_its_end() -> None:
    record = processing(attempt=2, idle=True)

    ended_record = sweep_unknown_type(record, NOW + THREE_DAYS).record

    assert (ended_record.status, ended_record.attempt, ended_record.errors) == (Status.FAILED, 1, None)


def test_a_request_of_an_unknown_type_that_starts_in_a_year_fails_three_days_after_its_start() -> None:
    start = NOW + timedelta(days=366)
    record, now, swept = queued(run_at=start, scheduled_at=start), NOW, 0

    while record.status is Status.QUEUED:
        now, swept = now + timedelta(hours=1), swept + 1
        record = sweep_unknown_type(record, now).record

    assert record.finished_at is not None
    assert start + THREE_DAYS <= record.finished_at <= start + THREE_DAYS + timedelta(hours=1)


def test_a_request_of_an_unknown_type_is_moved_at_most_80_times_in_three_days() -> None:
    record, moves, now = queued(), 0, NOW

    while record.status is Status.QUEUED:
        now += MINUTE
        swept = sweep_unknown_type(record, now)
        moves, record = moves + (swept.verdict is not Verdict.NOT_DUE), swept.record

    assert record.error is not None
    assert record.error.code == "withdrawn"
    assert moves <= 80


def test_a_request_of_an_unknown_type_that_is_not_overdue_is_not_swept() -> None:
    record = queued(created_at=AGES_AGO)

    assert sweep_unknown_type(record, NOW) == Transition(Verdict.NOT_DUE, record)


def test_a_redriven_request_of_an_unknown_type_waits_three_days_again() -> None:
    withdrawn = failed("withdrawn", created_at=AGES_AGO)

    again = redrive(withdrawn, NOW, seen=0, nonce="new").record

    assert sweep_unknown_type(again, NOW + THREE_DAYS - SECOND).verdict is Verdict.POSTPONED
