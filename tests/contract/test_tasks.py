"""What the queues promise, the same for the fake and for the gateway on the local Cloud Tasks."""

import json
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
from local.cloud_tasks import CloudTasks, VirtualClock
from local.stack.ports import free_port
from local.stack.queues import create_queues
from tests.fakes import FakeTasks
from tests.policies import policy

PROJECT, LOCATION, QUEUE = "demo-local", "us-central1", "contract"
POLICIES = {"demo": policy(queue=QUEUE)}
UPDATE_TIME = "2026-01-01T12:00:00.123456789Z"
KIB = 1024


class Tasks(Protocol):
    """Everything that the use cases call."""

    def enqueue(self, stored: Stored) -> bool: ...
    def exists(self, record: Record) -> bool: ...
    def delete(self, record: Record) -> None: ...


class Bench(Protocol):
    @property
    def tasks(self) -> Tasks: ...

    def deliver(self) -> None:
        """The one task is delivered and answered with 200."""


class FakeBench:
    def __init__(self) -> None:
        self.tasks = FakeTasks()

    def deliver(self) -> None:
        [name] = self.tasks.live
        self.tasks.remove(name)


class RealBench:
    """`answers` are those to the next deliveries; later ones are answered with 200."""

    def __init__(self, cloud: CloudTasks, answers: list[int]) -> None:
        self.cloud, self.answers = cloud, answers
        self.tasks = queues(cloud.client())

    def deliver(self) -> None:
        assert self.cloud.advance() == 1

    def pending(self) -> Task:
        [task] = self.cloud.pending()
        return task


@pytest.fixture
def real() -> Iterator[RealBench]:
    answers: list[int] = []
    with CloudTasks(clock=VirtualClock(), send=lambda _: answers.pop(0) if answers else 200) as cloud:
        create_queues(cloud.client(), PROJECT, LOCATION, "http://127.0.0.1:1", POLICIES)
        yield RealBench(cloud, answers)


@pytest.fixture(params=["fake", "cloud tasks"])
def bench(request: pytest.FixtureRequest) -> Bench:
    if request.param == "fake":
        return FakeBench()
    real: RealBench = request.getfixturevalue("real")
    return real


def queues(client: CloudTasksClient) -> Queues:
    return Queues(client, project=PROJECT, location=LOCATION, policies=POLICIES)


def record(**fields: Any) -> Record:
    given = {"id": "r1", "owner": "ann", "type": "demo", "input": {}, "max_attempts": 3}
    return Record(**{**given, "status": Status.QUEUED, "created_at": datetime(2026, 1, 1, 12, tzinfo=UTC), **fields})


def stored(each: Record) -> Stored:
    return Stored(each, UPDATE_TIME)


def test_a_task_that_was_created_exists(bench: Bench) -> None:
    each = record()

    assert bench.tasks.enqueue(stored(each))

    assert bench.tasks.exists(each)


def test_a_task_that_was_never_created_does_not_exist(bench: Bench) -> None:
    assert not bench.tasks.exists(record())


def test_a_second_task_of_the_same_name_is_not_created(bench: Bench) -> None:
    each = record()
    bench.tasks.enqueue(stored(each))

    assert not bench.tasks.enqueue(stored(each))

    assert bench.tasks.exists(each)


def test_the_next_generation_has_a_task_of_its_own(bench: Bench) -> None:
    each = record()
    following = each.changed(generation=1)
    bench.tasks.enqueue(stored(each))

    assert not bench.tasks.exists(following)
    assert bench.tasks.enqueue(stored(following))


def test_a_task_that_was_delivered_is_gone_and_its_name_used(bench: Bench) -> None:
    each = record()
    bench.tasks.enqueue(stored(each))

    bench.deliver()

    assert not bench.tasks.exists(each)
    assert not bench.tasks.enqueue(stored(each))
    assert not bench.tasks.exists(each)


