"""All queues, by their full names."""

from datetime import datetime, timedelta

from local.cloud_tasks.engine import messages
from local.cloud_tasks.engine.errors import entity_missing
from local.cloud_tasks.engine.queue import Queue
from local.cloud_tasks.engine.task import Task


class Store:
    """`name_window` is how long the name of an ended task stays taken."""

    def __init__(self, name_window: timedelta) -> None:
        self.queues: dict[str, Queue] = {}
        self._name_window = name_window

    def add(self, config: messages.Queue, now: datetime) -> Queue:
        queue = Queue(config, name_window=self._name_window, now=now)
        self.queues[queue.name] = queue
        return queue

    def find(self, task_name: str, now: datetime) -> tuple[Queue, Task | None]:
        """The queue and the task of that name, None if it does not exist; NOT_FOUND if the queue does not."""
        queue = self.queues.get(task_name.partition("/tasks/")[0])
        if queue is None:
            raise entity_missing()
        queue.expire(now)
        return queue, queue.tasks.get(task_name)
