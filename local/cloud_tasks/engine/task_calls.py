"""The API's calls on tasks: each takes the request as it came and the time, and answers or raises ApiError."""

from datetime import datetime

from google.protobuf.empty_pb2 import Empty

from local.cloud_tasks.engine import messages, names
from local.cloud_tasks.engine.errors import (
    entity_missing,
    queue_missing,
    task_ended,
    task_existed,
    task_exists,
)
from local.cloud_tasks.engine.intake import accept
from local.cloud_tasks.engine.names import QUEUE, TASK, Rpc
from local.cloud_tasks.engine.paging import page_of
from local.cloud_tasks.engine.queue import Queue
from local.cloud_tasks.engine.store import Store
from local.cloud_tasks.engine.task import Task

_CREATE = Rpc("CreateTask", "cloudtasks.tasks.create", QUEUE)
_GET = Rpc("GetTask", "cloudtasks.tasks.get", TASK)
_LIST = Rpc("ListTasks", "cloudtasks.tasks.list", QUEUE)
_DELETE = Rpc("DeleteTask", "cloudtasks.tasks.delete", TASK)
_RUN = Rpc("RunTask", "cloudtasks.tasks.run", TASK)
_LARGEST_PAGE = 1000


class TaskCalls:
    """Nothing is sent from here: a created or forced task waits for Deliveries.start_due."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self, request: messages.CreateTaskRequest, now: datetime) -> messages.Task:
        queue = self._queue(_CREATE, request.parent)
        task = accept(queue.name, request.task, queue.settings.override.token, now)
        queue.expire(now)
        if task.name in queue.tasks:
            raise task_exists()
        if queue.ended.holds(task.name, now):
            raise task_existed()
        queue.add(task)
        return task.as_message(request.response_view)

    def get(self, request: messages.GetTaskRequest, now: datetime) -> messages.Task:
        _, name = names.task(_GET, request.name)
        queue, task = self._store.find(name, now)
        if task is None:
            raise task_ended() if queue.ended.holds(name, now) else entity_missing()
        return task.as_message(request.response_view)

    def list(self, request: messages.ListTasksRequest, now: datetime) -> messages.ListTasksResponse:
        queue = self._queue(_LIST, request.parent)
        queue.expire(now)
        page = page_of(
            sorted(queue.tasks),
            call="ListTasks",
            size=request.page_size,
            token=request.page_token,
            largest=_LARGEST_PAGE,
        )
        tasks = [queue.tasks[name].as_message(_list_view(request.response_view)) for name in page.keys]
        return messages.ListTasksResponse(tasks=tasks, next_page_token=page.next_token)

    def delete(self, request: messages.DeleteTaskRequest, now: datetime) -> Empty:
        queue, task = self._existing(_DELETE, request.name, now)
        queue.remove(task, now)
        return Empty()

    def run(self, request: messages.RunTaskRequest, now: datetime) -> messages.Task:
        """Whatever the queue's state and limits. The answer shows the task before its dispatch (recorded)."""
        queue, task = self._existing(_RUN, request.name, now)
        queue.force(task)
        return task.as_message(request.response_view)

    def _queue(self, rpc: Rpc, name: str) -> Queue:
        queue = self._store.queues.get(names.queue(rpc, name))
        if queue is None:
            raise queue_missing()
        return queue

    def _existing(self, rpc: Rpc, name: str, now: datetime) -> tuple[Queue, Task]:
        _, name = names.task(rpc, name)
        queue, task = self._store.find(name, now)
        if task is None:
            raise entity_missing()
        return queue, task


def _list_view(view: int) -> int:
    """ListTasks takes an unknown number for BASIC (recorded); the other calls do not."""
    return view if view in set(messages.View) else messages.View.BASIC
