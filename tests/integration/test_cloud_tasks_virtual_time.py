"""The local Cloud Tasks inside a test: virtual time, functions in place of targets, and duplicates on demand."""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from threading import Barrier, Event
from time import monotonic

import pytest
from google.cloud import tasks_v2

from local.cloud_tasks import TIMEOUT, Attempt, CloudTasks, Outcome, VirtualClock
from tests.integration.cloud_tasks_target import LOCATION, QUEUE, Client, create_task, http_target
from tests.processes import wait_until

START = datetime(2026, 11, 1, 12, tzinfo=UTC)


class Worker:
    """Records its attempts and responds to each with `respond`."""

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []
        self.respond: Callable[[Attempt], Outcome | int] = lambda _: 200

    def __call__(self, attempt: Attempt) -> Outcome | int:
        self.attempts.append(attempt)
        return self.respond(attempt)

    @property
    def times(self) -> list[float]:
        return [(attempt.dispatched - START).total_seconds() for attempt in self.attempts]


@pytest.fixture
def worker() -> Worker:
    return Worker()


@pytest.fixture
def tasks(worker: Worker) -> Iterator[CloudTasks]:
    with CloudTasks(clock=VirtualClock(START), send=worker) as serving:
        yield serving


@pytest.fixture
def client(tasks: CloudTasks) -> Client:
    client: Client = tasks.client()
    config = {"min_backoff": timedelta(minutes=1), "max_backoff": timedelta(hours=1)}
    client.create_queue(parent=LOCATION, queue={"name": QUEUE, "retry_config": config})
    return client


def test_no_attempt_is_sent_before_the_test_moves_time(tasks: CloudTasks, client: Client, worker: Worker) -> None:
    create_task(client, QUEUE)
    before = len(worker.attempts)

    sent = tasks.advance()

    assert (before, sent, worker.times) == (0, 1, [0])


def test_virtual_time_skips_the_backoff(tasks: CloudTasks, client: Client, worker: Worker) -> None:
    worker.respond = lambda attempt: 200 if attempt.number == 6 else 500
    create_task(client, QUEUE)

    sent = tasks.run_until_idle()

    assert sent == 6
    assert worker.times == [0, 60, 180, 420, 900, 1860]
    assert tasks.now == START + timedelta(seconds=1860)


def test_time_ends_at_the_requested_moment(tasks: CloudTasks, client: Client, worker: Worker) -> None:
    worker.respond = lambda _: 500
    create_task(client, QUEUE)

    sent = tasks.advance(timedelta(minutes=2))

    assert (sent, tasks.now) == (2, START + timedelta(minutes=2))
    assert tasks.run_until_idle(limit=timedelta(minutes=1)) == 1


def test_an_attempt_can_take_virtual_time(tasks: CloudTasks, client: Client, worker: Worker) -> None:
    worker.respond = lambda _: Outcome(500, took=timedelta(minutes=5))
    create_task(client, QUEUE)

    tasks.advance(timedelta(minutes=4))
    in_flight = tasks.pending()[0]
    tasks.advance(timedelta(minutes=2))

    assert (in_flight.dispatch_count, "response_time" in in_flight.last_attempt) == (1, False)
    assert worker.times == [0, 360]


@pytest.mark.parametrize("never", [TIMEOUT, Outcome(200, took=timedelta(minutes=11))])
def test_an_attempt_ends_at_its_deadline(tasks: CloudTasks, client: Client, worker: Worker, never: Outcome) -> None:
    worker.respond = lambda _: never
    create_task(client, QUEUE)

    tasks.advance(timedelta(minutes=11))

    assert worker.times == [0, 660]
    assert worker.attempts[1].headers["X-CloudTasks-TaskPreviousResponse"] == "504"


def test_a_target_can_create_tasks(tasks: CloudTasks, client: Client, worker: Worker) -> None:
    def fan_out(attempt: Attempt) -> int:
        if attempt.task.endswith("/parent"):
            create_task(client, QUEUE, "child")
        return 200

    worker.respond = fan_out
    create_task(client, QUEUE, "parent")

    tasks.advance()

    assert [attempt.task.rpartition("/")[2] for attempt in worker.attempts] == ["parent", "child"]


def test_targets_run_in_parallel(tasks: CloudTasks, client: Client, worker: Worker) -> None:
    barrier = Barrier(2, timeout=5)
    worker.respond = lambda _: 200 if barrier.wait() >= 0 else 500
    for _ in range(2):
        create_task(client, QUEUE)

    assert tasks.advance() == 2


