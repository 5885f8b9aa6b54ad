"""When a failed task is retried, when it is deleted, and what it shows of its attempts."""

from datetime import timedelta
from itertools import accumulate

import pytest

from local.cloud_tasks.engine import TIMEOUT, UNREACHABLE, ApiError, Outcome, Verdict
from local.cloud_tasks.engine.retry import RetryPolicy
from tests.cloud_tasks.world import START, World, responses, seconds


def _constant(wait: float, **limits: object) -> dict[str, object]:
    return {"retry_config": {"min_backoff": seconds(wait), "max_backoff": seconds(wait), **limits}}


@pytest.mark.parametrize(
    ("first", "longest", "doublings", "expected"),
    [
        pytest.param(10, 300, 3, [10, 20, 40, 80, 160, 240, 300, 300], id="documented"),
        pytest.param(1, 7, 1, [1, 2, 4, 6, 7], id="recorded"),
        pytest.param(1, 10, 1, [1, 2, 4, 6, 8, 10, 10], id="constant"),
        pytest.param(0.1, 3600, 16, [0.1 * 2**k for k in range(16)] + [3600, 3600], id="defaults"),
    ],
)
def test_backoff_doubles_then_grows_linearly_then_stays_constant(
    first: float, longest: float, doublings: int, expected: list[float]
) -> None:
    policy = RetryPolicy(min_backoff=seconds(first), max_backoff=seconds(longest), max_doublings=doublings)

    waits = [policy.backoff(failures).total_seconds() for failures in range(1, len(expected) + 1)]

    assert waits == pytest.approx(expected)


def test_a_hundred_default_attempts_span_85_hours() -> None:
    policy = RetryPolicy()

    assert sum((policy.backoff(n) for n in range(1, 100)), timedelta(0)) == seconds(305_353.5)


def test_the_backoff_starts_at_the_moment_of_the_failure() -> None:
    retry = {"min_backoff": seconds(1), "max_backoff": seconds(10), "max_doublings": 1}
    world = World(lambda _: Outcome(500, took=seconds(5)), retry_config=retry)
    world.create_task()

    world.pass_time(seconds(76))

    assert world.times == list(accumulate([0, *(5 + wait for wait in (1, 2, 4, 6, 8, 10, 10))]))


def test_a_failure_and_a_success_make_two_attempts() -> None:
    world = World(responses(500, 200))
    world.create_task("t")

    world.pass_time(seconds(1))

    assert [attempt.headers["X-CloudTasks-TaskRetryCount"] for attempt in world.sent] == ["0", "1"]
    assert world.verdicts == [Verdict.RETRIED, Verdict.COMPLETED]


@pytest.mark.parametrize(
    ("wait", "limits", "attempts"),
    [
        pytest.param(2, {"max_attempts": 3}, 3, id="attempts"),
        pytest.param(2, {"max_attempts": 2, "max_retry_duration": seconds(3)}, 3, id="attempts and a longer duration"),
        pytest.param(1, {"max_attempts": 4, "max_retry_duration": seconds(1)}, 4, id="a duration and more attempts"),
        pytest.param(2, {"max_attempts": -1, "max_retry_duration": seconds(3)}, 3, id="duration"),
    ],
)
def test_a_task_is_deleted_at_its_retry_limits_and_its_name_stays_used(
    wait: float, limits: dict[str, object], attempts: int
) -> None:
    world = World(lambda _: 500, **_constant(wait, **limits))
    world.create_task("t")

    world.pass_time(timedelta(hours=1))

    assert len(world.sent) == attempts
    assert world.verdicts[-1] is Verdict.EXHAUSTED
    with pytest.raises(ApiError, match="The task no longer exists"):
        world.get_task("t")
    with pytest.raises(ApiError, match="existed too recently"):
        world.create_task("t")


def test_without_a_limit_retries_continue_beyond_a_hundred() -> None:
    world = World(lambda _: 500, **_constant(1, max_attempts=-1))
    world.create_task()

    world.pass_time(seconds(250))

    assert len(world.sent) == 251


def test_a_task_is_deleted_after_31_days_even_without_a_retry_limit() -> None:
    world = World(lambda _: 500, **_constant(3600, max_attempts=-1))
    world.create_task("t")

    world.pass_time(timedelta(days=31, hours=12))

    assert world.times[-1] == timedelta(days=31).total_seconds() - 3600
    with pytest.raises(ApiError, match="The task no longer exists"):
        world.get_task("t")


def test_a_task_of_a_paused_queue_is_deleted_after_31_days_too() -> None:
    world = World()
    world.create_task("t")
    world.pause()

    world.pass_time(timedelta(days=31))

    with pytest.raises(ApiError, match="The task no longer exists"):
        world.get_task("t")


