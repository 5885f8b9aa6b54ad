"""Cloud Tasks without I/O: no network, no thread, no clock. Every call takes `now`, so hours pass in microseconds.

A caller speaks the API's messages to `engine.queues` and `engine.tasks`, and moves tasks by `engine.deliveries`:
`start_due(now)` gives what may go out, whoever sends it brings back an Outcome to `settle`, and `next_due()` says
when to look again. Facts come from the proto comments of google-cloud-tasks 2.26 and from published recordings of the
real service; what neither settles is listed under "Choices" in local/cloud_tasks/README.md.
"""

from datetime import timedelta

from local.cloud_tasks.engine import messages
from local.cloud_tasks.engine.attempt import Attempt
from local.cloud_tasks.engine.codes import Code
from local.cloud_tasks.engine.deliveries import Deliveries, Delivery, Verdict
from local.cloud_tasks.engine.errors import ApiError
from local.cloud_tasks.engine.outcomes import TIMEOUT, UNREACHABLE, Outcome
from local.cloud_tasks.engine.queue_calls import QueueCalls
from local.cloud_tasks.engine.store import Store
from local.cloud_tasks.engine.task_calls import TaskCalls
from local.cloud_tasks.engine.tokens import TokenMaker

__all__ = [
    "NAME_WINDOW",
    "TIMEOUT",
    "UNREACHABLE",
    "ApiError",
    "Attempt",
    "Code",
    "Delivery",
    "Engine",
    "Outcome",
    "TokenMaker",
    "Verdict",
]

NAME_WINDOW = timedelta(hours=24)
"""How long the name of an ended task stays taken, at most, by the documentation of CreateTask."""


class Engine:
    """Not safe for threads: one caller at a time."""

    def __init__(
        self,
        maker: TokenMaker,
        *,
        name_window: timedelta = NAME_WINDOW,
        queue_window: timedelta = timedelta(0),
    ) -> None:
        store = Store(name_window)
        self.queues = QueueCalls(store, queue_window)
        self.tasks = TaskCalls(store)
        self.deliveries = Deliveries(store, maker)
        self._store = store

    def pending(self, queue: str | None = None) -> list[messages.Task]:
        """The tasks of one queue or of all, with their bodies, the next to be sent first."""
        queues = [self._store.queues[queue]] if queue else self._store.queues.values()
        tasks = [task for each in queues for task in each.tasks.values()]
        return [task.as_message(messages.FULL) for task in sorted(tasks, key=lambda task: task.schedule_time)]

    def reset_names(self) -> None:
        """Frees the names of all ended tasks."""
        for queue in self._store.queues.values():
            queue.ended.clear()
