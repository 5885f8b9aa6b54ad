"""The answers of the local Cloud Tasks to the official client over gRPC."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from google.api_core import exceptions
from google.cloud import tasks_v2
from google.protobuf.timestamp_pb2 import Timestamp

from local.cloud_tasks import CloudTasks, VirtualClock
from tests.integration.cloud_tasks_target import LOCATION, URL, Client, create_task, refused_with

MISSING = "Requested entity was not found."


@pytest.fixture(scope="module")
def tasks() -> Iterator[CloudTasks]:
    with CloudTasks(clock=VirtualClock(), send=lambda _: 200) as serving:
        yield serving


@pytest.fixture(scope="module")
def client(tasks: CloudTasks) -> Client:
    return tasks.client()


@pytest.fixture
def queue(client: Client) -> str:
    name = f"{LOCATION}/queues/{uuid4()}"
    client.create_queue(parent=LOCATION, queue={"name": name})
    return name


def test_a_past_schedule_time_is_stored_as_now(tasks: CloudTasks, client: Client, queue: str) -> None:  # case 11
    task = create_task(client, queue, schedule_time=Timestamp(seconds=-62_135_596_800))

    assert task.schedule_time == tasks.now
    assert task.create_time == tasks.now.replace(microsecond=0)


def test_a_queue_created_with_a_name_has_the_defaults(client: Client, queue: str) -> None:  # case 12
    found = client.get_queue(name=queue)

    limits, retry = found.rate_limits, found.retry_config
    assert (limits.max_dispatches_per_second, limits.max_burst_size, limits.max_concurrent_dispatches) == (
        500,
        100,
        1000,
    )
    assert (retry.max_attempts, retry.max_doublings, "max_retry_duration" in retry) == (100, 16, False)
    assert (retry.min_backoff, retry.max_backoff) == (timedelta(seconds=0.1), timedelta(hours=1))
    assert found.state == tasks_v2.Queue.State.RUNNING


def test_pause_and_resume_answer_with_the_state_again_and_again(client: Client, queue: str) -> None:  # case 15
    calls = [client.pause_queue, client.pause_queue, client.resume_queue, client.resume_queue]

    states = [call(name=queue).state.name for call in calls]

    assert states == ["PAUSED", "PAUSED", "RUNNING", "RUNNING"]


def test_a_forced_run_shows_the_task_before_its_dispatch(
    tasks: CloudTasks, client: Client, queue: str
) -> None:  # case 16
    later = tasks.now + timedelta(hours=1)
    name = create_task(client, queue, "t", schedule_time=later).name
    client.pause_queue(name=queue)

    answer = client.run_task(name=name)
    tasks.advance()

    assert (answer.schedule_time, answer.dispatch_count) == (later, 1)
    assert answer.last_attempt == tasks_v2.Attempt(schedule_time=later)
    assert "first_attempt" not in answer
    with pytest.raises(exceptions.NotFound):
        client.get_task(name=name)


def test_a_deleted_task_is_gone(tasks: CloudTasks, client: Client, queue: str) -> None:  # case 18
    name = create_task(client, queue, "t", schedule_time=tasks.now + timedelta(seconds=2)).name

    client.delete_task(name=name)

    assert tasks.advance(timedelta(seconds=10)) == 0
    ended = (
        "The task no longer exists, though a task with this name existed recently."
        " The task either successfully completed or was deleted."
    )
    assert refused_with(lambda: client.get_task(name=name)) == (404, ended)
    assert refused_with(lambda: client.delete_task(name=name)) == (404, MISSING)
    assert refused_with(lambda: client.run_task(name=name)) == (404, MISSING)


def test_a_url_is_not_parsed_at_creation(client: Client, queue: str) -> None:  # case 21
    assert create_task(client, queue, http_request={"url": "http://x/%zz"}).http_request.url == "http://x/%zz"


def test_a_deadline_has_bounds(client: Client, queue: str) -> None:  # case 22
    def create(number: float) -> Any:
        return create_task(client, queue, dispatch_deadline=timedelta(seconds=number)).dispatch_deadline

    assert [create(number).total_seconds() for number in (15, 1800, 0, 20.123456)] == [15, 1800, 600, 20.123]
    refusals = {refused_with(partial(create, number)) for number in (14, 1801)}
    assert refusals == {(400, "Task.dispatchDeadline must be between [15s, 30m].")}


def test_a_nameless_task_gets_a_number(client: Client, queue: str) -> None:  # case 26
    name = create_task(client, queue).name

    assert name.rpartition("/")[0] == f"{queue}/tasks"
    assert name.rpartition("/")[2].isdigit()
    assert client.get_task(name=name).name == name


def test_every_call_honours_the_view(client: Client, queue: str) -> None:  # case 27
    http = {"url": URL, "body": b"content", "headers": {"A": "b"}}
    basic, full = tasks_v2.Task.View.BASIC, tasks_v2.Task.View.FULL

    def seen(view: int) -> list[tuple[bytes, int, str]]:
        created = client.create_task(request={"parent": queue, "task": {"http_request": http}, "response_view": view})
        name = {"name": created.name, "response_view": view}
        found = [
            created,
            client.get_task(request=name),
            *client.list_tasks(request={"parent": queue, "response_view": view}),
            client.run_task(request=name),
        ]
        client.purge_queue(name=queue)
        return [(task.http_request.body, task.view, task.http_request.headers["A"]) for task in found]

    assert seen(0) == seen(basic) == [(b"", basic, "b")] * 4
    assert seen(full) == [(b"content", full, "b")] * 4


@pytest.mark.filterwarnings("ignore:Unrecognized View enum value")
def test_an_unknown_view_shows_no_body(client: Client, queue: str) -> None:  # case 27
    name = create_task(client, queue, http_request={"url": URL, "body": b"content"}).name
    request = tasks_v2.GetTaskRequest.pb()(name=name, response_view=99)

    task = client.get_task(request=tasks_v2.GetTaskRequest.wrap(request))

    assert (task.http_request.body, task.view) == (b"", tasks_v2.Task.View.VIEW_UNSPECIFIED)


def test_lists_come_in_pages_that_end_in_an_empty_one(client: Client, queue: str) -> None:  # case 36
    created = {create_task(client, queue).name for _ in range(3)}

    pages = list(client.list_tasks(request={"parent": queue, "page_size": 2}).pages)

    assert [(len(page.tasks), bool(page.next_page_token)) for page in pages] == [(2, True), (1, True), (0, False)]
    assert {task.name for page in pages for task in page.tasks} == created


def test_queues_are_listed_in_order_for_their_location_alone(client: Client) -> None:  # case 36
    here, there = (f"projects/{uuid4()}/locations/l" for _ in range(2))
    for location, queue_id in ((here, "b"), (here, "a"), (there, "c")):
        client.create_queue(parent=location, queue={"name": f"{location}/queues/{queue_id}"})

    assert [found.name for found in client.list_queues(parent=here)] == [f"{here}/queues/a", f"{here}/queues/b"]
