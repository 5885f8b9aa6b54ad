"""When a failed task is tried again, and when it is given up."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """A queue's or a task's retry_config. `max_attempts` -1 and `max_retry_duration` None mean without limit."""

    max_attempts: int = 100
    max_retry_duration: timedelta | None = None
    min_backoff: timedelta = timedelta(milliseconds=100)
    max_backoff: timedelta = timedelta(hours=1)
    max_doublings: int = 16

    def backoff(self, failures: int) -> timedelta:
        """The wait after the given number of failures: doubling, then growing linearly, then constant.

        The formula gives the documented sequence (RetryConfig.max_doublings) and the recorded ones.
        """
        microsecond = timedelta(microseconds=1)
        first = self.min_backoff // microsecond
        doublings = min(failures - 1, self.max_doublings)
        interval = (first << doublings) * (failures - doublings)
        return min(interval, self.max_backoff // microsecond) * microsecond

    def gives_up(self, *, attempts: int, elapsed: timedelta) -> bool:
        """Judged right after a failure; `elapsed` counts from the first dispatch. Of two limits both count."""
        if self.max_retry_duration is None:
            return 0 < self.max_attempts <= attempts
        return attempts >= self.max_attempts and elapsed >= self.max_retry_duration
