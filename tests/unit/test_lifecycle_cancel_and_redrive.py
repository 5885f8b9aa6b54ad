"""What callers may do to a request: cancel it, retry it."""

from datetime import timedelta
from typing import Any

import pytest

from common.pipeline.lifecycle import Transition, Verdict, cancel, redrive
from common.pipeline.record import Failure, Progress, Record, Status, due_key
from tests.unit.builders import NOW, ended, processing, queued, record_with

LATER = NOW + timedelta(minutes=1)
NOTIFY = ({"type": "email", "to": "ann@clinic.example"},)


def failed(code: str, **fields: Any) -> Record:
    error = Failure(code=code, message="It did not work.", attempt=3, at=NOW)
    return ended(Status.FAILED, attempt=3, error=error, **fields)


@pytest.mark.parametrize("record", [queued(notify=NOTIFY), processing(notify=NOTIFY)], ids=["queued", "processing"])
def test_an_open_request_can_be_cancelled_and_nobody_is_notified(record: Record) -> None:
    assert cancel(record, LATER) == Transition(
        Verdict.CANCELLED,
        record.changed(status=Status.CANCELLED, due=None, finished_at=LATER, expires_at=LATER + timedelta(days=35)),
        children=(),
    )


def test_a_cancelled_request_stays_cancelled() -> None:
    record = ended(Status.CANCELLED)

    assert cancel(record, LATER) == Transition(Verdict.CANCELLED, record)


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.FAILED])
def test_what_has_ended_otherwise_cannot_be_cancelled(status: Status) -> None:
    record = ended(status)

    assert cancel(record, LATER) == Transition(Verdict.ENDED, record)


def test_a_retry_begins_anew_under_a_new_task_and_a_new_effect_key() -> None:
    record = failed(
        "permanent",
        redrive=1,
        generation=4,
        snoozes=5,
        sweeps=2,
        steps={"write": 1},
        progress=Progress(percent=40, message="drawing"),
        result={"done": False},
        errors=(Failure(code="permanent", message="It did not work.", attempt=3, at=NOW),),
        scheduled_at=NOW,
        run_at=NOW,
        notify=NOTIFY,
    )

    assert redrive(record, LATER) == Transition(
        Verdict.REDRIVEN,
        queued(
            redrive=2,
            generation=5,
            claim=record.claim,
            errors=record.errors,
            run_at=NOW,
            notify=NOTIFY,
        ).changed(due=due_key("r1", LATER + timedelta(seconds=120))),
    )


def test_a_completed_request_cannot_be_retried() -> None:
    record = ended(Status.COMPLETED)

    assert redrive(record, LATER) == Transition(Verdict.ENDED, record)


@pytest.mark.parametrize("record", [queued(), processing(redrive=1)], ids=["never retried", "processing"])
def test_an_open_request_cannot_be_retried(record: Record) -> None:
    assert redrive(record, LATER) == Transition(Verdict.ENDED, record)


def test_a_request_that_an_earlier_retry_queued_is_still_queued() -> None:
    record = queued(redrive=1)

    assert redrive(record, LATER) == Transition(Verdict.STILL_QUEUED, record)


@pytest.mark.parametrize("record", [failed("attempts"), ended(Status.CANCELLED)], ids=["failed", "cancelled"])
def test_past_its_retention_a_request_cannot_be_retried(record: Record) -> None:
    retention = timedelta(days=35)

    assert redrive(record, NOW + retention) == Transition(Verdict.EXPIRED, record)
    assert redrive(record, NOW + retention - timedelta(seconds=1)).verdict is Verdict.REDRIVEN


STEPS = {"write": 1}


@pytest.mark.parametrize(
    "record",
    [failed("attempts", steps=STEPS), failed("lost", steps=STEPS), ended(Status.CANCELLED, steps=STEPS)],
    ids=["attempts", "lost", "cancelled"],
)
def test_a_retry_keeps_finished_steps_where_their_results_are_still_good(record: Record) -> None:
    assert redrive(record, LATER).record.steps == STEPS


@pytest.mark.parametrize("code", ["permanent", "result_too_large", "no_brief"])
def test_a_retry_after_a_permanent_failure_clears_the_steps(code: str) -> None:
    assert redrive(failed(code, steps=STEPS), LATER).record.steps is None


def test_a_retried_request_is_the_same_as_a_new_one_to_its_worker() -> None:
    retried = redrive(record_with(Status.FAILED, attempt=3, snoozes=100), LATER).record

    assert (retried.attempt, retried.snoozes, retried.started_at, retried.finished_at, retried.expires_at) == (
        0,
        0,
        None,
        None,
        None,
    )