def test_an_exception_of_a_target_fails_the_attempt_and_reaches_the_test(
    tasks: CloudTasks, client: Client, worker: Worker
) -> None:
    def fail(attempt: Attempt) -> int:
        raise ZeroDivisionError(attempt.number)

    worker.respond = fail
    create_task(client, QUEUE)

    with pytest.raises(ZeroDivisionError):
        tasks.advance()

    assert tasks.pending()[0].last_attempt.response_status.code == 2


def test_a_target_can_be_a_coroutine_function() -> None:
    async def accept(_: Attempt) -> int:
        return 204

    with CloudTasks(clock=VirtualClock(), send=accept) as tasks:
        client = tasks.client()
        client.create_queue(parent=LOCATION, queue=tasks_v2.Queue(name=QUEUE))
        create_task(client, QUEUE)

        assert (tasks.run_until_idle(), tasks.pending()) == (1, [])


def test_a_duplicate_reaches_the_target_and_does_not_change_the_task(
    tasks: CloudTasks, client: Client, worker: Worker
) -> None:
    worker.respond = lambda attempt: 500 if attempt.number == 1 else 200
    task = create_task(client, QUEUE)
    tasks.advance()

    outcome = tasks.duplicate(task.name)

    assert outcome == Outcome(200)
    assert worker.attempts[-1].number == 2
    assert tasks.pending()[0].dispatch_count == 1
    assert tasks.advance(timedelta(minutes=1)) == 1
    assert worker.attempts[-1].headers == worker.attempts[-2].headers


def test_an_attempt_can_be_delivered_again_after_its_task_has_ended(
    tasks: CloudTasks, client: Client, worker: Worker
) -> None:
    create_task(client, QUEUE)
    tasks.run_until_idle()

    outcome = tasks.deliver(worker.attempts[0])

    assert (outcome, len(worker.attempts)) == (Outcome(200), 2)


def test_a_forced_run_is_sent_at_once(tasks: CloudTasks, client: Client, worker: Worker) -> None:
    task = create_task(client, QUEUE, schedule_time=START + timedelta(hours=1))
    client.pause_queue(name=QUEUE)

    tasks.force_run(task.name)

    assert (worker.times, tasks.pending()) == ([0], [])


def test_pending_tasks_are_listed_with_bodies_by_their_schedule_time(tasks: CloudTasks, client: Client) -> None:
    body = {"url": "https://x.invalid/", "body": b"b"}
    for task_id, minutes in (("a", 3), ("c", 1), ("b", 2)):
        create_task(client, QUEUE, task_id, http_request=body, schedule_time=START + timedelta(minutes=minutes))

    tasks.delete(f"{QUEUE}/tasks/b")

    assert [(task.name[-1], task.http_request.body) for task in tasks.pending(QUEUE)] == [("c", b"b"), ("a", b"b")]


def test_a_failed_attempt_is_logged_in_one_line_without_secrets(
    tasks: CloudTasks, client: Client, worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    worker.respond = lambda _: 503
    http = {"url": "https://x.invalid/?secret", "headers": {"Authorization": "secret"}, "body": b"secret"}
    create_task(client, QUEUE, "t", http_request=http)

    with caplog.at_level(logging.INFO):
        tasks.advance()

    line = "attempt.failed queue=q task=t attempt=1 http=503 verdict=retried retry_in=60s"
    assert [record.getMessage() for record in caplog.records] == [line]


def test_in_real_time_a_slow_target_delays_neither_other_tasks_nor_the_shutdown() -> None:
    released = Event()
    with http_target() as target:
        target.respond = lambda request: (released.wait(5), 200)[1] if request.path == "/slow" else 200
        with CloudTasks() as tasks:
            client = tasks.client()
            client.create_queue(parent=LOCATION, queue=tasks_v2.Queue(name=QUEUE))
            created = monotonic()
            later = datetime.now(UTC) + timedelta(seconds=0.3)
            create_task(client, QUEUE, http_request={"url": f"{target.url}/slow"})
            create_task(client, QUEUE, http_request={"url": f"{target.url}/later"}, schedule_time=later)
            create_task(client, QUEUE, http_request={"url": f"{target.url}/now"})
            wait_until(lambda: len(target.requests) == 3)
            arrived = monotonic()
        ended = monotonic()
        released.set()

    assert {request.path for request in target.requests[:2]} == {"/slow", "/now"}
    assert target.requests[2].path == "/later"
    assert 0.25 < arrived - created < 2
    assert ended - arrived < 1


def test_real_time_cannot_be_moved() -> None:
    with CloudTasks(send=lambda _: 200) as tasks, pytest.raises(TypeError):
        tasks.advance()
