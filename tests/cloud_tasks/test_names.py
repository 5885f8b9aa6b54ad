"""Resource names, the errors of missing resources, and the pages of the lists."""

from typing import Any

import pytest
from google.rpc.code_pb2 import Code
from google.rpc.error_details_pb2 import ErrorInfo, Help, LocalizedMessage

from tests.cloud_tasks.world import LOCATION, QUEUE, World, error_of, short_name

DOC = "https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues"
MISSING = f"{LOCATION}/queues/missing"


def test_most_calls_refuse_a_missing_queue_with_its_own_text() -> None:
    world = World()
    calls = [
        lambda: world.get_queue(MISSING),
        lambda: world.pause(MISSING),
        lambda: world.resume(MISSING),
        lambda: world.purge(MISSING),
        lambda: world.list_tasks(MISSING),
    ]

    errors = {(error_of(call).code, error_of(call).message) for call in calls}

    text = "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize."
    assert errors == {(Code.NOT_FOUND, text)}


def test_a_task_of_a_missing_queue_is_refused() -> None:
    world = World()
    world.delete_queue()

    assert error_of(world.create_task).message.startswith("Queue does not exist. If you just created the queue, ")


def test_other_calls_refuse_a_missing_queue_or_task_as_a_missing_entity() -> None:
    world = World()
    calls = [
        lambda: world.delete_queue(MISSING),
        lambda: world.get_task("t", queue=MISSING),
        lambda: world.delete_task("t", queue=MISSING),
        lambda: world.run_task("t", queue=MISSING),
        lambda: world.get_task("t"),
        lambda: world.delete_task("t"),
        lambda: world.run_task("t"),
    ]

    errors = {(error_of(call).code, error_of(call).message) for call in calls}

    assert errors == {(Code.NOT_FOUND, "Requested entity was not found.")}


def test_an_existing_queue_cannot_be_created_again() -> None:
    error = error_of(lambda: World().create_queue())

    assert (error.code, error.message) == (Code.ALREADY_EXISTS, "Queue already exists")


@pytest.mark.parametrize("bad", ["a b", "x" * 501, "ü"])
def test_a_task_id_with_other_characters_or_more_than_500_is_refused(bad: str) -> None:
    error = error_of(lambda: World().create_task(bad))

    assert error.message == (
        f'Task ID "{bad}" can contain only letters ([A-Za-z]), numbers ([0-9]), hyphens (-),'
        " or underscores (_). Task ID must between 1 and 500 characters."
    )
    assert error.details == (help_link("Definition of task ID", f"{DOC}.tasks#Task.FIELDS.name"),)


def test_a_task_id_can_have_500_characters() -> None:
    longest = "a_-" + "x" * 497

    assert World().create_task(longest).name == f"{QUEUE}/tasks/{longest}"


@pytest.mark.parametrize("bad", ["a_b", "x" * 101])
def test_a_queue_id_with_other_characters_or_more_than_100_is_refused(bad: str) -> None:
    error = error_of(lambda: World().create_queue(f"{LOCATION}/queues/{bad}"))

    assert error.message == (
        f'Queue ID "{bad}" can contain only letters ([A-Za-z]), numbers ([0-9]), or hyphens (-).'
        " Queue ID must be between 1 and 100 characters."
    )
    assert error.details == (help_link("Definition of queue ID", f"{DOC}#Queue.FIELDS.name"),)


def test_a_queue_name_of_another_form_is_refused() -> None:
    error = error_of(lambda: World().create_queue("q"))

    assert error.message == (
        'Queue name must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/queues/<QUEUE_ID>".'
    )
    assert error.details == (help_link("Definition of queue name", f"{DOC}#Queue.FIELDS.name"),)


def test_a_queue_name_in_another_location_is_refused() -> None:
    error = error_of(lambda: World().create_queue(MISSING, parent="projects/p/locations/other"))

    assert error.message == f"{MISSING} must begin with projects/p/locations/other."


def test_a_task_name_of_another_form_is_refused() -> None:
    error = error_of(lambda: World().create_task(name="t"))

    assert error.message == (
        "Task name must be formatted:"
        ' "projects/<PROJECT_ID>/locations/<LOCATION_ID>/queues/<QUEUE_ID>/tasks/<TASK_ID>".'
    )
    assert error.details == (help_link("Definition of task name", f"{DOC}.tasks#Task.FIELDS.name"),)


