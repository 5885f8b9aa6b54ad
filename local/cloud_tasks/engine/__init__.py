"""Everything that Cloud Tasks decides, without I/O: no network, no thread, no clock. Each call takes the time as `now`.

`engine.queues` and `engine.tasks` are the API's calls. `engine.deliveries` is the way to the targets: send the attempts
that `start_due` returns, then pass each outcome to `settle`; `next_due` is the time of the next `start_due`.
"""

from datetime import timedelta

from local.cloud_tasks.engine import messages
from local.cloud_tasks.engine.attempt import Attempt
from local.cloud_tasks.engine.authorization import TokenIssuer
from local.cloud_tasks.engine.deliveries import Deliveries, Delivery, Verdict
from local.cloud_tasks.engine.errors import ApiError
from local.cloud_tasks.engine.outcome import TIMEOUT, UNREACHABLE, Outcome
from local.cloud_tasks.engine.queue import QueueStore
from local.cloud_tasks.engine.queue_calls import QueueCalls
from local.cloud_tasks.engine.task_calls import TaskCalls

__all__ = [
    "NAME_WINDOW",
    "TIMEOUT",
    "UNREACHABLE",
    "ApiError",
    "Attempt",
    "Delivery",
    "Engine",
    "Outcome",
    "TokenIssuer",
    "Verdict",
]

NAME_WINDOW = timedelta(hours=24)
"""How long the name of an ended task cannot be used again: the maximum in the documentation of CreateTask."""


class Engine:
    """Not safe for threads: one caller at a time."""

    def __init__(self, issuer: TokenIssuer, *, name_window: timedelta = NAME_WINDOW) -> None:
        self._store = QueueStore(name_window)
        self.queues = QueueCalls(self._store)
        self.tasks = TaskCalls(self._store)
        self.deliveries = Deliveries(self._store, issuer)

    def pending(self, queue: str | None = None) -> list[messages.Task]:
        """The tasks of one queue or of all queues that have not ended, with bodies, by their schedule time."""
        queues = [self._store.queues[queue]] if queue else self._store.queues.values()
        tasks = [task for each in queues for task in each.tasks.values()]
        return [task.to_message(messages.FULL) for task in sorted(tasks, key=lambda task: task.schedule_time)]

    def reset_names(self) -> None:
        """Makes the names of all ended tasks available."""
        for queue in self._store.queues.values():
            queue.tombstones.clear()
