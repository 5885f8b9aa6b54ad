"""Writes records safely: every write is a create, or a compare-and-set on the update time of the last write.

After an error of a commit, the write may or may not have landed. `save` and `create` read the documents and find out
whether it landed, another write came first, or the commit must be repeated.
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
    """A record and the update time (RFC 3339, nanoseconds) of its last write: the fencing token."""

    record: Record
    update_time: str


@dataclass(frozen=True)
class Update:
    """A compare-and-set: writes `record` if the document still has the update time of `held`."""

    held: Stored
    record: Record


Position = tuple[datetime, str]
"""A position in a list: created_at and id."""


@dataclass(frozen=True)
class Page:
    """Some requests of a tenant, newest first, and the position after which there are more."""

    records: list[Record]
    after: Position | None


@dataclass(frozen=True)
class Overdue:
    """An overdue request. `stored` is None if a newer release wrote it: do not change it."""

    id: str
    due: str
    stored: Stored | None


class CommitUncertain(Exception):
    """The commit may or may not have landed."""


class Conflict(Exception):
    """Another write came first. `current` is the stored record now, or None if the document was deleted."""

    def __init__(self, current: Stored | None) -> None:
        super().__init__("another write came first")
        self.current = current


class Documents(Protocol):
    """The documents `requests/{id}`. Reads raise Unavailable, and NewerRecord for a record with a newer schema."""

    def commit(self, update: Update | None, creates: Sequence[Record]) -> str:
        """Writes all or nothing in one call. Returns the update time. Raises CommitUncertain."""

    def read(self, record_id: str) -> Stored | None: ...

    def read_all(self, record_ids: Iterable[str]) -> dict[str, Stored]: ...


def save(documents: Documents, held: Stored, transition: Transition) -> Stored:
    """Stores a transition and its children once. Raises Conflict, or Unavailable if the outcome stays unknown."""
    children = transition.children
    for _ in range(COMMIT_ATTEMPTS):
        try:
            update_time = documents.commit(Update(held, transition.record), children)
        except CommitUncertain:
            current = documents.read(held.record.id)
        else:
            return Stored(transition.record, update_time)
        if current is not None and _is_own_write(current.record, held.record, transition.record):
            return current
        if current is None or current.update_time != held.update_time:
            raise Conflict(current)
        existing = documents.read_all(child.id for child in children)
        children = tuple(child for child in children if child.id not in existing)
    raise Unavailable(f"The write to {held.record.id} was tried {COMMIT_ATTEMPTS} times")


def _is_own_write(current: Record, held: Record, written: Record) -> bool:
    """Whether the write of `written` has landed.

    A new nonce alone proves it: its task may have moved the record since, and two calls may write equal fields.
    """
    return current == written if written.nonce in {None, held.nonce} else current.nonce == written.nonce


@dataclass(frozen=True)
class Created:
    """The result of a create. `fresh` is False if an earlier call created the record."""

    stored: Stored
    fresh: bool


def create(
    documents: Documents, records: Sequence[Record], *, compare: Callable[[Record, Record], None]
) -> list[Created]:
    """Creates the missing records and returns all in order. Raises Unavailable if the outcome stays unknown.

    A record that this call has written, but whose answer was lost, counts as fresh: it has the nonce of the call, even
    if its task has moved it since. Every other existing record is passed to `compare`, with the record to create,
    before anything else is written; `compare` may raise.
    """
    found: dict[str, Stored] = {}
    for _ in range(COMMIT_ATTEMPTS):
        missing = [record for record in records if record.id not in found]
        try:
            update_time = documents.commit(None, missing)
        except CommitUncertain:
            found = documents.read_all(record.id for record in records)
            for record in records:
                if record.id in found and found[record.id].record.nonce != record.nonce:
                    compare(found[record.id].record, record)
        else:
            found = found | {record.id: Stored(record, update_time) for record in missing}
        if all(record.id in found for record in records):
            return [Created(found[each.id], found[each.id].record.nonce == each.nonce) for each in records]
    raise Unavailable(f"The requests could not be created in {COMMIT_ATTEMPTS} tries")