def test_a_task_name_in_another_queue_is_refused() -> None:
    error = error_of(lambda: World().create_task(name=f"{MISSING}/tasks/t"))

    assert error.message == (
        f"The queue name from request ('{QUEUE}') must be the same as the queue name in the named task ('{MISSING}')."
    )


def test_an_empty_name_is_refused_with_the_name_of_the_call() -> None:
    error = error_of(lambda: World().get_queue(""))

    metadata = {"method": "google.cloud.tasks.v2.CloudTasks.GetQueue", "service": "cloudtasks.googleapis.com"}
    info = ErrorInfo(reason="RESOURCE_PROJECT_INVALID", domain="googleapis.com", metadata=metadata)
    assert (error.code, error.message) == (Code.INVALID_ARGUMENT, "Invalid resource field value in the request.")
    assert error.details == (info,)


def test_a_name_outside_projects_is_refused_as_an_unknown_project() -> None:
    error = error_of(lambda: World().get_queue("bare"))

    text = "Permission denied on resource project bare."
    metadata = {"consumer": "projects/bare", "containerInfo": "bare", "service": "cloudtasks.googleapis.com"}
    assert (error.code, error.message) == (Code.PERMISSION_DENIED, text)
    assert error.details == (
        ErrorInfo(reason="CONSUMER_INVALID", domain="googleapis.com", metadata=metadata),
        LocalizedMessage(locale="en-US", message=text),
        help_link("Google developers console", "https://console.developers.google.com"),
    )


@pytest.mark.parametrize("name", ["projects/P/locations/L/queues", "projects/P/locations/L/queues/q/tasks"])
def test_a_name_of_another_shape_is_refused_for_lack_of_permission(name: str) -> None:
    error = error_of(lambda: World().get_queue(name))

    assert error.code == Code.PERMISSION_DENIED
    assert error.message == (
        'The principal (user or service account) lacks IAM permission "cloudtasks.queues.get" for the resource'
        f' "{name}" (or the resource may not exist).'
    )


def test_a_list_ends_in_an_empty_page() -> None:
    world = World()
    created = {world.create_task().name for _ in range(3)}

    pages = [world.list_tasks(page_size=2)]
    while pages[-1].next_page_token:
        pages.append(world.list_tasks(page_size=2, page_token=pages[-1].next_page_token))

    assert [len(page.tasks) for page in pages] == [2, 1, 0]
    assert {task.name for page in pages for task in page.tasks} == created


@pytest.mark.parametrize("page_size", [0, 5000])
def test_a_page_has_at_most_1000_tasks(page_size: int) -> None:
    world = World()
    for _ in range(1001):
        world.create_task()

    assert len(world.list_tasks(page_size=page_size).tasks) == 1000


def test_a_list_of_queues_is_sorted_and_limited_to_its_location() -> None:
    world = World()
    other = "projects/p/locations/other"
    for location, queue_id in ((LOCATION, "z"), (LOCATION, "a"), (other, "b")):
        world.create_queue(f"{location}/queues/{queue_id}", parent=location)

    assert [short_name(queue.name) for queue in world.list_queues().queues] == ["a", "q", "z"]
    assert world.list_queues("projects/p/locations/empty").queues == []


@pytest.mark.parametrize(
    ("paging", "message"),
    [({"page_size": -1}, "Request.pageSize cannot be negative."), ({"page_token": "bad"}, "Invalid page_token")],
)
def test_invalid_paging_is_refused(paging: dict[str, Any], message: str) -> None:
    world = World()

    errors = [error_of(lambda: world.list_tasks(**paging)), error_of(lambda: world.list_queues(**paging))]

    prefixes = ("ListTasks", "ListQueues") if message.startswith("Request") else ("", "")
    assert [error.message for error in errors] == [f"{prefix}{message}" for prefix in prefixes]


def test_a_filter_of_queues_is_not_implemented() -> None:
    assert error_of(lambda: World().list_queues(filter="state: PAUSED")).code == Code.UNIMPLEMENTED


def help_link(description: str, url: str) -> Help:
    return Help(links=[Help.Link(description=description, url=url)])
