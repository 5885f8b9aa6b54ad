"""The tasks of requests: the same tests for the fake and for the gateway on the Cloud Tasks emulator."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import grpc
import pytest
from google.cloud.tasks_v2 import CloudTasksClient, HttpMethod, Task
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport

from common.errors import NewerRecord, Unavailable
from common.gateways.cloud_tasks import PLACEHOLDER_URL, Queues
from common.pipeline.record import Record, Status
from common.pipeline.store import Stored
from common.pipeline.task_payload import TaskPayload
from local.cloud_tasks import CloudTasks, VirtualClock
from local.stack.ports import free_port
from local.stack.queues import create_queues
from tests.fakes import FakeTasks
from tests.policies import policy

PROJECT, LOCATION, QUEUE = "demo-local", "us-central1", "contract"
POLICIES = {"demo": policy(queue=QUEUE)}
UPDATE_TIME = "2026-01-01T12:00:00.123456789Z"


class Tasks(Protocol):
    """Every method that the use cases call."""

    def enqueue(self, stored: Stored) -> bool: ...
    def exists(self, record: Record) -> bool: ...
    def delete(self, record: Record) -> None: ...
    def delete_generations(self, *, type_name: str, record_id: str, last: int) -> None: ...


class Harness(Protocol):
    @property
    def tasks(self) -> Tasks: ...

    def deliver(self) -> None:
        """Delivers the one task and answers 200."""


class FakeHarness:
    def __init__(self) -> None:
        self.tasks = FakeTasks()

    def deliver(self) -> None:
        [name] = self.tasks.live
        self.tasks.remove(name)


class EmulatorHarness:
    """`answers` are the statuses of the next deliveries; later deliveries are answered with 200."""

    def __init__(self, cloud: CloudTasks, answers: list[int]) -> None:
        self.cloud, self.answers = cloud, answers
        self.tasks = queues(cloud.client())

    def deliver(self) -> None:
        assert self.cloud.advance() == 1

    def pending(self) -> Task:
        [task] = self.cloud.pending()
        return task


@pytest.fixture
def emulator() -> Iterator[EmulatorHarness]:
    answers: list[int] = []
    with CloudTasks(clock=VirtualClock(), send=lambda _: answers.pop(0) if answers else 200) as cloud:
        create_queues(cloud.client(), PROJECT, LOCATION, "http://127.0.0.1:1", POLICIES)
        yield EmulatorHarness(cloud, answers)


@pytest.fixture(params=["fake", "emulator"])
def harness(request: pytest.FixtureRequest) -> Harness:
    if request.param == "fake":
        return FakeHarness()
    emulator: EmulatorHarness = request.getfixturevalue("emulator")
    return emulator


def queues(client: CloudTasksClient) -> Queues:
    return Queues(client, project=PROJECT, location=LOCATION, policies=POLICIES)


def record(**fields: Any) -> Record:
    usual = {"id": "r1", "owner": "ann", "type": "demo", "input": {}, "max_attempts": 3}
    return Record(**{**usual, "status": Status.QUEUED, "created_at": datetime(2026, 1, 1, 12, tzinfo=UTC), **fields})


def stored(each: Record) -> Stored:
    return Stored(each, UPDATE_TIME)


def test_a_created_task_exists(harness: Harness) -> None:
    each = record()

    assert harness.tasks.enqueue(stored(each))

    assert harness.tasks.exists(each)


def test_a_task_does_not_exist_before_it_is_created(harness: Harness) -> None:
    assert not harness.tasks.exists(record())


def test_a_second_task_of_the_same_name_is_not_created(harness: Harness) -> None:
    each = record()
    harness.tasks.enqueue(stored(each))

    assert not harness.tasks.enqueue(stored(each))

    assert harness.tasks.exists(each)


def test_the_next_generation_has_another_task(harness: Harness) -> None:
    each = record()
    next_generation = each.changed(generation=1)
    harness.tasks.enqueue(stored(each))

    assert not harness.tasks.exists(next_generation)
    assert harness.tasks.enqueue(stored(next_generation))


def test_a_delivered_task_is_gone_and_its_name_stays_blocked(harness: Harness) -> None:
    each = record()
    harness.tasks.enqueue(stored(each))

    harness.deliver()

    assert not harness.tasks.exists(each)
    assert not harness.tasks.enqueue(stored(each))
    assert not harness.tasks.exists(each)


def test_a_deleted_task_is_gone_and_its_name_stays_blocked(harness: Harness) -> None:
    each = record()
    harness.tasks.enqueue(stored(each))

    harness.tasks.delete(each)

    assert not harness.tasks.exists(each)
    assert not harness.tasks.enqueue(stored(each))
    assert not harness.tasks.exists(each)


def test_deleting_a_missing_task_raises_nothing(harness: Harness) -> None:
    each = record()
    harness.tasks.enqueue(stored(each))
    harness.tasks.delete(each)

    harness.tasks.delete(each)
    harness.tasks.delete(record(id="r2"))

    assert not harness.tasks.exists(each)


def test_deleting_the_task_of_a_generation_keeps_that_of_the_next(harness: Harness) -> None:
    each = record()
    next_generation = each.changed(generation=1)
    for generation in (each, next_generation):
        harness.tasks.enqueue(stored(generation))

    harness.tasks.delete(each)

    assert harness.tasks.exists(next_generation)


def test_the_tasks_of_all_generations_are_deleted_and_no_others(harness: Harness) -> None:
    erased = [record(generation=generation) for generation in range(3)]
    others = [record(generation=3), record(id="r2")]
    for each in (*erased, *others):
        harness.tasks.enqueue(stored(each))

    for _ in range(2):
        harness.tasks.delete_generations(type_name="demo", record_id="r1", last=2)

    assert [each for each in (*erased, *others) if harness.tasks.exists(each)] == others


# The gateway only


def test_a_type_without_a_policy_has_no_tasks_to_delete(emulator: EmulatorHarness) -> None:
    emulator.tasks.delete_generations(type_name="withdrawn", record_id="r1", last=2)


def test_a_task_has_its_name_its_request_and_its_deadline(emulator: EmulatorHarness) -> None:
    each = record()
    emulator.tasks.enqueue(stored(each))

    task = emulator.pending()

    assert task.name == "projects/demo-local/locations/us-central1/queues/contract/tasks/r1-g0"
    assert (task.http_request.url, task.http_request.http_method) == (PLACEHOLDER_URL, HttpMethod.POST)
    assert task.http_request.headers["Content-Type"] == "application/json"
    assert TaskPayload.decode(task.http_request.body) == TaskPayload.of(stored(each), time_budget=timedelta(minutes=10))
    assert task.dispatch_deadline == timedelta(seconds=630)


def test_a_task_without_a_start_time_is_delivered_at_once(emulator: EmulatorHarness) -> None:
    emulator.tasks.enqueue(stored(record()))

    assert emulator.pending().schedule_time == emulator.cloud.now


def test_a_task_is_delivered_at_its_start_time_and_not_before(emulator: EmulatorHarness) -> None:
    each = record(scheduled_at=emulator.cloud.now + timedelta(days=29, microseconds=250_001))
    emulator.tasks.enqueue(stored(each))

    assert emulator.pending().schedule_time == each.scheduled_at
    emulator.cloud.advance(timedelta(days=29))
    assert emulator.tasks.exists(each)
    emulator.cloud.advance(timedelta(seconds=1))
    assert not emulator.tasks.exists(each)


def test_a_task_whose_delivery_failed_still_exists(emulator: EmulatorHarness) -> None:
    each = record()
    emulator.tasks.enqueue(stored(each))
    emulator.answers.append(424)

    assert emulator.cloud.advance() == 1

    assert emulator.tasks.exists(each)


CALLS: list[Callable[[Tasks, Record], object]] = [
    lambda tasks, each: tasks.enqueue(stored(each)),
    lambda tasks, each: tasks.exists(each),
    lambda tasks, each: tasks.delete(each),
]


@pytest.mark.parametrize("call", CALLS, ids=["enqueue", "exists", "delete"])
def test_a_type_without_a_policy_raises(emulator: EmulatorHarness, call: Callable[[Tasks, Record], object]) -> None:
    with pytest.raises(NewerRecord):
        call(emulator.tasks, record(type="newer"))


def test_a_missing_queue_is_unavailable(emulator: EmulatorHarness) -> None:
    elsewhere = Queues(emulator.cloud.client(), project="nowhere", location=LOCATION, policies=POLICIES)

    with pytest.raises(Unavailable):
        elsewhere.enqueue(stored(record()))


@pytest.fixture
def silent() -> Iterator[str]:
    """The host:port of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_a_missing_or_silent_server_is_unavailable_within_15_seconds(silent: str) -> None:
    def error_of(address: str, call: Callable[[Tasks, Record], object]) -> tuple[type[Exception] | None, bool]:
        channel = grpc.insecure_channel(address)
        client = CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))
        started = time.monotonic()
        try:
            call(queues(client), record())
        except Exception as error:
            return type(error), time.monotonic() - started < 15
        finally:
            channel.close()
        return None, False

    addresses = [f"127.0.0.1:{free_port()}", silent]
    with ThreadPoolExecutor(max_workers=6) as pool:
        answers = [pool.submit(error_of, address, call) for address in addresses for call in CALLS]

    assert [answer.result() for answer in answers] == [(Unavailable, True)] * 6
