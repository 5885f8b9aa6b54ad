"""The record of a new request, when it is due, and when it needs a task."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from common.pipeline.due import due_key
from common.pipeline.lifecycle import needs_task, same_request, submit
from common.pipeline.record import Record, Status
from tests.unit.builders import FIRST_SWEEP, NOW, SECOND, ended, processing, queued

TASK_HORIZON = timedelta(days=29)
NOTIFY = ({"type": "email", "to": "ann@clinic.example"},)


def submitted(**fields: Any) -> Record:
    return submit(
        **{
            "record_id": "r1",
            "tenant": "t:clinic",
            "owner": "ann",
            "type_name": "demo",
            "work_input": {"text": "hello"},
            "max_attempts": 3,
            "now": NOW,
            **fields,
        }
    )


def due(moment: datetime) -> str:
    return due_key("r1", moment)


def test_a_submitted_request_is_queued_and_due_in_two_minutes() -> None:
    assert submitted(trace="00-1-2-01", notify=NOTIFY) == Record(
        id="r1",
        tenant="t:clinic",
        owner="ann",
        type="demo",
        input={"text": "hello"},
        notify=NOTIFY,
        status=Status.QUEUED,
        max_attempts=3,
        created_at=NOW,
        due=due(NOW + FIRST_SWEEP),
        trace="00-1-2-01",
    )


def test_an_empty_list_of_notifications_is_stored_as_none() -> None:
    assert submitted(notify=()) == submitted()


def test_a_scheduled_request_is_due_two_minutes_after_its_start_time() -> None:
    run_at = NOW + TASK_HORIZON

    assert submitted(run_at=run_at) == submitted().changed(
        run_at=run_at, scheduled_at=run_at, due=due(run_at + FIRST_SWEEP)
    )


def test_a_request_scheduled_beyond_29_days_is_due_a_day_before_its_start_time() -> None:
    run_at = NOW + TASK_HORIZON + SECOND

    assert submitted(run_at=run_at) == submitted().changed(
        run_at=run_at, scheduled_at=run_at, due=due(run_at - timedelta(days=1))
    )


@pytest.mark.parametrize("ago", [timedelta(0), timedelta(days=300)])
def test_a_start_time_in_the_past_schedules_nothing(ago: timedelta) -> None:
    assert submitted(run_at=NOW - ago) == submitted().changed(run_at=NOW - ago)


def test_a_queued_request_needs_a_task_unless_it_is_scheduled_beyond_29_days() -> None:
    assert needs_task(queued(), NOW)
    assert needs_task(queued(scheduled_at=NOW + TASK_HORIZON), NOW)
    assert not needs_task(queued(scheduled_at=NOW + TASK_HORIZON + SECOND), NOW)


@pytest.mark.parametrize("record", [processing(), ended(Status.COMPLETED), ended(Status.CANCELLED)])
def test_a_request_that_is_not_queued_needs_no_task(record: Record) -> None:
    assert not needs_task(record, NOW)


def test_a_repeated_submission_is_the_same_request_in_every_status() -> None:
    stored = ended(Status.FAILED, input={"text": "hello"}, notify=NOTIFY, trace="00-1-2-01")

    assert same_request(stored, submitted(notify=NOTIFY, now=NOW + timedelta(days=1)))


@pytest.mark.parametrize(
    "other",
    [
        {"type_name": "email"},
        {"work_input": {"text": "bye"}},
        {"work_input": {"text": "hello", "more": None}},
        {"run_at": NOW + timedelta(hours=1)},
        {"notify": NOTIFY},
    ],
)
def test_a_different_submission_is_another_request(other: dict[str, Any]) -> None:
    assert not same_request(submitted(), submitted(**other))


def test_a_submission_in_another_form_is_another_request() -> None:
    assert not same_request(submitted(form="single"), submitted(form="batch of 1"))
    assert not same_request(submitted(form="batch of 3"), submitted(form="batch of 2"))


def test_an_older_record_without_a_form_is_the_same_request_in_every_form() -> None:
    assert same_request(submitted(), submitted(form="batch of 2"))
