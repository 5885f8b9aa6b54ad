"""RunTask, DeleteTask and duplicates beside the attempts that are due or under way."""

import pytest

from local.cloud_tasks.engine import ApiError, Outcome, Verdict, messages
from tests.unit.cloud_tasks_world import QUEUE, START, World, in_turn, seconds, system_headers


@pytest.mark.parametrize("paused", [True, False])
def test_a_forced_task_goes_out_at_once_and_not_again_at_its_old_time(paused: bool) -> None:  # case 16
    world = World()
    world.create_task("t", schedule_time=START + seconds(60))
    if paused:
        world.pause()

    answer = world.run_task("t")
    world.pass_time()
    world.resume()
    world.pass_time(seconds(120))

    assert world.times == [0]
    assert answer.schedule_time.ToDatetime(START.tzinfo) == START + seconds(60)
    assert answer.dispatch_count == 1
    assert not answer.HasField("first_attempt")
    assert answer.last_attempt == messages.AttemptRecord(schedule_time=answer.schedule_time)
    assert world.sent[0].headers["X-CloudTasks-TaskETA"] == str(int(START.timestamp()) + 60)


def test_a_forced_task_that_fails_waits_for_its_backoff() -> None:  # case 17
    world = World(lambda _: Outcome(500, took=seconds(3)), retry_config={"min_backoff": seconds(2)})
    world.create_task("t", schedule_time=START + seconds(3600))

    world.run_task("t")
    world.pass_time(seconds(4))

    assert world.get_task("t").schedule_time.ToDatetime(START.tzinfo) == START + seconds(5)
    assert world.pass_time(seconds(1))[0].dispatched == START + seconds(5)


def test_an_old_time_that_passes_during_a_forced_attempt_sends_nothing() -> None:  # case 16
    world = World(lambda _: Outcome(200, took=seconds(60)))
    world.create_task("t", schedule_time=START + seconds(5))

    world.run_task("t")
    world.pass_time(seconds(120))

    assert world.times == [0]


def test_a_forced_run_needs_neither_token_nor_slot() -> None:
    limits = {"max_dispatches_per_second": 1, "max_concurrent_dispatches": 1}
    world = World(lambda _: Outcome(200, took=seconds(60)), rate_limits=limits)
    world.create_task("first")
    world.create_task("forced")
    world.pass_time()

    world.run_task("forced")
    world.pass_time()

    assert world.in_flight == 2


def test_a_failure_beside_a_forced_attempt_leaves_the_decision_to_it() -> None:
    durations = {1: Outcome(500, took=seconds(5)), 2: Outcome(200, took=seconds(60))}
    world = World(lambda attempt: durations[attempt.number])
    world.create_task("t")
    world.pass_time()

    world.run_task("t")
    world.pass_time(seconds(120))

    assert world.times == [0, 0]
    assert world.verdicts == [Verdict.OVERTAKEN, Verdict.COMPLETED]


def test_the_end_of_an_attempt_whose_task_has_completed_changes_nothing() -> None:
    durations = {1: Outcome(500, took=seconds(60)), 2: Outcome(200, took=seconds(5))}
    world = World(lambda attempt: durations[attempt.number])
    world.create_task("t")
    world.pass_time()

    world.run_task("t")
    world.pass_time(seconds(120))

    assert world.verdicts == [Verdict.COMPLETED, Verdict.GONE]
    assert world.engine.pending() == []


def test_a_deleted_task_never_fires() -> None:  # case 18
    world = World()
    world.create_task("t", schedule_time=START + seconds(2))

    world.delete_task("t")
    world.pass_time(seconds(60))

    assert world.sent == []
    with pytest.raises(ApiError, match="The task no longer exists, though"):
        world.get_task("t")
    with pytest.raises(ApiError, match=r"Requested entity was not found\."):
        world.delete_task("t")
    with pytest.raises(ApiError, match=r"Requested entity was not found\."):
        world.run_task("t")


def test_a_delete_wins_against_an_attempt_that_is_due() -> None:
    world = World()
    world.create_task("due")
    world.create_task("forced")
    world.run_task("forced")

    world.delete_task("due")
    world.delete_task("forced")
    world.pass_time(seconds(60))

    assert world.sent == []


def test_a_deleted_task_in_flight_is_not_retried_and_gives_back_its_slot() -> None:
    world = World(
        in_turn(Outcome(500, took=seconds(5))),
        rate_limits={"max_concurrent_dispatches": 1},
        retry_config={"min_backoff": seconds(600), "max_backoff": seconds(600)},
    )
    world.create_task("deleted")
    world.create_task("next")
    world.pass_time()

    world.delete_task("deleted")
    world.pass_time(seconds(60))

    assert [attempt.task.rpartition("/")[2] for attempt in world.sent] == ["deleted", "next"]
    assert world.verdicts == [Verdict.GONE, Verdict.RETRIED]


def test_a_duplicate_repeats_the_attempt_in_flight_and_counts_nothing() -> None:
    world = World(in_turn(404, Outcome(200, took=seconds(60))))
    world.create_task("t")
    world.pass_time(seconds(1))

    duplicate = world.engine.deliveries.duplicate(f"{QUEUE}/tasks/t", world.now)

    assert duplicate is not None
    assert duplicate.headers == world.sent[-1].headers
    assert world.get_task("t").dispatch_count == 2


def test_a_duplicate_of_a_waiting_task_is_its_next_attempt() -> None:
    world = World(lambda _: 503)
    world.create_task("t")
    world.pass_time()

    duplicate = world.engine.deliveries.duplicate(f"{QUEUE}/tasks/t", world.now)

    assert duplicate is not None
    shown = system_headers(duplicate, ["RetryCount", "PreviousResponse"])
    assert shown == {"RetryCount": "1", "PreviousResponse": "503"}
    assert world.pass_time(seconds(1))[0].headers == duplicate.headers
