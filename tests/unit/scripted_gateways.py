"""Fakes of the gateways with scripted faults: a test states which calls fail, and how."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from enum import Enum, auto

from common.errors import NewerRecord, Unavailable
from common.pipeline.record import Record, Status
from common.pipeline.store import CommitUncertain, Overdue, Page, Position, Stored, Update
from tests.fakes import FakeDocuments, FakeTasks


class CommitFault(Enum):
    """Both raise CommitUncertain, so the caller cannot distinguish them."""

    ANSWER_LOST = auto()
    """The commit lands."""
    NOT_APPLIED = auto()
    """The commit does not land."""


class ScriptedDocuments:
    """`next_commits` scripts the next commits: a fault, or a function that is called just before the commit.

    Reads raise Unavailable while `readable` is False. `newer` are the ids of records of a newer release.
    """

    def __init__(self, *records: Record) -> None:
        self.inner = FakeDocuments({record.id: Stored(record, "0") for record in records})
        self.next_commits: list[CommitFault | Callable[[], object]] = []
        self.readable = True
        self.reads = 0
        self.newer: set[str] = set()

    def __getitem__(self, record_id: str) -> Record:
        return self.stored(record_id).record

    def stored(self, record_id: str = "r1") -> Stored:
        return self.inner.stored[record_id]

    @property
    def records(self) -> dict[str, Record]:
        return {record_id: stored.record for record_id, stored in self.inner.stored.items()}

    @property
    def commits(self) -> int:
        """The number of commits that have landed."""
        return self.inner.commits

    def commit(self, update: Update | None, creates: Sequence[Record]) -> str:
        scripted = self.next_commits.pop(0) if self.next_commits else None
        if scripted is CommitFault.NOT_APPLIED:
            raise CommitUncertain("not applied")
        if callable(scripted):
            scripted()
        update_time = self.inner.commit(update, creates)
        if scripted is CommitFault.ANSWER_LOST:
            raise CommitUncertain("the answer was lost")
        return update_time

    def read(self, record_id: str) -> Stored | None:
        return self.read_all([record_id]).get(record_id)

    def read_all(self, record_ids: Iterable[str]) -> dict[str, Stored]:
        if not (ids := list(record_ids)):
            return {}
        self.reads += 1
        if not self.readable:
            raise Unavailable("no answer")
        if newer := self.newer.intersection(ids):
            raise NewerRecord(f"{newer} are of a newer release")
        return self.inner.read_all(ids)

    def page(self, *, tenant: str, status: Status | None, limit: int, after: Position | None) -> Page:
        return self.inner.page(tenant=tenant, status=status, limit=limit, after=after)

    def owned(self, *, owner: str, limit: int, after: str) -> list[Stored]:
        return self.inner.owned(owner=owner, limit=limit, after=after)

    def count_open(self, *, tenant: str, limit: int) -> int:
        return self.inner.count_open(tenant=tenant, limit=limit)

    def overdue(self, *, shard: int, now: datetime, limit: int, after: Overdue | None = None) -> list[Overdue]:
        found = self.inner.overdue(shard=shard, now=now, limit=limit, after=after)
        return [Overdue(each.id, each.due, None) if each.id in self.newer else each for each in found]


class ScriptedTasks:
    """`errors` are the errors of the calls for each request id. `before_call` is called before each call."""

    def __init__(self) -> None:
        self.inner = FakeTasks()
        self.errors: dict[str, Exception] = {}
        self.before_call: Callable[[], object] = lambda: None

    @property
    def names(self) -> set[str]:
        """The names of the existing tasks."""
        return set(self.inner.live)

    def stored(self, name: str) -> Stored:
        """Returns the stored record that the task of that name carries."""
        return self.inner.live[name].stored

    def enqueue(self, stored: Stored) -> bool:
        self._check(stored.record)
        return self.inner.enqueue(stored)

    def exists(self, record: Record) -> bool:
        self._check(record)
        return self.inner.exists(record)

    def delete(self, record: Record) -> None:
        self._check(record)
        self.inner.delete(record)

    def delete_generations(self, *, type_name: str, record_id: str, last: int) -> None:
        self.before_call()
        if record_id in self.errors:
            raise self.errors[record_id]
        self.inner.delete_generations(type_name=type_name, record_id=record_id, last=last)

    def _check(self, record: Record) -> None:
        self.before_call()
        if record.id in self.errors:
            raise self.errors[record.id]
