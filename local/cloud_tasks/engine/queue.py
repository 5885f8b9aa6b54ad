"""One queue: its tasks, the order in which they fall due, and what limits their dispatch.

A task has one valid place in the schedule, named by its ticket; other entries of the heap are stale and skipped.
So whatever takes the ticket away (a delete, a purge, RunTask) wins against an attempt that is due but not out.
"""

from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count

from local.cloud_tasks.engine import messages
from local.cloud_tasks.engine.bucket import TokenBucket
from local.cloud_tasks.engine.messages import RUNNING, timestamp
from local.cloud_tasks.engine.queue_config import settings_of
from local.cloud_tasks.engine.task import Started, Task
from local.cloud_tasks.engine.tombstones import Tombstones

RETENTION = timedelta(days=31)
_AT_ONCE = datetime.min.replace(tzinfo=UTC)


class Queue:
    """Started attempts belong to whoever drew them by `draw_due`, until `Task.in_flight` is given back."""

    def __init__(self, config: messages.Queue, *, name_window: timedelta, now: datetime) -> None:
        self.config = config
        self.settings = settings_of(config)
        self.tasks: dict[str, Task] = {}
        self.ended = Tombstones(name_window)
        self.slots_taken = 0
        self._bucket = TokenBucket(rate=self.settings.rate, burst=self.settings.burst, full_at=now)
        self._schedule: list[tuple[datetime, int, Task]] = []
        self._forced: deque[tuple[Task, Started]] = deque()
        self._tickets = count(1)

    @property
    def name(self) -> str:
        return self.config.name

    def as_message(self) -> messages.Queue:
        """The configuration as it is now."""
        copy = messages.Queue()
        copy.CopyFrom(self.config)
        return copy

    def configure(self, config: messages.Queue, now: datetime) -> None:
        """Takes a checked and filled configuration; tasks that wait follow it from now on."""
        self.config = config
        self.settings = settings_of(config)
        self._bucket = self._bucket.resized(rate=self.settings.rate, burst=self.settings.burst, now=now)

    def add(self, task: Task) -> None:
        self.tasks[task.name] = task
        self.schedule(task)

    def holds(self, task: Task) -> bool:
        """Whether this very task, not a namesake, has not ended."""
        return self.tasks.get(task.name) is task

    def schedule(self, task: Task) -> None:
        task.ticket = next(self._tickets)
        heappush(self._schedule, (task.schedule_time, task.ticket, task))

    def force(self, task: Task) -> None:
        """Lets an attempt go out at once, in place of the one that was scheduled."""
        task.ticket = 0
        self._forced.append((task, task.start()))

    def remove(self, task: Task, now: datetime) -> None:
        """Ends a task; its name stays taken for a while."""
        task.ticket = 0
        del self.tasks[task.name]
        self.ended.add(task.name, now)

    def purge(self, now: datetime) -> None:
        for task in list(self.tasks.values()):
            self.remove(task, now)
        self._schedule.clear()
        self.config.purge_time.CopyFrom(timestamp(now))

    def expire(self, now: datetime) -> None:
        """Ends tasks beyond the retention; the dictionary is in the order of creation."""
        while self.tasks:
            oldest = next(iter(self.tasks.values()))
            if oldest.created + RETENTION > now:
                return
            self.remove(oldest, now)

    def next_due(self) -> datetime | None:
        """When the next attempt may go out: None if only a call or a finished attempt can bring one about."""
        if self._forced:
            return _AT_ONCE
        if self.config.state != RUNNING or self.slots_taken >= self.settings.concurrency:
            return None
        while self._schedule and self._schedule[0][1] != self._schedule[0][2].ticket:
            heappop(self._schedule)
        return max(self._schedule[0][0], self._bucket.ready_at()) if self._schedule else None

    def draw_due(self, now: datetime) -> Iterator[tuple[Task, Started, bool]]:
        """The attempts that go out now, and whether each takes a slot of the concurrency; forced ones do not."""
        self.expire(now)
        while self._forced:
            task, started = self._forced.popleft()
            if self.holds(task):
                yield task, started, False
        while (due := self.next_due()) is not None and due <= now:
            task = heappop(self._schedule)[2]
            task.ticket = 0
            self._bucket.take(now)
            self.slots_taken += 1
            yield task, task.start(), True
