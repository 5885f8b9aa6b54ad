"""When the task of a stored request is created, and when that is left to the sweeper."""

from datetime import timedelta

import pytest

from common.errors import NewerRecord, Unavailable
from common.pipeline.enqueue import enqueue_task
from common.pipeline.record import Record
from common.pipeline.store import Stored
from tests.unit.builders import NOW, processing, queued
from tests.unit.conftest import LoggedEvent
from tests.unit.scripted_gateways import ScriptedTasks


def test_the_task_of_a_queued_request_is_created() -> None:
    tasks, stored = ScriptedTasks(), Stored(queued(), "0")

    assert enqueue_task(tasks, stored, now=NOW)

    assert tasks.stored("r1-g0") == stored


@pytest.mark.parametrize("record", [processing(), queued(scheduled_at=NOW + timedelta(days=30))])
def test_no_task_is_created_for_a_request_that_needs_none_now(record: Record) -> None:
    tasks = ScriptedTasks()

    assert enqueue_task(tasks, Stored(record, "0"), now=NOW)

    assert tasks.names == set()


@pytest.mark.parametrize("error", [Unavailable("no answer"), NewerRecord("no policy")], ids=["unavailable", "newer"])
def test_a_task_that_cannot_be_created_is_left_to_the_sweeper(error: Exception, log_events: list[LoggedEvent]) -> None:
    tasks = ScriptedTasks()
    tasks.errors["r1"] = error

    assert not enqueue_task(tasks, Stored(queued(), "0"), now=NOW)

    fields = {"request_id": "r1", "reason": str(error)}
    assert log_events == [LoggedEvent("enqueue.left_to_sweeper", "WARNING", fields, has_traceback=False)]
