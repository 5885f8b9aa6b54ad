"""Limits the open requests of a tenant. Approximate by design: an instance counts at most every ten seconds."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Protocol, Self

from common.errors import QuotaExceeded

CACHE = timedelta(seconds=10)


class Counts(Protocol):
    def count_open(self, *, tenant: str, limit: int) -> int: ...


@dataclass
class _Count:
    at: datetime
    open: int
    reserved: Counter[str] = field(default_factory=Counter)
    """The ids of requests reserved since then, and by how many calls: calls with one id at once count once."""


class Reservation:
    """A context in which a call stores requests. Its end releases those that are not `stored`, whatever is raised."""

    def __init__(self, count: _Count, lock: Lock, ids: frozenset[str]) -> None:
        self._count, self._lock, self._ids = count, lock, ids
        self.stored: Collection[str] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:  # a later count does not include the reservation and stays as it is
            self._count.reserved -= Counter(self._ids.difference(self.stored))


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

    def reserve(self, tenant: str, ids: Iterable[str]) -> Reservation:
        """Reserves requests by their ids. Raises QuotaExceeded, with the time until the next count, or Unavailable."""
        now, wanted = self._clock(), frozenset(ids)
        with self._lock:
            count = self._by_tenant.get(tenant)
        if count is None or now - count.at >= CACHE:
            count = _Count(now, self._counts.count_open(tenant=tenant, limit=self._limit))
        with self._lock:
            self._drop_expired(now)
            count = self._by_tenant.setdefault(tenant, count)
            if count.open + len(count.reserved.keys() | wanted) > self._limit:
                raise QuotaExceeded(self._limit, count.at + CACHE - now)
            count.reserved.update(wanted)
        return Reservation(count, self._lock, wanted)

    def _drop_expired(self, now: datetime) -> None:
        self._by_tenant = {name: count for name, count in self._by_tenant.items() if now - count.at < CACHE}
