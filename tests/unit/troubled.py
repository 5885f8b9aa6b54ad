"""Gateways in trouble: the fakes, with what goes wrong told in advance."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from enum import Enum, auto

from common.errors import Unavailable
from common.pipeline.record import Record, Status
from common.pipeline.store import CommitUncertain, Overdue, Page, Position, Stored, Update
from tests.fakes import FakeDocuments, FakeTasks


class Trouble(Enum):
    """What becomes of a commit."""

    LOST = auto()
    """It lands, and its answer does not come."""
    REFUSED = auto()
    """It does not land, and nobody says so."""


class TroubledDocuments:
    """`next_commits` says what happens to each of the next commits: a trouble, or what another does just before."""

    def __init__(self, *records: Record) -> None:
        self.inner = FakeDocuments()
        self.inner.stored = {record.id: Stored(record, "0") for record in records}
        self.next_commits: list[Trouble | Callable[[], object]] = []
        self.readable = True
        self.reads = 0
        self.newer: set[str] = set()

    def __getitem__(self, record_id: str) -> Record:
        return self.inner.stored[record_id].record

    @property
    def commits(self) -> int:
        """How many have landed."""
        return self.inner.commits

    def commit(self, update: Update | None, creates: Sequence[Record]) -> str:
        trouble = self.next_commits.pop(0) if self.next_commits else None
        if trouble is Trouble.REFUSED:
            raise CommitUncertain("refused")
        if callable(trouble):
            trouble()
        update_time = self.inner.commit(update, creates)
        if trouble is Trouble.LOST:
            raise CommitUncertain("lost")
        return update_time

    def read(self, record_id: str) -> Stored | None:
        return self.read_all([record_id]).get(record_id)

    def read_all(self, record_ids: Iterable[str]) -> dict[str, Stored]:
        if not (wanted := list(record_ids)):
            return {}
        self.reads += 1
        if not self.readable:
            raise Unavailable("no answer")
        return self.inner.read_all(wanted)

    def page(self, *, tenant: str, status: Status | None, limit: int, after: Position | None) -> Page:
        return self.inner.page(tenant=tenant, status=status, limit=limit, after=after)

    def count_open(self, *, tenant: str, limit: int) -> int:
        return self.inner.count_open(tenant=tenant, limit=limit)

    def overdue(self, *, shard: int, now: datetime, limit: int, after: Overdue | None = None) -> list[Overdue]:
        found = self.inner.overdue(shard=shard, now=now, limit=limit, after=after)
        return [Overdue(each.id, each.due, None) if each.id in self.newer else each for each in found]


class TroubledTasks:
    """`refused` are the requests whose tasks Cloud Tasks does not take, tell of or delete; `before` is called first."""

    def __init__(self) -> None:
        self.inner = FakeTasks()
        self.refused: dict[str, Exception] = {}
        self.before: Callable[[], object] = lambda: None

    @property
    def names(self) -> set[str]:
        """The live ones."""
        return set(self.inner.live)

    def enqueue(self, stored: Stored) -> bool:
        self._check(stored.record)
        return self.inner.enqueue(stored)

    def exists(self, record: Record) -> bool:
        self._check(record)
        return self.inner.exists(record)

    def delete(self, record: Record) -> None:
        self._check(record)
        self.inner.delete(record)

    def _check(self, record: Record) -> None:
        self.before()
        if record.id in self.refused:
            raise self.refused[record.id]
