"""Removes what erased requests have left outside of their records: tasks, notifications and files.

The names of all of them follow from `Traces`, so a removal can be repeated at any time. A worker that has lost its
request can still upload a file until its lease is over, so each removal happens a second time after that.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from common.pipeline import enqueue, lifecycle
from common.pipeline.enqueue import enqueue_task
from common.pipeline.ids import child_id
from common.pipeline.lifecycle import Traces
from common.pipeline.record import OPEN, Record
from common.pipeline.store import Conflict, Documents, Stored, save


class Tasks(enqueue.Tasks, Protocol):
    def delete_generations(self, *, type_name: str, record_id: str, last: int) -> None:
        """Deletes the tasks of the generations 0 to `last`, those that exist. Raises Unavailable."""


class Files(Protocol):
    def count_under(self, prefix: str) -> int:
        """Returns the number of files below the folder `prefix`. Raises Unavailable."""

    def delete_under(self, prefix: str) -> None:
        """Deletes the files below the folder `prefix`, if there are any. Raises Unavailable."""


class TraceRemover:
    """Erases records and removes their traces. Every operation can be repeated."""

    def __init__(
        self,
        *,
        documents: Documents,
        tasks: Tasks,
        files: Files,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._documents = documents
        self._tasks = tasks
        self._files = files
        self._clock = clock

    def remove(self, traces: Traces) -> None:
        """Removes tasks and files, and erases the notifications with theirs. Raises Unavailable, NewerRecord."""
        for child in self.notifications(traces):
            self.erase(child)
            self.remove(Traces.of(child.record))
        self._tasks.delete_generations(type_name=traces.type, record_id=traces.id, last=traces.generation)
        self._files.delete_under(traces.id)

    def notifications(self, traces: Traces) -> list[Stored]:
        """Returns the existing notifications of all redrives, also the erased ones."""
        ids = [
            child_id(parent=traces.id, redrive=redrive, index=index)
            for redrive in range(traces.redrive + 1)
            for index in range(traces.notify)
        ]
        return list(self._documents.read_all(ids).values())

    def count_files(self, record_id: str) -> int:
        return self._files.count_under(record_id)

    def cancel(self, stored: Stored) -> Stored | None:
        """Ends a request if it is open. Returns what is stored then, or None if the record is gone."""
        current: Stored | None = stored
        while current is not None and current.record.status in OPEN:
            try:
                current = save(self._documents, current, lifecycle.cancel(current.record, self._clock()))
            except Conflict as conflict:
                current = conflict.current
        return current

    def erase(self, stored: Stored, *, purge: Callable[[Record], Record] | None = None) -> None:
        """Replaces a record by its tombstone, together with the request that `purge` returns. Cancels an open one."""
        while (current := self.cancel(stored)) is not None and current.record.erased is None:
            added = None if purge is None else purge(current.record)
            try:
                erased = save(self._documents, current, lifecycle.erase(current.record, self._clock(), purge=added))
            except Conflict as conflict:
                if conflict.current is None:
                    return
                stored = conflict.current
            else:
                if added is not None:
                    enqueue_task(self._tasks, Stored(added, erased.update_time), now=self._clock())
                return
