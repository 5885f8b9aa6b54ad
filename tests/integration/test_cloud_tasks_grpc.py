"""The gRPC API through the official client: each call reaches its method, and an error keeps code, text and details."""

from collections.abc import Callable, Iterator

import pytest
from google.api_core import exceptions
from google.cloud import tasks_v2
from google.rpc.error_details_pb2 import ErrorInfo

from local.cloud_tasks import CloudTasks, VirtualClock
from tests.integration.cloud_tasks_target import LOCATION, QUEUE, URL, Client, create_task

CALLS = [
    "create_queue",
    "get_queue",
    "list_queues",
    "update_queue",
    "delete_queue",
    "purge_queue",
    "pause_queue",
    "resume_queue",
    "create_task",
    "get_task",
    "list_tasks",
    "delete_task",
    "run_task",
]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with CloudTasks(clock=VirtualClock(), send=lambda _: 200) as tasks:
        client: Client = tasks.client()
        client.create_queue(parent=LOCATION, queue={"name": QUEUE})
        yield client


@pytest.mark.parametrize("call", CALLS)
def test_each_call_reaches_its_method_and_its_error_arrives_whole(client: Client, call: str) -> None:
    with pytest.raises(exceptions.InvalidArgument) as refused:
        getattr(client, call)(request={})

    method = f"google.cloud.tasks.v2.CloudTasks.{call.title().replace('_', '')}"
    metadata = {"method": method, "service": "cloudtasks.googleapis.com"}
    assert refused.value.message == "Invalid resource field value in the request."
    assert refused.value.details == [
        ErrorInfo(reason="RESOURCE_PROJECT_INVALID", domain="googleapis.com", metadata=metadata)
    ]


def test_a_created_task_can_be_read_and_listed(client: Client) -> None:
    created = create_task(client, QUEUE, "t")

    assert client.get_task(name=created.name) == created
    assert list(client.list_tasks(parent=QUEUE)) == [created]


@pytest.mark.filterwarnings("ignore:Unrecognized View enum value")
def test_a_number_that_is_no_view_arrives_as_it_was_sent(client: Client) -> None:
    name = create_task(client, QUEUE, http_request={"url": URL, "body": b"content"}).name
    request = tasks_v2.GetTaskRequest.pb()(name=name, response_view=99)

    task = client.get_task(request=tasks_v2.GetTaskRequest.wrap(request))

    assert (task.http_request.body, task.view) == (b"", tasks_v2.Task.View.VIEW_UNSPECIFIED)


@pytest.mark.parametrize(
    ("unsupported", "call"),
    [
        ("batches; create the tasks one by one", lambda client: client.batch_create_tasks(request={"parent": QUEUE})),
        ("IAM policies", lambda client: client.get_iam_policy(request={"resource": QUEUE})),
        ("locations", lambda client: client.list_locations(request={"name": "projects/p"})),
    ],
)
def test_an_unsupported_call_names_the_missing_feature(
    client: Client, unsupported: str, call: Callable[[Client], object]
) -> None:
    with pytest.raises(exceptions.MethodNotImplemented) as refused:
        call(client)

    assert refused.value.message == f"The local Cloud Tasks has no {unsupported}."
