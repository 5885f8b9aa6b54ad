"""How many requests a tenant may have open. Approximate by design: counted at most every ten seconds per instance."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Protocol

from common.errors import QuotaExceeded

CACHE = timedelta(seconds=10)


class Counts(Protocol):
    def count_open(self, *, tenant: str, limit: int) -> int: ...


@dataclass
class _Count:
    at: datetime
    open: int


class Quota:
    """Admits requests: what was open when last counted, plus what this instance has admitted since."""

    def __init__(
        self, counts: Counts, *, limit: int, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._counts = counts
        self._limit = limit
        self._clock = clock
        self._by_tenant: dict[str, _Count] = {}
        self._lock = Lock()

    def admit(self, tenant: str, requests: int) -> None:
        """Raises QuotaExceeded, with the time after which it is counted anew, or Unavailable."""
        now = self._clock()
        with self._lock:
            count = self._by_tenant.get(tenant)
        if count is None or now - count.at >= CACHE:
            count = _Count(now, self._counts.count_open(tenant=tenant, limit=self._limit))
        with self._lock:
            self._forget(now)
            count = self._by_tenant.setdefault(tenant, count)
            if count.open + requests > self._limit:
                raise QuotaExceeded(self._limit, count.at + CACHE - now)
            count.open += requests

    def give_back(self, tenant: str, requests: int) -> None:
        """What was admitted turned out to be nothing new."""
        with self._lock:
            if (count := self._by_tenant.get(tenant)) is not None:
                count.open = max(0, count.open - requests)

    def _forget(self, now: datetime) -> None:
        self._by_tenant = {name: count for name, count in self._by_tenant.items() if now - count.at < CACHE}
