"""Writing records safely: every write is a create or a compare-and-set on the update time of the last one.

An error of a commit is a question, not an answer. It is settled in here by reading: did it land, did another write
win, or may it be tried again? Whoever calls sees only that.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from common.errors import Unavailable
from common.pipeline.lifecycle import Transition
from common.pipeline.record import Record

COMMIT_ATTEMPTS = 4


@dataclass(frozen=True)
class Stored:
    """A record and the update time (RFC 3339, nanoseconds) of the write that left it so: the fencing token."""

    record: Record
    update_time: str


@dataclass(frozen=True)
class Update:
    """A compare-and-set: `record` is written if the document's update time is still that of `held`."""

    held: Stored
    record: Record


Position = tuple[datetime, str]
"""A place in a list: created_at and id."""


@dataclass(frozen=True)
class Page:
    """Some of a tenant's requests, newest first, and the place behind which there are more."""

    records: list[Record]
    after: Position | None


@dataclass(frozen=True)
class Overdue:
    """A request whose `due` has come. `stored` is None if a newer release wrote it: leave it alone."""

    id: str
    due: str
    stored: Stored | None


class CommitUncertain(Exception):
    """The commit may or may not have landed."""


class Conflict(Exception):
    """Another write came first; `current` is what is stored now, None if the document is gone."""

    def __init__(self, current: Stored | None) -> None:
        super().__init__("another write came first")
        self.current = current


class Documents(Protocol):
    """The documents `requests/{id}`. Reads raise Unavailable, and NewerRecord for what they must not interpret."""

    def commit(self, update: Update | None, creates: Sequence[Record]) -> str:
        """All or nothing, in one call. Returns the update time. Raises CommitUncertain."""

    def read(self, record_id: str) -> Stored | None: ...

    def read_all(self, record_ids: Iterable[str]) -> dict[str, Stored]: ...


def save(documents: Documents, held: Stored, transition: Transition) -> Stored:
    """Store a transition and its children, once. Raises Conflict, or Unavailable when the outcome stays unknown."""
    children = transition.children
    for _ in range(COMMIT_ATTEMPTS):
        try:
            update_time = documents.commit(Update(held, transition.record), children)
        except CommitUncertain:
            current = documents.read(held.record.id)
        else:
            return Stored(transition.record, update_time)
        if current is not None and current.record == transition.record:
            return current
        if current is None or current.update_time != held.update_time:
            raise Conflict(current)
        existing = documents.read_all(child.id for child in children)
        children = tuple(child for child in children if child.id not in existing)
    raise Unavailable(f"The write to {held.record.id} was tried {COMMIT_ATTEMPTS} times")


@dataclass(frozen=True)
class Created:
    """What a create came to: `fresh` unless an earlier call had created it."""

    stored: Stored
    fresh: bool


def create(
    documents: Documents, records: Sequence[Record], *, compare: Callable[[Record, Record], None]
) -> list[Created]:
    """Create all that do not exist yet, and return all in order. Raises Unavailable when the outcome stays unknown.

    A document that this very call has written, and whose answer was lost, counts as fresh. Any other that exists is
    given to `compare` with what was to be created, before anything more is written; it raises what it must.
    """
    found: dict[str, Stored] = {}
    for _ in range(COMMIT_ATTEMPTS):
        missing = [record for record in records if record.id not in found]
        try:
            update_time = documents.commit(None, missing)
        except CommitUncertain:
            found = documents.read_all(record.id for record in records)
            for record in records:
                if record.id in found and found[record.id].record != record:
                    compare(found[record.id].record, record)
        else:
            found = found | {record.id: Stored(record, update_time) for record in missing}
        if all(record.id in found for record in records):
            return [Created(found[record.id], found[record.id].record == record) for record in records]
    raise Unavailable(f"The requests could not be created in {COMMIT_ATTEMPTS} tries")
