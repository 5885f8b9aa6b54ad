"""The API's calls on tasks. Each takes its request and the time, and returns the response or raises ApiError."""

from datetime import datetime

from google.protobuf.empty_pb2 import Empty

from local.cloud_tasks.engine import messages, names
from local.cloud_tasks.engine.errors import entity_not_found, task_ended, task_existed_recently, task_exists
from local.cloud_tasks.engine.names import QUEUE, TASK, Rpc
from local.cloud_tasks.engine.paging import paginate
from local.cloud_tasks.engine.queue import Queue, QueueStore
from local.cloud_tasks.engine.task import Task
from local.cloud_tasks.engine.task_validation import validate_new_task

_CREATE = Rpc("CreateTask", "cloudtasks.tasks.create", QUEUE)
_GET = Rpc("GetTask", "cloudtasks.tasks.get", TASK)
_LIST = Rpc("ListTasks", "cloudtasks.tasks.list", QUEUE)
_DELETE = Rpc("DeleteTask", "cloudtasks.tasks.delete", TASK)
_RUN = Rpc("RunTask", "cloudtasks.tasks.run", TASK)
_MAX_PAGE_SIZE = 1000


class TaskCalls:
    """The calls only make attempts due; Deliveries.start_due starts them."""

    def __init__(self, store: QueueStore) -> None:
        self._store = store

    def create(self, request: messages.CreateTaskRequest, now: datetime) -> messages.Task:
        names.validate_queue(_CREATE, request.parent)
        queue = self._store.get(request.parent)
        task = validate_new_task(queue.name, request.task, queue.settings.override.token, now)
        queue.remove_expired(now)
        if task.name in queue.tasks:
            raise task_exists()
        if queue.tombstones.contains(task.name, now):
            raise task_existed_recently()
        queue.add(task)
        return task.to_message(request.response_view)

    def get(self, request: messages.GetTaskRequest, now: datetime) -> messages.Task:
        names.validate_task(_GET, request.name)
        queue, task = self._store.find_task(request.name, now)
        if task is None:
            raise task_ended() if queue.tombstones.contains(request.name, now) else entity_not_found()
        return task.to_message(request.response_view)

    def list(self, request: messages.ListTasksRequest, now: datetime) -> messages.ListTasksResponse:
        """An unknown view number means BASIC here (recorded); the other calls return an unspecified view."""
        names.validate_queue(_LIST, request.parent)
        queue = self._store.get(request.parent)
        queue.remove_expired(now)
        page = paginate(
            sorted(queue.tasks),
            call="ListTasks",
            size=request.page_size,
            token=request.page_token,
            max_size=_MAX_PAGE_SIZE,
        )
        view = request.response_view if request.response_view in set(messages.View) else messages.View.BASIC
        tasks = [queue.tasks[name].to_message(view) for name in page.keys]
        return messages.ListTasksResponse(tasks=tasks, next_page_token=page.next_token)

    def delete(self, request: messages.DeleteTaskRequest, now: datetime) -> Empty:
        queue, task = self._get(_DELETE, request.name, now)
        queue.remove(task, now)
        return Empty()

    def run(self, request: messages.RunTaskRequest, now: datetime) -> messages.Task:
        """Makes an attempt due, even in a paused queue. The response shows the task before the dispatch (recorded)."""
        queue, task = self._get(_RUN, request.name, now)
        queue.force(task)
        return task.to_message(request.response_view)

    def _get(self, rpc: Rpc, name: str, now: datetime) -> tuple[Queue, Task]:
        names.validate_task(rpc, name)
        return self._store.get_task(name, now)
