"""A queue's configuration: defaults, bounds, masks."""

from typing import Any

import pytest
from google.rpc.error_details_pb2 import ErrorInfo

from local.cloud_tasks.engine import messages
from local.cloud_tasks.engine.messages import PAUSED, RUNNING
from tests.cloud_tasks.world import LOCATION, QUEUE, World, error_of, seconds


@pytest.mark.parametrize("zeros", [{}, {"rate_limits": {}, "retry_config": {"max_retry_duration": seconds(0)}}])
def test_an_empty_queue_has_the_documented_defaults(zeros: dict[str, Any]) -> None:
    queue = World(**zeros).get_queue()

    assert queue == messages.Queue(
        name=QUEUE,
        state=RUNNING,
        rate_limits={"max_dispatches_per_second": 500, "max_burst_size": 100, "max_concurrent_dispatches": 1000},
        retry_config={
            "max_attempts": 100,
            "min_backoff": seconds(0.1),
            "max_backoff": seconds(3600),
            "max_doublings": 16,
        },
    )


@pytest.mark.parametrize(("rate", "burst"), [(0.5, 10), (54, 10), (77, 15), (100, 20), (333, 66), (500, 100)])
def test_the_burst_depends_on_the_rate_and_not_on_the_caller(rate: float, burst: int) -> None:
    queue = World(rate_limits={"max_dispatches_per_second": rate, "max_burst_size": -5}).get_queue()

    assert queue.rate_limits.max_burst_size == burst


NAN = float("nan")
RATE, CONCURRENCY = "max_dispatches_per_second", "max_concurrent_dispatches"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (RATE, 501, "maxDispatchesPerSecond must be less than or equal to 500."),
        (RATE, NAN, "maxDispatchesPerSecond must be less than or equal to 500."),
        (RATE, -1, "maxDispatchesPerSecond cannot be negative."),
        (CONCURRENCY, 5001, "maxConcurrentDispatches must be less than or equal to 5000."),
        (CONCURRENCY, -1, "maxConcurrentDispatches cannot be negative."),
    ],
)
def test_a_limit_out_of_bounds_is_refused(field: str, value: float, message: str) -> None:
    assert error_of(lambda: World(rate_limits={field: value})).message == f"RateLimits.{message}"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"max_attempts": -2}, "maxAttempts must be greater or equal to -1."),
        ({"max_doublings": -1}, "maxDoublings cannot be negative."),
        ({"min_backoff": {"nanos": -5}}, "minBackoff cannot be negative."),
        ({"max_backoff": seconds(-1)}, "maxBackoff cannot be negative."),
        ({"max_retry_duration": seconds(-1)}, "max_retry_duration.seconds cannot be negative."),
        ({"max_retry_duration": seconds(30.9)}, "max_retry_duration.nanos cannot be set."),
        (
            {"min_backoff": seconds(9), "max_backoff": seconds(8)},
            "minBackoff must be less than or equal to RetryConfig.maxBackoff.",
        ),
    ],
)
def test_an_invalid_retry_config_is_refused_for_queues_and_for_tasks(config: dict[str, Any], message: str) -> None:
    of_queue = error_of(lambda: World(retry_config=config))
    of_task = error_of(lambda: World().create_task(retry_config=config))

    assert of_queue.message == of_task.message == f"RetryConfig.{message}"


@pytest.mark.parametrize("ratio", [1.5, -0.1, NAN])
def test_a_sampling_ratio_outside_0_to_1_is_refused(ratio: float) -> None:
    error = error_of(lambda: World(stackdriver_logging_config={"sampling_ratio": ratio}))

    assert error.message == "sampling_ratio must be between 0.0 and 1.0."


def test_backoffs_keep_their_nanoseconds() -> None:
    queue = World(retry_config={"min_backoff": {"nanos": 5}}).get_queue()

    assert queue.retry_config.min_backoff.nanos == 5


def _header(name: str) -> dict[str, Any]:
    return {"header_overrides": [{"header": {"key": name, "value": "v"}}]}


@pytest.mark.parametrize(
    ("target", "invalid_field"),
    [
        ({"uri_override": {}}, "Invalid uri_override."),
        ({"uri_override": {"host": ""}}, "Invalid Host."),
        ({"uri_override": {"host": "a:80"}}, "Invalid Host."),
        ({"uri_override": {"host": "http://a"}}, "Invalid Host."),
        ({"uri_override": {"port": -1}}, "Port number should be a positive integer."),
        ({"uri_override": {"scheme": 9}}, ""),
        ({"http_method": 99}, ""),
    ],
)
def test_an_invalid_http_target_is_refused(target: dict[str, Any], invalid_field: str) -> None:
    error = error_of(lambda: World(http_target=target))

    assert error.message == f"Error in parsing HttpTarget. {invalid_field}"
    assert error.details == (
        ErrorInfo(
            reason="INVALID_INPUT_ON_HTTP_TARGET_OVERRIDE",
            domain="cloudtasks.googleapis.com",
            metadata={"invalid_field": invalid_field},
        ),
    )


