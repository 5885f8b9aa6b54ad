"""The retry_config of a queue or a task: its bounds and defaults, the backoff, and when retries end."""

from dataclasses import dataclass
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration

from local.cloud_tasks.engine.errors import invalid_argument
from local.cloud_tasks.engine.messages import RetryConfig, to_duration, to_timedelta


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """A complete retry_config. `max_attempts` -1 and `max_retry_duration` None mean no limit."""

    max_attempts: int = 100
    max_retry_duration: timedelta | None = None
    min_backoff: timedelta = timedelta(milliseconds=100)
    max_backoff: timedelta = timedelta(hours=1)
    max_doublings: int = 16

    def backoff(self, failures: int) -> timedelta:
        """The wait after the given number of failures: it doubles, then grows linearly, then stays constant.

        The formula yields the documented sequence (RetryConfig.max_doublings) and the recorded ones.
        """
        microsecond = timedelta(microseconds=1)
        first = self.min_backoff // microsecond
        doublings = min(failures - 1, self.max_doublings)
        interval = (first << doublings) * (failures - doublings)
        return min(interval, self.max_backoff // microsecond) * microsecond

    def is_exhausted(self, *, attempts: int, elapsed: timedelta) -> bool:
        """Whether a task is deleted after a failure; `elapsed` counts from its first dispatch.

        A task with both limits must have reached both.
        """
        if self.max_retry_duration is None:
            return 0 < self.max_attempts <= attempts
        return attempts >= self.max_attempts and elapsed >= self.max_retry_duration


_DEFAULTS = RetryPolicy()


def read_policy(config: RetryConfig) -> RetryPolicy:
    """The policy of a complete retry_config."""
    is_limited = config.HasField("max_retry_duration")
    return RetryPolicy(
        max_attempts=config.max_attempts,
        max_retry_duration=to_timedelta(config.max_retry_duration) if is_limited else None,
        min_backoff=to_timedelta(config.min_backoff),
        max_backoff=to_timedelta(config.max_backoff),
        max_doublings=config.max_doublings,
    )


def complete_retry_config(config: RetryConfig) -> None:
    """Validates a retry_config, then sets the fields that are unset or zero to the defaults."""
    if config.max_attempts < -1:
        raise invalid_argument("RetryConfig.maxAttempts must be greater or equal to -1.")
    if config.max_doublings < 0:
        raise invalid_argument("RetryConfig.maxDoublings cannot be negative.")
    _validate_durations(config)
    config.max_attempts = config.max_attempts or _DEFAULTS.max_attempts
    config.max_doublings = config.max_doublings or _DEFAULTS.max_doublings
    if not config.max_retry_duration.seconds:
        config.ClearField("max_retry_duration")
    if not _nanoseconds(config.min_backoff):
        config.min_backoff.CopyFrom(to_duration(_DEFAULTS.min_backoff))
    if not _nanoseconds(config.max_backoff):
        config.max_backoff.CopyFrom(to_duration(_DEFAULTS.max_backoff))
    if _nanoseconds(config.min_backoff) > _nanoseconds(config.max_backoff):
        raise invalid_argument("RetryConfig.minBackoff must be less than or equal to RetryConfig.maxBackoff.")


def _validate_durations(config: RetryConfig) -> None:
    if config.max_retry_duration.seconds < 0:
        raise invalid_argument("RetryConfig.max_retry_duration.seconds cannot be negative.")
    if config.max_retry_duration.nanos:
        raise invalid_argument("RetryConfig.max_retry_duration.nanos cannot be set.")
    if _nanoseconds(config.min_backoff) < 0:
        raise invalid_argument("RetryConfig.minBackoff cannot be negative.")
    if _nanoseconds(config.max_backoff) < 0:
        raise invalid_argument("RetryConfig.maxBackoff cannot be negative.")


def _nanoseconds(message: Duration) -> int:
    return message.seconds * 1_000_000_000 + message.nanos
