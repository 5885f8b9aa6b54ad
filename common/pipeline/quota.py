"""Limits the open requests of a tenant. Approximate by design: an instance counts at most every ten seconds."""

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
    """Reserves requests against the last count of open requests plus the reservations of this instance since then."""

    def __init__(
        self, counts: Counts, *, limit: int, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._counts = counts
        self._limit = limit
        self._clock = clock
        self._by_tenant: dict[str, _Count] = {}
        self._lock = Lock()

    def reserve(self, tenant: str, requests: int) -> None:
        """Raises QuotaExceeded, with the time until the next count, or Unavailable."""
        now = self._clock()
        with self._lock:
            count = self._by_tenant.get(tenant)
        if count is None or now - count.at >= CACHE:
            count = _Count(now, self._counts.count_open(tenant=tenant, limit=self._limit))
        with self._lock:
            self._drop_expired(now)
            count = self._by_tenant.setdefault(tenant, count)
            if count.open + requests > self._limit:
                raise QuotaExceeded(self._limit, count.at + CACHE - now)
            count.open += requests

    def release(self, tenant: str, requests: int) -> None:
        """Returns reservations that created no request."""
        with self._lock:
            if (count := self._by_tenant.get(tenant)) is not None:
                count.open = max(0, count.open - requests)

    def _drop_expired(self, now: datetime) -> None:
        self._by_tenant = {name: count for name, count in self._by_tenant.items() if now - count.at < CACHE}
