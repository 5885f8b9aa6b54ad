"""How a request returns to the queue: by a redrive, or by the sweeper."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from common.pipeline.lifecycle import Transition, Verdict, redrive, renew, sweep
from common.pipeline.record import Failure, Progress, Record, Status, due_key
from common.retention import RECORD_RETENTION
from tests.unit.builders import CLAIM, FIRST_SWEEP, LEASE, MINUTE, NOW, SECOND, ended, processing, queued

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
    )

    assert redrive(record, LATER) == Transition(
        Verdict.REDRIVEN,
        queued(redrive=2, generation=5, claim=CLAIM, errors=errors, run_at=NOW, notify=notify).changed(
            due=due(LATER + FIRST_SWEEP)
        ),
    )


@pytest.mark.parametrize(
    "record",
    [ended(Status.COMPLETED), queued(), processing(redrive=1)],
    ids=["completed", "queued, never redriven", "processing"],
)
def test_only_a_failed_or_cancelled_request_can_be_redriven(record: Record) -> None:
    assert redrive(record, LATER) == Transition(Verdict.ENDED, record)


def test_a_repeated_redrive_changes_nothing() -> None:
    record = queued(redrive=1)

    assert redrive(record, LATER) == Transition(Verdict.STILL_QUEUED, record)


@pytest.mark.parametrize("record", [failed("attempts"), ended(Status.CANCELLED)], ids=["failed", "cancelled"])
def test_a_request_past_its_retention_cannot_be_redriven(record: Record) -> None:
    assert redrive(record, NOW + RECORD_RETENTION) == Transition(Verdict.EXPIRED, record)
    assert redrive(record, NOW + RECORD_RETENTION - SECOND).verdict is Verdict.REDRIVEN


@pytest.mark.parametrize(
    "record",
    [failed("attempts", steps=STEPS), failed("lost", steps=STEPS), ended(Status.CANCELLED, steps=STEPS)],
    ids=["attempts", "lost", "cancelled"],
)
def test_a_redrive_keeps_the_finished_steps(record: Record) -> None:
    assert redrive(record, LATER).record.steps == STEPS


@pytest.mark.parametrize("code", ["permanent", "result_too_large", "no_content"])
def test_a_redrive_after_a_permanent_failure_clears_the_steps(code: str) -> None:
    assert redrive(failed(code, steps=STEPS), LATER).record.steps is None


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
