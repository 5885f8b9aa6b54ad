"""A queue's configuration: the bounds, the defaults, and what the engine reads from it."""

from dataclasses import dataclass
from math import floor

from google.protobuf.duration_pb2 import Duration

from local.cloud_tasks.engine.errors import ApiError, invalid, not_implemented
from local.cloud_tasks.engine.http_target import Override, check_http_target, drop_empty_headers, override_of
from local.cloud_tasks.engine.messages import Queue, RetryConfig, delta, duration
from local.cloud_tasks.engine.retry import RetryPolicy

_DEFAULT_RATE = 500.0
_DEFAULT_CONCURRENCY = 1000
_DEFAULTS = RetryPolicy()


@dataclass(frozen=True, slots=True)
class Settings:
    """The configuration as the dispatch reads it."""

    rate: float
    burst: int
    concurrency: int
    retry: RetryPolicy
    override: Override


def settings_of(queue: Queue) -> Settings:
    """What a checked and filled queue says."""
    limits = queue.rate_limits
    return Settings(
        rate=limits.max_dispatches_per_second,
        burst=limits.max_burst_size,
        concurrency=limits.max_concurrent_dispatches,
        retry=policy_of(queue.retry_config),
        override=override_of(queue),
    )


def policy_of(config: RetryConfig) -> RetryPolicy:
    """What a checked and filled retry_config says."""
    limited = config.HasField("max_retry_duration")
    return RetryPolicy(
        max_attempts=config.max_attempts,
        max_retry_duration=delta(config.max_retry_duration) if limited else None,
        min_backoff=delta(config.min_backoff),
        max_backoff=delta(config.max_backoff),
        max_doublings=config.max_doublings,
    )


def check_and_fill(queue: Queue) -> None:
    """Refuses what the real service refuses, then writes the defaults where zero or nothing stands."""
    if queue.HasField("app_engine_routing_override"):
        raise not_implemented("App Engine routing is not part of the local Cloud Tasks; only HTTP targets are.")
    _fill_rate_limits(queue)
    fill_retry_config(queue.retry_config)
    _fill_logging(queue)
    if queue.HasField("http_target"):
        drop_empty_headers(queue.http_target)
        check_http_target(queue.http_target)


def fill_retry_config(config: RetryConfig) -> None:
    """Checks and fills a queue's or a task's retry_config; the gaps of both are filled with the defaults."""
    if config.max_attempts < -1:
        raise invalid("RetryConfig.maxAttempts must be greater or equal to -1.")
    if config.max_doublings < 0:
        raise _negative("RetryConfig.maxDoublings")
    _check_retry_durations(config)
    config.max_attempts = config.max_attempts or _DEFAULTS.max_attempts
    config.max_doublings = config.max_doublings or _DEFAULTS.max_doublings
    if not config.max_retry_duration.seconds:
        config.ClearField("max_retry_duration")
    if not _nanoseconds(config.min_backoff):
        config.min_backoff.CopyFrom(duration(_DEFAULTS.min_backoff))
    if not _nanoseconds(config.max_backoff):
        config.max_backoff.CopyFrom(duration(_DEFAULTS.max_backoff))
    if _nanoseconds(config.min_backoff) > _nanoseconds(config.max_backoff):
        raise invalid("RetryConfig.minBackoff must be less than or equal to RetryConfig.maxBackoff.")


def _check_retry_durations(config: RetryConfig) -> None:
    if config.max_retry_duration.seconds < 0:
        raise _negative("RetryConfig.max_retry_duration.seconds")
    if config.max_retry_duration.nanos:
        raise invalid("RetryConfig.max_retry_duration.nanos cannot be set.")
    if _nanoseconds(config.min_backoff) < 0:
        raise _negative("RetryConfig.minBackoff")
    if _nanoseconds(config.max_backoff) < 0:
        raise _negative("RetryConfig.maxBackoff")


def _fill_rate_limits(queue: Queue) -> None:
    limits = queue.rate_limits
    if limits.max_dispatches_per_second < 0:
        raise _negative("RateLimits.maxDispatchesPerSecond")
    if not limits.max_dispatches_per_second <= 500:
        raise invalid("RateLimits.maxDispatchesPerSecond must be less than or equal to 500.")
    if limits.max_concurrent_dispatches < 0:
        raise _negative("RateLimits.maxConcurrentDispatches")
    if limits.max_concurrent_dispatches > 5000:
        raise invalid("RateLimits.maxConcurrentDispatches must be less than or equal to 5000.")
    limits.max_dispatches_per_second = limits.max_dispatches_per_second or _DEFAULT_RATE
    limits.max_concurrent_dispatches = limits.max_concurrent_dispatches or _DEFAULT_CONCURRENCY
    limits.max_burst_size = max(10, floor(limits.max_dispatches_per_second / 5))


def _fill_logging(queue: Queue) -> None:
    ratio = queue.stackdriver_logging_config.sampling_ratio
    if not 0.0 <= ratio <= 1.0:
        raise invalid("sampling_ratio must be between 0.0 and 1.0.")
    if not ratio:
        queue.ClearField("stackdriver_logging_config")


def _nanoseconds(message: Duration) -> int:
    return message.seconds * 1_000_000_000 + message.nanos


def _negative(field: str) -> ApiError:
    return invalid(f"{field} cannot be negative.")
