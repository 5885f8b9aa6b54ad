"""Which attempts are sent, and what an outcome does to its task."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from local.cloud_tasks.engine.attempt import Attempt, build_attempt
from local.cloud_tasks.engine.authorization import TokenIssuer
from local.cloud_tasks.engine.outcome import Outcome
from local.cloud_tasks.engine.queue import Queue, QueueStore
from local.cloud_tasks.engine.task import AttemptRecord, Task


class Verdict(Enum):
    """What an outcome did to its task."""

    COMPLETED = "completed"
    RETRIED = "retried"
    EXHAUSTED = "exhausted"
    """The retry limits are reached: the task is deleted."""
    UNDECIDED = "undecided"
    """Another attempt of the task is in flight; its outcome decides."""
    GONE = "gone"
    """The task was completed, deleted or purged during the attempt."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An attempt in flight. Where `attempt` is None no request can be sent: settle it as UNREACHABLE."""

    attempt: Attempt | None
    task: Task
    queue: Queue
    record: AttemptRecord
    dispatched: datetime
    uses_slot: bool


class Deliveries:
    """Starts attempts and settles them by their outcomes."""

    def __init__(self, store: QueueStore, issuer: TokenIssuer) -> None:
        self._store = store
        self._issuer = issuer

    def next_due(self) -> datetime | None:
        """When the next attempt is due, possibly in the past. None if nothing is due before a call or an outcome."""
        due = [moment for queue in self._store.queues.values() if (moment := queue.next_due()) is not None]
        return min(due, default=None)

    def start_due(self, now: datetime) -> list[Delivery]:
        """Starts every attempt that is due. Each delivery must be settled."""
        return [delivery for queue in self._store.queues.values() for delivery in self._start_due(queue, now)]

    def settle(self, delivery: Delivery, outcome: Outcome, now: datetime) -> Verdict:
        """Ends an attempt: deletes the task or schedules its next attempt."""
        queue, task = delivery.queue, delivery.task
        queue.slots_in_use -= delivery.uses_slot
        _record_outcome(task, delivery.record, outcome, now)
        if not queue.contains(task):
            return Verdict.GONE
        if outcome.succeeded:
            queue.remove(task, now)
            return Verdict.COMPLETED
        if task.in_flight:
            return Verdict.UNDECIDED
        return _retry(queue, task, now)

    def duplicate(self, name: str, now: datetime) -> Attempt | None:
        """A copy of the task's attempt in flight, else of its next one. It is not counted and must not be settled."""
        queue, task = self._store.get_task(name, now)
        number = task.dispatch_count if task.in_flight else task.dispatch_count + 1
        record = AttemptRecord(number, task.schedule_time)
        return build_attempt(task, record, queue.settings.override, self._issuer, now)

    def _start_due(self, queue: Queue, now: datetime) -> Iterator[Delivery]:
        for task, record, uses_slot in queue.start_due(now):
            record.dispatch_time = now
            task.first_dispatch_time = task.first_dispatch_time or now
            attempt = build_attempt(task, record, queue.settings.override, self._issuer, now)
            yield Delivery(attempt, task, queue, record, now, uses_slot)


def _record_outcome(task: Task, record: AttemptRecord, outcome: Outcome, now: datetime) -> None:
    task.in_flight -= 1
    task.response_count += outcome.counts_as_response
    task.previous_status = outcome.status
    record.response_time = now
    record.status = outcome.status


def _retry(queue: Queue, task: Task, now: datetime) -> Verdict:
    policy = task.retry_policy or queue.settings.retry_policy
    elapsed = now - (task.first_dispatch_time or now)
    if policy.is_exhausted(attempts=task.dispatch_count, elapsed=elapsed):
        queue.remove(task, now)
        return Verdict.EXHAUSTED
    task.schedule_time = now + policy.backoff(task.dispatch_count)
    queue.schedule(task)
    return Verdict.RETRIED