@pytest.mark.parametrize("name", ["Host", "user-agent", "X-Google-A", "X-AppEngine-A", "x-cloudtasks-a", "", "a:b"])
def test_a_queue_cannot_override_a_reserved_header(name: str) -> None:
    error = error_of(lambda: World(http_target=_header(name)))

    assert error.message == (
        "Error in parsing HttpTarget.headers. Header name cannot be empty or start with reserved prefixes."
        f" Invalid headers found: {name}"
    )


def test_a_queues_token_needs_a_service_account() -> None:
    assert error_of(lambda: World(http_target={"oidc_token": {}})).message == "service_account_email must be set."


@pytest.mark.parametrize(
    "target",
    [
        {},
        {"uri_override": {"port": 65536}},
        {"uri_override": {"path_override": {"path": "x"}}},
        {"uri_override": {"scheme": 0}},
        _header("Content-Type"),
        _header("Authorization"),
    ],
)
def test_an_http_target_is_stored_as_it_was_sent(target: dict[str, Any]) -> None:
    assert World(http_target=target).get_queue().http_target == messages.HttpTarget(**target)


def test_a_header_override_without_a_header_is_removed() -> None:
    target = {"header_overrides": [{}, {"header": {"key": "A", "value": ""}}]}

    stored = World(http_target=target).get_queue().http_target

    assert [entry.header.key for entry in stored.header_overrides] == ["A"]


def test_a_mask_changes_only_its_fields() -> None:
    world = World(retry_config={"max_attempts": 7, "max_doublings": 3}, rate_limits={"max_dispatches_per_second": 5})
    world.pause()

    updated = world.update_queue(
        "retry_config.max_attempts",
        "state",
        retry_config={"max_attempts": 2, "max_doublings": 9},
        state=RUNNING,
    )

    assert (updated.retry_config.max_attempts, updated.retry_config.max_doublings) == (2, 3)
    assert (updated.state, updated.rate_limits.max_dispatches_per_second) == (PAUSED, 5)


def test_without_a_mask_every_field_but_the_state_is_replaced() -> None:
    world = World(retry_config={"max_attempts": 7}, rate_limits={"max_dispatches_per_second": 5})
    world.pause()

    updated = world.update_queue(rate_limits={"max_dispatches_per_second": 100}, state=RUNNING)

    assert (updated.retry_config.max_attempts, updated.state) == (100, PAUSED)
    assert (updated.rate_limits.max_dispatches_per_second, updated.rate_limits.max_burst_size) == (100, 20)


def test_a_mask_without_paths_changes_nothing() -> None:
    world = World(retry_config={"max_attempts": 7})
    request = messages.UpdateQueueRequest(queue={"name": QUEUE}, update_mask={})

    assert world.engine.queues.update(request, world.now).retry_config.max_attempts == 7


@pytest.mark.parametrize("path", ["bogus", "rateLimits", "name.x", "rate_limits, retry_config", ""])
def test_a_mask_with_an_unknown_field_is_refused(path: str) -> None:
    world = World()

    assert error_of(lambda: world.update_queue(path)).message == f"Invalid mask: {path}"


def test_the_merged_queue_is_validated() -> None:
    world = World(retry_config={"max_backoff": seconds(5)})

    error = error_of(lambda: world.update_queue("retry_config.min_backoff", retry_config={"min_backoff": seconds(9)}))

    assert error.message == "RetryConfig.minBackoff must be less than or equal to RetryConfig.maxBackoff."
    assert world.get_queue().retry_config.min_backoff.ToTimedelta() == seconds(0.1)


def test_an_http_target_is_validated_even_outside_the_mask() -> None:
    target = {"uri_override": {"host": "a:80"}}

    error = error_of(lambda: World().update_queue("retry_config", http_target=target))

    assert error.message == "Error in parsing HttpTarget. Invalid Host."


def test_an_update_creates_a_missing_queue() -> None:
    world = World()
    request = messages.UpdateQueueRequest(queue={"name": f"{LOCATION}/queues/new", "retry_config": {"max_attempts": 2}})

    created = world.engine.queues.update(request, world.now)

    assert (created.state, created.retry_config.max_attempts) == (RUNNING, 2)
    assert world.get_queue(f"{LOCATION}/queues/new") == created