def test_a_task_that_was_deleted_is_gone_and_its_name_used(bench: Bench) -> None:
    each = record()
    bench.tasks.enqueue(stored(each))

    bench.tasks.delete(each)

    assert not bench.tasks.exists(each)
    assert not bench.tasks.enqueue(stored(each))
    assert not bench.tasks.exists(each)


def test_deleting_what_is_not_there_is_no_error(bench: Bench) -> None:
    each = record()
    bench.tasks.enqueue(stored(each))
    bench.tasks.delete(each)

    bench.tasks.delete(each)
    bench.tasks.delete(record(id="r2"))

    assert not bench.tasks.exists(each)


def test_deleting_one_generation_leaves_the_next(bench: Bench) -> None:
    each = record()
    following = each.changed(generation=1)
    for generation in (each, following):
        bench.tasks.enqueue(stored(generation))

    bench.tasks.delete(each)

    assert bench.tasks.exists(following)


# What only the gateway shows


def test_a_task_tells_what_is_delivered_and_how_long_it_may_take(real: RealBench) -> None:
    each = record()
    real.tasks.enqueue(stored(each))

    task = real.pending()

    assert task.name == "projects/demo-local/locations/us-central1/queues/contract/tasks/r1-g0"
    assert (task.http_request.url, task.http_request.http_method) == (PLACEHOLDER_URL, HttpMethod.POST)
    assert task.http_request.headers["Content-Type"] == "application/json"
    assert task.dispatch_deadline == timedelta(seconds=630)


def test_a_task_without_a_time_is_sent_at_once(real: RealBench) -> None:
    each = record()
    real.tasks.enqueue(stored(each))

    assert real.pending().schedule_time == real.cloud.now


def test_a_task_is_sent_at_its_scheduled_time_and_not_before(real: RealBench) -> None:
    each = record(scheduled_at=real.cloud.now + timedelta(days=29, microseconds=250_001))
    real.tasks.enqueue(stored(each))

    assert real.pending().schedule_time == each.scheduled_at
    real.cloud.advance(timedelta(days=29))
    assert real.tasks.exists(each)
    real.cloud.advance(timedelta(seconds=1))
    assert not real.tasks.exists(each)


def test_a_task_whose_delivery_failed_still_exists(real: RealBench) -> None:
    each = record()
    real.tasks.enqueue(stored(each))
    real.answers.append(424)

    assert real.cloud.advance() == 1

    assert real.tasks.exists(each)


def test_a_task_carries_the_record_and_its_update_time(real: RealBench) -> None:
    each = record(input={"text": "Grüße", "nothing": None}, attempt=1)
    real.tasks.enqueue(stored(each))

    body = json.loads(real.pending().http_request.body)

    assert body == {"u": UPDATE_TIME, "record": each.to_json()}
    assert Record.model_validate_json(json.dumps(body["record"])) == each


CALLS: list[Callable[[Tasks, Record], object]] = [
    lambda tasks, each: tasks.enqueue(stored(each)),
    lambda tasks, each: tasks.exists(each),
    lambda tasks, each: tasks.delete(each),
]


@pytest.mark.parametrize("call", CALLS, ids=["enqueue", "exists", "delete"])
def test_a_type_without_a_policy_is_a_newer_releases(real: RealBench, call: Callable[[Tasks, Record], object]) -> None:
    with pytest.raises(NewerRecord):
        call(real.tasks, record(type="newer"))


def test_a_queue_that_is_missing_is_unavailable(real: RealBench) -> None:
    elsewhere = Queues(real.cloud.client(), project="nowhere", location=LOCATION, policies=POLICIES)

    with pytest.raises(Unavailable):
        elsewhere.enqueue(stored(record()))


@pytest.fixture
def silent() -> Iterator[str]:
    """host:port of something that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_a_server_that_is_away_or_silent_is_unavailable_within_15_seconds(silent: str) -> None:
    def asked(address: str, call: Callable[[Tasks, Record], object]) -> tuple[type[Exception] | None, bool]:
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
        answers = [pool.submit(asked, address, call) for address in addresses for call in CALLS]

    assert [answer.result() for answer in answers] == [(Unavailable, True)] * 6
