"""Which attempts go out, and what becomes of a task when one has ended."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from local.cloud_tasks.engine.attempt import Attempt, compose
from local.cloud_tasks.engine.errors import entity_missing
from local.cloud_tasks.engine.outcomes import Outcome
from local.cloud_tasks.engine.queue import Queue
from local.cloud_tasks.engine.store import Store
from local.cloud_tasks.engine.task import Started, Task
from local.cloud_tasks.engine.tokens import TokenMaker


class Verdict(Enum):
    """What became of the task."""

    COMPLETED = "completed"
    RETRIED = "retried"
    GIVEN_UP = "given up"
    OVERTAKEN = "overtaken"
    """Another attempt of the task is under way and will decide."""
    GONE = "gone"
    """The task was deleted, purged or completed while the attempt was under way."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An attempt that has gone out. `attempt` is None if there is nothing to send: settle it as UNREACHABLE."""

    attempt: Attempt | None
    task: Task
    queue: Queue
    started: Started
    dispatched: datetime
    takes_slot: bool


class Deliveries:
    """The way out of the queues: `start_due`, send, `settle`."""

    def __init__(self, store: Store, maker: TokenMaker) -> None:
        self._store = store
        self._maker = maker

    def next_due(self) -> datetime | None:
        """When the next attempt may go out, as far as is known now; a moment that has passed means at once."""
        due = [moment for queue in self._store.queues.values() if (moment := queue.next_due()) is not None]
        return min(due, default=None)

    def start_due(self, now: datetime) -> list[Delivery]:
        """Everything that may go out now. Each delivery must be settled."""
        return [delivery for queue in self._store.queues.values() for delivery in self._start_due(queue, now)]

    def settle(self, delivery: Delivery, outcome: Outcome, now: datetime) -> Verdict:
        """Ends the attempt: the task is gone, or waits for its next attempt, counted from now."""
        queue, task = delivery.queue, delivery.task
        queue.slots_taken -= delivery.takes_slot
        _record(task, delivery.started, outcome, now)
        if not queue.holds(task):
            return Verdict.GONE
        if outcome.succeeded:
            queue.remove(task, now)
            return Verdict.COMPLETED
        if task.in_flight:
            return Verdict.OVERTAKEN
        return _retry(queue, task, now)

    def duplicate(self, name: str, now: datetime) -> Attempt | None:
        """The attempt that is out, or would be next, once more. Nothing is counted and nothing is to be settled."""
        queue, task = self._store.find(name, now)
        if task is None:
            raise entity_missing()
        under_way = task.last is not None and task.in_flight > 0
        number = task.dispatch_count if under_way else task.dispatch_count + 1
        return compose(task, Started(number, task.schedule_time), queue.settings.override, self._maker, now)

    def _start_due(self, queue: Queue, now: datetime) -> Iterator[Delivery]:
        for task, started, takes_slot in queue.draw_due(now):
            started.dispatch_time = now
            task.first_dispatch = task.first_dispatch or now
            attempt = compose(task, started, queue.settings.override, self._maker, now)
            yield Delivery(attempt, task, queue, started, now, takes_slot)


def _record(task: Task, started: Started, outcome: Outcome, now: datetime) -> None:
    task.in_flight -= 1
    task.response_count += outcome.counts_as_response
    task.previous_status = outcome.status
    started.response_time = now
    started.status = outcome.status


def _retry(queue: Queue, task: Task, now: datetime) -> Verdict:
    policy = task.retry or queue.settings.retry
    elapsed = now - (task.first_dispatch or now)
    if policy.gives_up(attempts=task.dispatch_count, elapsed=elapsed):
        queue.remove(task, now)
        return Verdict.GIVEN_UP
    task.schedule_time = now + policy.backoff(task.dispatch_count)
    queue.schedule(task)
    return Verdict.RETRIED
