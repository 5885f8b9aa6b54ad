"""The token bucket that limits a queue's dispatch rate."""

from datetime import datetime, timedelta

_LONGEST_REFILL = timedelta(days=365)  # keeps sums within the range of datetime


class TokenBucket:
    """Stores one moment: when the bucket will be full again. The time of the next token is therefore exact."""

    def __init__(self, *, rate: float, burst: int, full_at: datetime) -> None:
        self._per_token = timedelta(seconds=min(1 / rate, _LONGEST_REFILL.total_seconds()))
        self._burst = burst
        self._full_at = full_at

    def ready_at(self) -> datetime:
        """When a token is available."""
        return self._full_at - (self._burst - 1) * self._per_token

    def take(self, now: datetime) -> None:
        self._full_at = max(self._full_at, now) + self._per_token

    def resized(self, *, rate: float, burst: int, now: datetime) -> "TokenBucket":
        """A bucket with another rate and burst in which the same number of tokens is missing."""
        missing = max(timedelta(0), self._full_at - now) / self._per_token
        resized = TokenBucket(rate=rate, burst=burst, full_at=now)
        resized._full_at += min(missing, burst) * resized._per_token
        return resized
