"""How a request comes into being, when it is due, and when Cloud Tasks can hold it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from common.pipeline.lifecycle import needs_task, same_request, submit
from common.pipeline.record import Record, Status, due_key
from tests.unit.builders import NOW, ended, processing, queued

NOTIFY = ({"type": "email", "to": "ann@clinic.example"},)


def asked(**given: Any) -> Record:
    return submit(
        **{
            "record_id": "r1",
            "tenant": "t:clinic",
            "owner": "ann",
            "type_name": "demo",
            "given": {"text": "hello"},
            "max_attempts": 3,
            "now": NOW,
            **given,
        }
    )


def due(moment: datetime) -> str:
    return due_key("r1", moment)


def test_a_submitted_request_is_queued_and_due_in_two_minutes() -> None:
    assert asked(trace="00-1-2-01", notify=NOTIFY) == Record(
        id="r1",
        tenant="t:clinic",
        owner="ann",
        type="demo",
        input={"text": "hello"},
        notify=NOTIFY,
        status=Status.QUEUED,
        max_attempts=3,
        created_at=NOW,
        due=due(NOW + timedelta(seconds=120)),
        trace="00-1-2-01",
    )


def test_an_empty_list_of_notifications_is_none() -> None:
    assert asked(notify=()) == asked()


def test_a_scheduled_request_is_due_two_minutes_after_its_time() -> None:
    later = NOW + timedelta(days=29)

    assert asked(run_at=later) == asked().changed(
        run_at=later, scheduled_at=later, due=due(later + timedelta(seconds=120))
    )


def test_a_request_beyond_29_days_is_due_a_day_before_its_time() -> None:
    later = NOW + timedelta(days=29, seconds=1)

    assert asked(run_at=later) == asked().changed(run_at=later, scheduled_at=later, due=due(later - timedelta(days=1)))


@pytest.mark.parametrize("ago", [timedelta(0), timedelta(days=300)])
def test_a_time_in_the_past_means_now(ago: timedelta) -> None:
    assert asked(run_at=NOW - ago) == asked().changed(run_at=NOW - ago)


def test_a_queued_request_needs_a_task() -> None:
    assert needs_task(queued(), NOW)
    assert needs_task(queued(scheduled_at=NOW + timedelta(days=29)), NOW)


def test_cloud_tasks_cannot_hold_what_lies_beyond_29_days() -> None:
    assert not needs_task(queued(scheduled_at=NOW + timedelta(days=29, seconds=1)), NOW)


@pytest.mark.parametrize("record", [processing(), ended(Status.COMPLETED), ended(Status.CANCELLED)])
def test_what_is_not_queued_needs_no_task(record: Record) -> None:
    assert not needs_task(record, NOW)


def test_the_same_thing_asked_again_is_the_same_request_whatever_became_of_it() -> None:
    stored = ended(Status.FAILED, input={"text": "hello"}, notify=NOTIFY, trace="00-1-2-01")

    assert same_request(stored, asked(notify=NOTIFY, now=NOW + timedelta(days=1)))


@pytest.mark.parametrize(
    "other",
    [
        {"type_name": "email"},
        {"given": {"text": "bye"}},
        {"given": {"text": "hello", "more": None}},
        {"run_at": NOW + timedelta(hours=1)},
        {"notify": NOTIFY},
    ],
)
def test_anything_else_asked_is_another_request(other: dict[str, Any]) -> None:
    assert not same_request(asked(), asked(**other))
