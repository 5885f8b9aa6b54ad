"""A queue: its tasks, their schedule, and the limits of dispatch.

The schedule is a heap. A task has one valid entry in it, whose number is `Task.schedule_entry`; other entries are stale
and skipped. Delete, purge and RunTask reset that number, so they win against an attempt that is due but not yet sent.
"""

from collections import deque
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count

from local.cloud_tasks.engine import messages
from local.cloud_tasks.engine.errors import entity_not_found, queue_not_found
from local.cloud_tasks.engine.messages import RUNNING, to_timestamp
from local.cloud_tasks.engine.queue_config import read_settings
from local.cloud_tasks.engine.task import AttemptRecord, Task
from local.cloud_tasks.engine.token_bucket import TokenBucket

RETENTION = timedelta(days=31)
"""A task is deleted this long after its creation, whether it was sent or not (documented quota)."""
_IMMEDIATELY = datetime.min.replace(tzinfo=UTC)


class Tombstones:
    """The names of ended tasks, which cannot be used again for a while."""

    def __init__(self, window: timedelta) -> None:
        self._window = window
        self._expiry: dict[str, datetime] = {}  # the earliest first, since time never goes back

    def add(self, name: str, now: datetime) -> None:
        self._expiry[name] = now + self._window

    def contains(self, name: str, now: datetime) -> bool:
        while self._expiry and self._expiry[oldest := next(iter(self._expiry))] <= now:
            del self._expiry[oldest]
        return name in self._expiry

    def clear(self) -> None:
        self._expiry.clear()


class Queue:
    """`slots_in_use` counts attempts in flight against the concurrency limit. Attempts of RunTask do not count."""

    def __init__(self, config: messages.Queue, *, name_window: timedelta, now: datetime) -> None:
        self.config = config
        self.settings = read_settings(config)
        self.tasks: dict[str, Task] = {}
        self.tombstones = Tombstones(name_window)
        self.slots_in_use = 0
        self._bucket = TokenBucket(rate=self.settings.rate, burst=self.settings.burst, full_at=now)
        self._schedule: list[tuple[datetime, int, Task]] = []
        self._forced: deque[tuple[Task, AttemptRecord]] = deque()
        self._entries = count(1)

    @property
    def name(self) -> str:
        return self.config.name

    def to_message(self) -> messages.Queue:
        return deepcopy(self.config)

    def configure(self, config: messages.Queue, now: datetime) -> None:
        """Replaces the configuration by another complete one; it applies to the tasks that wait too."""
        self.config = config
        self.settings = read_settings(config)
        self._bucket = self._bucket.resized(rate=self.settings.rate, burst=self.settings.burst, now=now)

    def add(self, task: Task) -> None:
        self.tasks[task.name] = task
        self.schedule(task)

    def contains(self, task: Task) -> bool:
        """Whether this task, not another of the same name, has not ended."""
        return self.tasks.get(task.name) is task

    def schedule(self, task: Task) -> None:
        """Makes an attempt due at the task's schedule time."""
        task.schedule_entry = next(self._entries)
        heappush(self._schedule, (task.schedule_time, task.schedule_entry, task))

    def force(self, task: Task) -> None:
        """Makes an attempt due at once, in place of the scheduled one."""
        task.schedule_entry = 0
        self._forced.append((task, task.start_attempt()))

    def remove(self, task: Task, now: datetime) -> None:
        """Ends a task."""
        task.schedule_entry = 0
        del self.tasks[task.name]
        self.tombstones.add(task.name, now)

    def purge(self, now: datetime) -> None:
        for task in list(self.tasks.values()):
            self.remove(task, now)
        self._schedule.clear()
        self.config.purge_time.CopyFrom(to_timestamp(now))

    def remove_expired(self, now: datetime) -> None:
        """Ends the tasks that are older than RETENTION. The dictionary is in the order of creation."""
        while self.tasks:
            oldest = next(iter(self.tasks.values()))
            if oldest.create_time + RETENTION > now:
                return
            self.remove(oldest, now)

    def next_due(self) -> datetime | None:
        """When the next attempt is due. None if nothing is due before another call or the end of an attempt."""
        if self._forced:
            return _IMMEDIATELY
        if self.config.state != RUNNING or self.slots_in_use >= self.settings.concurrency:
            return None
        while self._schedule and self._schedule[0][1] != self._schedule[0][2].schedule_entry:
            heappop(self._schedule)
        return max(self._schedule[0][0], self._bucket.ready_at()) if self._schedule else None

    def start_due(self, now: datetime) -> Iterator[tuple[Task, AttemptRecord, bool]]:
        """Starts every attempt that is due. The flag is whether it uses a slot; free the slot when it has ended."""
        self.remove_expired(now)
        while self._forced:
            task, record = self._forced.popleft()
            if self.contains(task):
                yield task, record, False
        while (due := self.next_due()) is not None and due <= now:
            task = heappop(self._schedule)[2]
            task.schedule_entry = 0
            self._bucket.take(now)
            self.slots_in_use += 1
            yield task, task.start_attempt(), True


class QueueStore:
    """All queues by their full names."""

    def __init__(self, name_window: timedelta) -> None:
        self.queues: dict[str, Queue] = {}
        self._name_window = name_window

    def add(self, config: messages.Queue, now: datetime) -> Queue:
        queue = Queue(config, name_window=self._name_window, now=now)
        self.queues[queue.name] = queue
        return queue

    def get(self, name: str) -> Queue:
        """Raises the error of a missing queue, as most calls do."""
        queue = self.queues.get(name)
        if queue is None:
            raise queue_not_found()
        return queue

    def find_task(self, name: str, now: datetime) -> tuple[Queue, Task | None]:
        """The queue, and the task if it exists. Raises the error of a missing entity if the queue does not exist."""
        queue = self.queues.get(name.partition("/tasks/")[0])
        if queue is None:
            raise entity_not_found()
        queue.remove_expired(now)
        return queue, queue.tasks.get(name)

    def get_task(self, name: str, now: datetime) -> tuple[Queue, Task]:
        """Raises the error of a missing entity if the task or its queue does not exist."""
        queue, task = self.find_task(name, now)
        if task is None:
            raise entity_not_found()
        return queue, task
