"""RunTask, DeleteTask and duplicates, while attempts are due or in flight."""

import pytest

from local.cloud_tasks.engine import Outcome, Verdict, messages
from tests.cloud_tasks.world import QUEUE, START, World, error_of, responses, seconds, system_headers


@pytest.mark.parametrize("paused", [True, False])
def test_a_forced_task_is_sent_at_once_and_not_again_at_its_old_time(paused: bool) -> None:
    world = World()
    world.create_task("t", schedule_time=START + seconds(60))
    if paused:
        world.pause()

    returned = world.run_task("t")
    world.pass_time()
    world.resume()
    world.pass_time(seconds(120))

    assert world.times == [0]
    assert returned.schedule_time.ToDatetime(START.tzinfo) == START + seconds(60)
    assert returned.dispatch_count == 1
    assert not returned.HasField("first_attempt")
    assert returned.last_attempt == messages.Attempt(schedule_time=returned.schedule_time)
    assert world.sent[0].headers["X-CloudTasks-TaskETA"] == str(int(START.timestamp()) + 60)


def test_a_forced_task_that_fails_waits_for_its_backoff() -> None:
    world = World(lambda _: Outcome(500, took=seconds(3)), retry_config={"min_backoff": seconds(2)})
    world.create_task("t", schedule_time=START + seconds(3600))

    world.run_task("t")
    world.pass_time(seconds(4))

    assert world.get_task("t").schedule_time.ToDatetime(START.tzinfo) == START + seconds(5)
    assert world.pass_time(seconds(1))[0].dispatched == START + seconds(5)


def test_a_forced_attempt_is_in_the_retry_count_and_keeps_the_schedule_time_of_the_task() -> None:
    world = World(responses(503, 409, 500, 424, 200), retry_config={"min_backoff": seconds(60)})
    world.create_task("t")
    world.pass_time()

    world.run_task("t")  # before the retry is due
    world.pass_time(seconds(60))
    world.run_task("t")
    world.pass_time(seconds(600))

    names = ("RetryCount", "ExecutionCount", "PreviousResponse", "ETA")
    eta = [str(int((START + seconds(after)).timestamp())) for after in (0, 60, 120, 300)]
    assert world.times == [0, 0, 60, 300]
    assert [tuple(system_headers(attempt, names).values()) for attempt in world.sent] == [
        ("0", "0", None, eta[0]),
        ("1", "0", "503", eta[1]),  # forced
        ("2", "1", "409", eta[2]),  # forced
        ("3", "1", "500", eta[3]),
    ]


def test_a_forced_attempt_replaces_the_scheduled_one_even_while_it_is_in_flight() -> None:
    world = World(lambda _: Outcome(200, took=seconds(60)))
    world.create_task("t", schedule_time=START + seconds(5))

    world.run_task("t")
    world.pass_time(seconds(120))

    assert world.times == [0]


def test_a_forced_attempt_ignores_the_rate_and_the_concurrency_limit() -> None:
    limits = {"max_dispatches_per_second": 1, "max_concurrent_dispatches": 1}
    world = World(lambda _: Outcome(200, took=seconds(60)), rate_limits=limits)
    world.create_task("first")
    world.create_task("forced")
    world.pass_time()

    world.run_task("forced")
    world.pass_time()

    assert world.in_flight == 2


def test_a_failure_during_a_forced_attempt_leaves_the_verdict_to_it() -> None:
    durations = {1: Outcome(500, took=seconds(5)), 2: Outcome(200, took=seconds(60))}
    world = World(lambda attempt: durations[attempt.number])
    world.create_task("t")
    world.pass_time()

    world.run_task("t")
    world.pass_time(seconds(120))

    assert world.times == [0, 0]
    assert world.verdicts == [Verdict.UNDECIDED, Verdict.COMPLETED]


def test_an_attempt_that_ends_after_its_task_changes_nothing() -> None:
    durations = {1: Outcome(500, took=seconds(60)), 2: Outcome(200, took=seconds(5))}
    world = World(lambda attempt: durations[attempt.number])
    world.create_task("t")
    world.pass_time()

    world.run_task("t")
    world.pass_time(seconds(120))

    assert world.verdicts == [Verdict.COMPLETED, Verdict.GONE]
    assert world.engine.pending() == []


def test_a_deleted_task_is_never_sent() -> None:
    world = World()
    world.create_task("t", schedule_time=START + seconds(2))

    world.delete_task("t")
    world.pass_time(seconds(60))

    assert world.sent == []
    assert error_of(lambda: world.get_task("t")).message == (
        "The task no longer exists, though a task with this name existed recently."
        " The task either successfully completed or was deleted."
    )
    assert error_of(lambda: world.delete_task("t")).message == "Requested entity was not found."
    assert error_of(lambda: world.run_task("t")).message == "Requested entity was not found."


def test_a_task_that_is_deleted_when_due_is_not_sent() -> None:
    world = World()
    world.create_task("due")
    world.create_task("forced")
    world.run_task("forced")

    world.delete_task("due")
    world.delete_task("forced")
    world.pass_time(seconds(60))

    assert world.sent == []


def test_a_task_deleted_in_flight_is_not_retried_and_frees_its_slot() -> None:
    world = World(
        responses(Outcome(500, took=seconds(5))),
        rate_limits={"max_concurrent_dispatches": 1},
        retry_config={"min_backoff": seconds(600), "max_backoff": seconds(600)},
    )
    world.create_task("deleted")
    world.create_task("next")
    world.pass_time()

    world.delete_task("deleted")
    world.pass_time(seconds(60))

    assert world.sent_ids == ["deleted", "next"]
    assert world.verdicts == [Verdict.GONE, Verdict.RETRIED]


def test_a_duplicate_copies_the_attempt_in_flight_and_is_not_counted() -> None:
    world = World(responses(404, Outcome(200, took=seconds(60))))
    world.create_task("t")
    world.pass_time(seconds(1))

    duplicate = world.engine.deliveries.duplicate(f"{QUEUE}/tasks/t", world.now)

    assert duplicate is not None
    assert duplicate.headers == world.sent[-1].headers
    assert world.get_task("t").dispatch_count == 2


def test_a_duplicate_of_a_waiting_task_copies_its_next_attempt() -> None:
    world = World(lambda _: 503)
    world.create_task("t")
    world.pass_time()

    duplicate = world.engine.deliveries.duplicate(f"{QUEUE}/tasks/t", world.now)

    assert duplicate is not None
    shown = system_headers(duplicate, ["RetryCount", "PreviousResponse"])
    assert shown == {"RetryCount": "1", "PreviousResponse": "503"}
    assert world.pass_time(seconds(1))[0].headers == duplicate.headers
