"""What limits the dispatch of the local Cloud Tasks: rate, concurrency, pauses and the schedule."""

from datetime import timedelta

import pytest

from local.cloud_tasks.engine import Attempt, Outcome, messages
from local.cloud_tasks.engine.messages import PAUSED, RUNNING
from tests.unit.cloud_tasks_world import START, World, in_turn, seconds


def test_a_scheduled_task_waits_for_its_time() -> None:  # case 11
    world = World()
    world.create_task(schedule_time=START + seconds(2))

    world.pass_time(seconds(1.999999))
    before = len(world.sent)
    world.pass_time(seconds(0.000001))

    assert (before, world.times) == (0, [2])


@pytest.mark.parametrize("past", [START - seconds(1), {"seconds": -62_167_219_200}], ids=["past", "year 0"])
def test_a_past_schedule_time_means_now(past: object) -> None:  # case 11
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


def test_a_burst_goes_out_at_once_and_the_rest_at_the_rate() -> None:  # case 14
    world = World(rate_limits={"max_dispatches_per_second": 5})
    for _ in range(30):
        world.create_task()

    world.pass_time(seconds(10))

    assert world.times == pytest.approx([0] * 10 + [n / 5 for n in range(1, 21)])


def test_a_rate_below_one_is_a_pause_between_two_tasks() -> None:  # case 14
    world = World(rate_limits={"max_dispatches_per_second": 0.5})
    for _ in range(13):
        world.create_task()

    world.pass_time(seconds(10))

    assert world.times == [0] * 10 + [2, 4, 6]


def test_retries_pay_for_their_token_too() -> None:
    world = World(in_turn(500, 200), rate_limits={"max_dispatches_per_second": 1})
    for _ in range(10):
        world.create_task()

    world.pass_time(seconds(20))

    assert world.times == [0] * 10 + list(range(1, 11))


def test_the_bucket_is_full_again_after_a_rest() -> None:
    world = World(rate_limits={"max_dispatches_per_second": 1})
    for _ in range(10):
        world.create_task()
    world.pass_time(seconds(3600))

    for _ in range(11):
        world.create_task()
    world.pass_time(seconds(1))

    assert world.times == [0] * 10 + [3600] * 10 + [3601]


def test_a_changed_rate_governs_the_tasks_that_wait() -> None:
    world = World(rate_limits={"max_dispatches_per_second": 1})
    for _ in range(14):
        world.create_task()
    world.pass_time(seconds(1))

    world.update_queue("rate_limits.max_dispatches_per_second", rate_limits={"max_dispatches_per_second": 2})
    world.pass_time(seconds(10))

    assert world.times == [0] * 10 + [1, 1.5, 2, 2.5]


def test_no_more_are_in_flight_than_allowed_retries_included() -> None:  # case 13
    at_once: list[int] = []

    def slow(attempt: Attempt) -> Outcome:
        at_once.append(world.in_flight + 1)
        return Outcome(500 if attempt.number == 1 else 200, took=seconds(3))

    world = World(slow, rate_limits={"max_concurrent_dispatches": 2})
    for _ in range(6):
        world.create_task()

    world.pass_time(seconds(60))

    assert len(world.sent) == 12
    assert max(at_once) == 2


def test_a_slow_task_does_not_hold_up_the_others() -> None:  # case 45
    world = World(lambda attempt: Outcome(200, took=seconds(300 if attempt.task.endswith("/slow") else 0)))
    for task_id in ("slow", *map(str, range(50))):
        world.create_task(task_id)

    world.pass_time(seconds(1))

    assert world.times == [0] * 51
    assert [task.name.rpartition("/")[2] for task in world.engine.pending()] == ["slow"]


def test_a_paused_queue_takes_tasks_and_sends_them_when_it_resumes() -> None:  # case 15
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


def test_a_pause_leaves_an_attempt_in_flight_alone_and_holds_its_retry() -> None:
    world = World(lambda _: Outcome(500, took=seconds(5)))
    world.create_task("t")
    world.pass_time()

    world.pause()
    world.pass_time(timedelta(hours=1))

    assert world.get_task("t").response_count == 0
    assert world.get_task("t").last_attempt.response_status.code == 13
    assert world.times == [0]


def test_a_purge_deletes_all_tasks_and_keeps_the_queue() -> None:  # case 34
    world = World()
    world.pause()
    world.create_task("t")

    purged = world.engine.queues.purge(messages.PurgeQueueRequest(name=world.get_queue().name), world.now)
    world.resume()
    world.create_task("later")
    world.pass_time()

    assert purged.state == PAUSED
    assert purged.purge_time.ToDatetime(START.tzinfo) == START
    assert [attempt.task.rpartition("/")[2] for attempt in world.sent] == ["later"]


def test_a_deleted_queue_sends_nothing_and_may_be_created_anew() -> None:  # case 35
    world = World(lambda _: Outcome(500, took=seconds(5)))
    world.create_task("in-flight")
    world.pass_time()
    world.create_task("waiting")

    world.engine.queues.delete(messages.DeleteQueueRequest(name=world.get_queue().name), world.now)
    world.pass_time(seconds(60))
    world.create_queue()
    world.create_task("waiting")

    assert world.times == [0]
    assert [task.name.rpartition("/")[2] for task in world.engine.pending()] == ["waiting"]