def test_a_tasks_own_retry_config_replaces_the_queues_and_is_filled_with_defaults() -> None:
    world = World(lambda _: 500, retry_config={"max_attempts": 10})

    created = world.create_task(retry_config={"max_attempts": 2})
    world.pass_time(timedelta(hours=1))

    assert len(world.sent) == 2
    assert created.retry_config.max_doublings == 16
    assert created.retry_config.min_backoff.ToTimedelta() == seconds(0.1)
    assert created.retry_config.max_backoff.ToTimedelta() == seconds(3600)
    assert not created.retry_config.HasField("max_retry_duration")


def test_a_changed_retry_config_applies_to_the_next_failure() -> None:
    world = World(lambda _: 500, **_constant(10))
    world.create_task()
    world.pass_time()

    world.update_queue("retry_config.max_attempts", retry_config={"max_attempts": 2})
    world.pass_time(timedelta(hours=1))

    assert world.times == [0, 10]


def test_a_failed_task_shows_its_first_and_its_last_attempt() -> None:
    world = World(responses(500, 404), **_constant(2))
    world.create_task("t")

    world.pass_time(seconds(3))

    task = world.get_task("t")
    first, last = task.first_attempt, task.last_attempt
    assert first.dispatch_time.ToDatetime(START.tzinfo) == START
    assert not first.HasField("schedule_time")
    assert not first.HasField("response_time")
    assert last.schedule_time.ToDatetime(START.tzinfo) == START + seconds(2)
    assert last.dispatch_time == last.schedule_time == last.response_time
    assert last.response_status.message == "NOT_FOUND(5): HTTP status code 404"
    assert task.schedule_time.ToDatetime(START.tzinfo) == START + seconds(4)


@pytest.mark.parametrize(
    ("status", "expected", "counted"),
    [
        (301, "UNKNOWN(2)", 1),
        (400, "INVALID_ARGUMENT(3)", 1),
        (401, "UNAUTHENTICATED(16)", 1),
        (403, "PERMISSION_DENIED(7)", 1),
        (404, "NOT_FOUND(5)", 1),
        (405, "FAILED_PRECONDITION(9)", 1),
        (409, "ABORTED(10)", 1),
        (410, "FAILED_PRECONDITION(9)", 1),
        (418, "FAILED_PRECONDITION(9)", 1),
        (429, "RESOURCE_EXHAUSTED(8)", 1),
        (499, "CANCELLED(1)", 1),
        (500, "INTERNAL(13)", 0),
        (501, "UNIMPLEMENTED(12)", 0),
        (502, "INTERNAL(13)", 0),
        (503, "UNAVAILABLE(14)", 0),
        (504, "DEADLINE_EXCEEDED(4)", 0),
        (505, "INTERNAL(13)", 0),
        (507, "INTERNAL(13)", 0),
    ],
)
def test_a_status_has_its_code_and_counts_as_a_response_below_500(status: int, expected: str, counted: int) -> None:
    world = World(lambda _: status, **_constant(2))
    world.create_task("t")

    world.pass_time()

    task = world.get_task("t")
    assert task.last_attempt.response_status.message == f"{expected}: HTTP status code {status}"
    assert f"({task.last_attempt.response_status.code})" in expected
    assert (task.dispatch_count, task.response_count) == (1, counted)


def test_an_unreachable_target_is_retried_and_not_counted_as_a_response() -> None:
    world = World(lambda _: UNREACHABLE, **_constant(2))
    world.create_task("t")

    world.pass_time(seconds(2))

    task = world.get_task("t")
    assert world.sent[1].headers["X-CloudTasks-TaskPreviousResponse"] == "504"
    assert (task.dispatch_count, task.response_count) == (2, 0)
    assert task.last_attempt.response_status.message == "UNKNOWN(2): HTTP status code 0"


def test_an_attempt_ends_at_its_deadline_with_status_504() -> None:
    world = World(lambda _: TIMEOUT, **_constant(2))
    world.create_task("t", dispatch_deadline=seconds(15))

    world.pass_time(seconds(17))

    task = world.get_task("t")
    assert world.times == [0, 17]
    assert task.last_attempt.dispatch_time.ToDatetime(START.tzinfo) == START + seconds(17)
    assert world.verdicts == [Verdict.RETRIED]
    assert world.sent[1].headers["X-CloudTasks-TaskPreviousResponse"] == "504"
    assert world.sent[1].headers["X-CloudTasks-TaskExecutionCount"] == "0"


@pytest.mark.parametrize("status", [200, 204, 299])
def test_a_2xx_status_completes_the_task(status: int) -> None:
    world = World(lambda _: status)
    world.create_task()

    world.pass_time(seconds(60))

    assert world.verdicts == [Verdict.COMPLETED]


@pytest.mark.parametrize("status", [199, 300, 304, 400, 404, 599])
def test_any_other_status_is_retried(status: int) -> None:
    world = World(responses(status, 200))
    world.create_task()

    world.pass_time(seconds(60))

    assert world.verdicts == [Verdict.RETRIED, Verdict.COMPLETED]
