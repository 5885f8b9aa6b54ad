"""What the local Cloud Tasks refuses, in the words recorded from the real service; over gRPC by the official client."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from google.api_core import exceptions
from google.rpc.error_details_pb2 import ErrorInfo, Help

from local.cloud_tasks import CloudTasks, VirtualClock
from tests.integration.cloud_tasks_target import LOCATION, URL, Client, create_task, refused_with

DOC = "https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues"
MISSING = "Requested entity was not found."
NO_QUEUE = "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize."


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


def test_a_live_name_is_taken(client: Client, queue: str) -> None:  # case 8
    create_task(client, queue, "t")

    with pytest.raises(exceptions.AlreadyExists, match=r"^409 Requested entity already exists$"):
        create_task(client, queue, "t")


@pytest.mark.parametrize("end", ["complete", "delete", "purge"])
def test_the_name_of_an_ended_task_is_taken(tasks: CloudTasks, client: Client, queue: str, end: str) -> None:  # case 9
    name = create_task(client, queue, "t").name
    if end == "complete":
        tasks.advance()
    elif end == "delete":
        client.delete_task(name=name)
    else:
        client.purge_queue(name=queue)

    with pytest.raises(exceptions.AlreadyExists) as refused:
        create_task(client, queue, "t")
    tasks.advance(timedelta(hours=24))

    assert refused.value.message == (
        "The task cannot be created because a task with this name existed too recently."
        " For more information about task de-duplication see https://cloud.google.com/tasks/docs/reference/rest/v2/"
        "projects.locations.queues.tasks/create#body.request_body.FIELDS.task."
    )
    assert create_task(client, queue, "t").name == name


def test_a_missing_queue_is_said_to_be_missing(client: Client) -> None:  # cases 10 and 35
    missing = f"{LOCATION}/queues/missing"

    calls = [
        lambda: create_task(client, missing),
        lambda: client.get_queue(name=missing),
        lambda: client.pause_queue(name=missing),
        lambda: client.resume_queue(name=missing),
        lambda: client.purge_queue(name=missing),
        lambda: client.list_tasks(parent=missing),
    ]
    assert {refused_with(call) for call in calls} == {(404, NO_QUEUE)}
    others = [
        lambda: client.delete_queue(name=missing),
        lambda: client.get_task(name=f"{missing}/tasks/t"),
        lambda: client.delete_task(name=f"{missing}/tasks/t"),
    ]
    assert {refused_with(call) for call in others} == {(404, MISSING)}


def test_a_queue_exists_once(client: Client, queue: str) -> None:
    with pytest.raises(exceptions.AlreadyExists, match=r"^409 Queue already exists$"):
        client.create_queue(parent=LOCATION, queue={"name": queue})


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "HttpRequest.url is required."),
        ("ftp://x", "HttpTarget.url must start with 'http://' or 'https://'."),
        ("example.com", "HttpTarget.url must start with 'http://' or 'https://'."),
    ],
)
def test_a_url_must_be_http(client: Client, queue: str, url: str, message: str) -> None:  # case 21
    assert refused_with(lambda: create_task(client, queue, http_request={"url": url})) == (400, message)


def test_a_task_needs_a_target(client: Client, queue: str) -> None:
    message = "Task.payload_type is not set."

    assert refused_with(lambda: client.create_task(parent=queue, task={})) == (400, message)
    assert refused_with(lambda: client.create_task(request={"parent": queue})) == (400, message)


def test_a_schedule_time_has_a_limit(tasks: CloudTasks, client: Client, queue: str) -> None:  # case 23
    far = datetime(2100, 7, 1, tzinfo=UTC)

    refused = refused_with(lambda: create_task(client, queue, schedule_time=far))

    text = (
        "The Task.scheduleTime, 2100-06-30T17:00:00-07:00, is too far in the future."
        " Schedule time must be no more than 720h in the future."
    )
    assert refused == (400, text)
    ahead = tasks.now + timedelta(days=29)
    assert create_task(client, queue, schedule_time=ahead).schedule_time == ahead


def test_a_task_id_has_its_alphabet_and_length(client: Client, queue: str) -> None:  # case 24
    for task_id in ("a b", "x" * 501, "ü"):
        with pytest.raises(exceptions.InvalidArgument) as refused:
            create_task(client, queue, task_id)

        assert refused.value.message == (
            f'Task ID "{task_id}" can contain only letters ([A-Za-z]), numbers ([0-9]), hyphens (-),'
            " or underscores (_). Task ID must between 1 and 500 characters."
        )
        assert refused.value.details == [_help("Definition of task ID", f"{DOC}.tasks#Task.FIELDS.name")]
    longest = "a_-" + "x" * 497
    assert create_task(client, queue, longest).name.endswith(longest)


@pytest.mark.parametrize("queue_id", ["a_b", "x" * 101])
def test_a_queue_id_has_its_alphabet_and_length(client: Client, queue_id: str) -> None:  # case 24
    with pytest.raises(exceptions.InvalidArgument) as refused:
        client.create_queue(parent=LOCATION, queue={"name": f"{LOCATION}/queues/{queue_id}"})

    assert refused.value.message == (
        f'Queue ID "{queue_id}" can contain only letters ([A-Za-z]), numbers ([0-9]), or hyphens (-).'
        " Queue ID must be between 1 and 100 characters."
    )
    assert refused.value.details == [_help("Definition of queue ID", f"{DOC}#Queue.FIELDS.name")]


def _help(description: str, url: str) -> Help:
    return Help(links=[Help.Link(description=description, url=url)])


def test_a_task_name_belongs_to_its_queue(client: Client, queue: str) -> None:  # case 25
    task = {"name": f"{LOCATION}/queues/other/tasks/t", "http_request": {"url": URL}}

    refused = refused_with(lambda: client.create_task(parent=queue, task=task))

    text = (
        f"The queue name from request ('{queue}') must be the same as"
        f" the queue name in the named task ('{LOCATION}/queues/other')."
    )
    assert refused == (400, text)


def test_a_task_name_has_its_form(client: Client, queue: str) -> None:
    task = {"name": "t", "http_request": {"url": URL}}

    with pytest.raises(exceptions.InvalidArgument, match=r"^400 Task name must be formatted: ") as refused:
        client.create_task(parent=queue, task=task)

    assert refused.value.details == [_help("Definition of task name", f"{DOC}.tasks#Task.FIELDS.name")]


@pytest.mark.parametrize(
    ("paging", "message"),
    [
        ({"page_size": -1}, "ListTasksRequest.pageSize cannot be negative."),
        ({"page_token": "bad"}, "Invalid page_token"),
    ],
)
def test_unusable_paging_is_refused_with(
    client: Client, queue: str, paging: dict[str, Any], message: str
) -> None:  # case 36
    assert refused_with(lambda: client.list_tasks(request={"parent": queue} | paging)) == (400, message)


def test_an_empty_resource_is_refused_with_the_name_of_the_call(client: Client) -> None:  # case 52
    with pytest.raises(exceptions.InvalidArgument) as refused:
        client.get_queue(name="")

    assert refused.value.message == "Invalid resource field value in the request."
    metadata = {"method": "google.cloud.tasks.v2.CloudTasks.GetQueue", "service": "cloudtasks.googleapis.com"}
    assert refused.value.details == [
        ErrorInfo(reason="RESOURCE_PROJECT_INVALID", domain="googleapis.com", metadata=metadata)
    ]


def test_a_bare_word_is_taken_for_a_foreign_project(client: Client) -> None:  # case 52
    with pytest.raises(exceptions.Forbidden) as refused:
        client.get_queue(name="bare")

    assert refused.value.message == "Permission denied on resource project bare."
    assert [type(detail).__name__ for detail in refused.value.details] == ["ErrorInfo", "LocalizedMessage", "Help"]


def test_a_name_of_another_shape_lacks_permission(client: Client) -> None:  # case 52
    name = "projects/P/locations/L/queues"

    text = (
        'The principal (user or service account) lacks IAM permission "cloudtasks.queues.get" for the resource'
        f' "{name}" (or the resource may not exist).'
    )
    assert refused_with(lambda: client.get_queue(name=name)) == (403, text)


def test_what_is_lacking_says_so(client: Client, queue: str) -> None:
    calls = {
        "batches; create the tasks one by one": lambda: client.batch_create_tasks(request={"parent": queue}),
        "IAM policies": lambda: client.get_iam_policy(request={"resource": queue}),
        "locations": lambda: client.list_locations(request={"name": "projects/p"}),
    }

    answers = {what: refused_with(call) for what, call in calls.items()}

    assert answers == {what: (501, f"The local Cloud Tasks has no {what}.") for what in calls}
