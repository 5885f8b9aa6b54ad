"""The token bucket that limits a queue's dispatch rate."""

from datetime import datetime, timedelta

_SLOWEST = timedelta(days=365)  # keeps sums within the calendar


class TokenBucket:
    """Its whole state is one moment: when it will be full again. So the time of the next token is exact."""

    def __init__(self, *, rate: float, burst: int, full_at: datetime) -> None:
        self._per_token = timedelta(seconds=min(1 / rate, _SLOWEST.total_seconds()))
        self._burst = burst
        self._full_at = full_at

    def ready_at(self) -> datetime:
        """The moment from which a token is there."""
        return self._full_at - (self._burst - 1) * self._per_token

    def take(self, now: datetime) -> None:
        self._full_at = max(self._full_at, now) + self._per_token

    def resized(self, *, rate: float, burst: int, now: datetime) -> "TokenBucket":
        """A bucket of other measures from which as many tokens are missing."""
        missing = max(timedelta(0), self._full_at - now) / self._per_token
        fresh = TokenBucket(rate=rate, burst=burst, full_at=now)
        fresh._full_at += min(missing, burst) * fresh._per_token
        return fresh
