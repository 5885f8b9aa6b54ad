"""When attempts are sent: the schedule, rate, concurrency and pauses; purged and deleted queues."""

from datetime import timedelta

import pytest

from local.cloud_tasks.engine import Attempt, Outcome
from local.cloud_tasks.engine.messages import PAUSED, RUNNING
from tests.cloud_tasks.world import START, World, responses, seconds


def test_a_scheduled_task_waits_for_its_time() -> None:
    world = World()
    world.create_task(schedule_time=START + seconds(2))

    world.pass_time(seconds(1.999999))
    before = len(world.sent)
    world.pass_time(seconds(0.000001))

    assert (before, world.times) == (0, [2])


@pytest.mark.parametrize("past", [START - seconds(1), {"seconds": -62_167_219_200}], ids=["past", "year 0"])
def test_a_past_schedule_time_means_now(past: object) -> None:
    world = World()

    task = world.create_task(schedule_time=past)
    world.pass_time()

    assert task.schedule_time.ToDatetime(START.tzinfo) == START
    assert world.times == [0]


def test_the_schedule_time_is_stored_in_whole_microseconds() -> None:
    world = World()
    seconds_then = int(START.timestamp()) + 60

    task = world.create_task(schedule_time={"seconds": seconds_then, "nanos": 123_456_789})

    assert (task.schedule_time.seconds, task.schedule_time.nanos) == (seconds_then, 123_456_000)


def test_a_burst_is_sent_at_once_and_the_rest_at_the_rate() -> None:
    world = World(rate_limits={"max_dispatches_per_second": 5})
    for _ in range(30):
        world.create_task()

    world.pass_time(seconds(10))

    assert world.times == pytest.approx([0] * 10 + [n / 5 for n in range(1, 21)])


def test_a_rate_below_one_leaves_seconds_between_two_tasks() -> None:
    world = World(rate_limits={"max_dispatches_per_second": 0.5})
    for _ in range(13):
        world.create_task()

    world.pass_time(seconds(10))

    assert world.times == [0] * 10 + [2, 4, 6]


def test_a_retry_takes_a_token_from_the_rate_too() -> None:
    world = World(responses(500, 200), rate_limits={"max_dispatches_per_second": 1})
    for _ in range(10):
        world.create_task()

    world.pass_time(seconds(20))

    assert world.times == [0] * 10 + list(range(1, 11))


def test_the_burst_is_available_again_after_idle_time() -> None:
    world = World(rate_limits={"max_dispatches_per_second": 1})
    for _ in range(10):
        world.create_task()
    world.pass_time(seconds(3600))

    for _ in range(11):
        world.create_task()
    world.pass_time(seconds(1))

    assert world.times == [0] * 10 + [3600] * 10 + [3601]


def test_a_changed_rate_applies_to_waiting_tasks() -> None:
    world = World(rate_limits={"max_dispatches_per_second": 1})
    for _ in range(14):
        world.create_task()
    world.pass_time(seconds(1))

    world.update_queue("rate_limits.max_dispatches_per_second", rate_limits={"max_dispatches_per_second": 2})
    world.pass_time(seconds(10))

    assert world.times == [0] * 10 + [1, 1.5, 2, 2.5]


def test_no_more_attempts_are_in_flight_than_allowed_retries_included() -> None:
    in_flight: list[int] = []

    def slow(attempt: Attempt) -> Outcome:
        in_flight.append(world.in_flight + 1)
        return Outcome(500 if attempt.number == 1 else 200, took=seconds(3))

    world = World(slow, rate_limits={"max_concurrent_dispatches": 2})
    for _ in range(6):
        world.create_task()

    world.pass_time(seconds(60))

    assert len(world.sent) == 12
    assert max(in_flight) == 2


def test_a_slow_task_does_not_delay_the_others() -> None:
    world = World(lambda attempt: Outcome(200, took=seconds(300 if attempt.task.endswith("/slow") else 0)))
    for task_id in ("slow", *map(str, range(50))):
        world.create_task(task_id)

    world.pass_time(seconds(1))

    assert world.times == [0] * 51
    assert world.pending_ids == ["slow"]


def test_a_paused_queue_accepts_tasks_and_sends_them_when_it_resumes() -> None:
    world = World()
    states = [world.pause().state, world.pause().state]
    for _ in range(3):
        world.create_task()
    world.pass_time(seconds(60))
    before = len(world.sent)

    states += [world.resume().state, world.resume().state]
    world.pass_time()

    assert states == [PAUSED, PAUSED, RUNNING, RUNNING]
    assert (before, world.times) == (0, [60] * 3)


def test_a_pause_does_not_stop_an_attempt_in_flight_but_its_retry() -> None:
    world = World(lambda _: Outcome(500, took=seconds(5)))
    world.create_task("t")
    world.pass_time()

    world.pause()
    world.pass_time(timedelta(hours=1))

    assert world.get_task("t").response_count == 0
    assert world.get_task("t").last_attempt.response_status.code == 13
    assert world.times == [0]


def test_a_purge_deletes_all_tasks_and_keeps_the_queue() -> None:
    world = World()
    world.pause()
    world.create_task("t")

    purged = world.purge()
    world.resume()
    world.create_task("later")
    world.pass_time()

    assert purged.state == PAUSED
    assert purged.purge_time.ToDatetime(START.tzinfo) == START
    assert world.sent_ids == ["later"]


def test_a_deleted_queue_sends_nothing_and_can_be_created_again() -> None:
    world = World(lambda _: Outcome(500, took=seconds(5)))
    world.create_task("in-flight")
    world.pass_time()
    world.create_task("waiting")

    world.delete_queue()
    world.pass_time(seconds(60))
    world.create_queue()
    world.create_task("waiting")

    assert world.times == [0]
    assert world.pending_ids == ["waiting"]
