"""Fakes of the gateways, in memory. They pass the same contract tests as the real gateways."""

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from common.gateways.folder_assets import checked
from common.pipeline.due import due_until
from common.pipeline.ids import task_name, task_name_of
from common.pipeline.record import OPEN, Record, Status
from common.pipeline.store import CommitUncertain, Overdue, Page, Position, Stored, Update


@dataclass
class FakeDocuments:
    """Requests in memory. An update time is the number of commits so far."""

    stored: dict[str, Stored] = field(default_factory=dict)
    commits: int = 0
    _lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    def commit(self, update: Update | None, creates: Sequence[Record]) -> str:
        with self._lock:
            if update is not None:
                current = self.stored.get(update.record.id)
                if current is None or current.update_time != update.held.update_time:
                    raise CommitUncertain("the precondition failed")
                if update.record == update.held.record:
                    raise ValueError("an empty update would not change the update time")
            if any(record.id in self.stored for record in creates):
                raise CommitUncertain("a document exists")
            self.commits += 1
            update_time = f"{self.commits:09d}"
            for record in (update.record, *creates) if update is not None else creates:
                self.stored[record.id] = Stored(record, update_time)
            return update_time

    def read(self, record_id: str) -> Stored | None:
        return self.stored.get(record_id)

    def read_all(self, record_ids: Iterable[str]) -> dict[str, Stored]:
        return {each: self.stored[each] for each in record_ids if each in self.stored}

    def page(self, *, tenant: str, status: Status | None, limit: int, after: Position | None) -> Page:
        found = [
            each.record
            for each in self.stored.values()
            if each.record.tenant == tenant and status in {None, each.record.status}
        ]
        found.sort(key=_position, reverse=True)
        rest = [record for record in found if after is None or _position(record) < after]
        return Page(rest[:limit], _position(rest[limit - 1]) if len(rest) > limit else None)

    def count_open(self, *, tenant: str, limit: int) -> int:
        found = [each for each in self.stored.values() if each.record.tenant == tenant and each.record.status in OPEN]
        return min(len(found), limit)

    def owned(self, *, owner: str, limit: int, after: str) -> list[Stored]:
        found = [each for each in self.stored.values() if each.record.owner == owner and each.record.id > after]
        return sorted(found, key=lambda each: each.record.id)[:limit]

    def overdue(self, *, shard: int, now: datetime, limit: int, after: Overdue | None = None) -> list[Overdue]:
        found = [
            Overdue(each.record.id, each.record.due, each)
            for each in list(self.stored.values())  # the sweeper reads shards in parallel
            if each.record.due and f"{shard:02x}-" <= each.record.due <= due_until(shard, now)
        ]
        found.sort(key=lambda each: (each.due, each.id))
        return [each for each in found if after is None or (each.due, each.id) > (after.due, after.id)][:limit]


def _position(record: Record) -> tuple[datetime, str]:
    return record.created_at, record.id


@dataclass
class LiveTask:
    """A task that exists, and its deliveries so far."""

    stored: Stored
    schedule_time: datetime | None = None
    is_pending: bool = False
    """A delivery at the schedule time is still to come."""
    dispatches: int = 0
    responses: int = 0
    """Deliveries that were answered below 500."""
    last_response: int | None = None
    in_flight: int = 0


@dataclass
class FakeTasks:
    """Tasks in memory, by name. `used` are the names of tasks that are gone: Cloud Tasks blocks them."""

    live: dict[str, LiveTask] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def enqueue(self, stored: Stored) -> bool:
        name = task_name(stored.record)
        if name in self.live or name in self.used:
            return False
        self.live[name] = LiveTask(stored)
        return True

    def exists(self, record: Record) -> bool:
        return task_name(record) in self.live

    def delete(self, record: Record) -> None:
        self.remove(task_name(record))

    def delete_generations(self, *, type_name: str, record_id: str, last: int) -> None:  # noqa: ARG002 (one queue)
        for generation in range(last + 1):
            self.remove(task_name_of(record_id, generation))

    def remove(self, name: str) -> None:
        """Removes the task if it exists, as after a success, its last attempt, a deletion or a purge."""
        if self.live.pop(name, None) is not None:
            self.used.add(name)


class FakeAssets:
    """Files in memory. An existing file is never overwritten."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[str, bytes]] = {}

    def save(self, path: str, content_type: str, content: bytes) -> None:
        self.files.setdefault(checked(path), (content_type, content))

    @contextmanager
    def create(self, path: str, content_type: str) -> Iterator[io.BytesIO]:
        yield (content := io.BytesIO())
        self.save(path, content_type, content.getvalue())

    def read(self, path: str) -> Iterator[bytes]:
        if checked(path) not in self.files:
            raise FileNotFoundError(path)
        yield self.files[path][1]

    def count_under(self, prefix: str) -> int:
        return sum(path.startswith(f"{checked(prefix)}/") for path in self.files)

    def delete_under(self, prefix: str) -> None:
        folder = f"{checked(prefix)}/"
        self.files = {path: file for path, file in self.files.items() if not path.startswith(folder)}
