"""The API's calls on queues: each takes the request as it came and the time, and answers or raises ApiError."""

from datetime import datetime, timedelta

from google.protobuf.empty_pb2 import Empty

from local.cloud_tasks.engine import messages, names
from local.cloud_tasks.engine.errors import (
    entity_missing,
    not_implemented,
    queue_deleted_recently,
    queue_exists,
    queue_missing,
)
from local.cloud_tasks.engine.http_target import check_http_target
from local.cloud_tasks.engine.masks import check_mask, masked
from local.cloud_tasks.engine.messages import PAUSED, RUNNING, State
from local.cloud_tasks.engine.names import LOCATION, QUEUE, Rpc
from local.cloud_tasks.engine.paging import page_of
from local.cloud_tasks.engine.queue import Queue
from local.cloud_tasks.engine.queue_config import check_and_fill
from local.cloud_tasks.engine.store import Store
from local.cloud_tasks.engine.tombstones import Tombstones

_CREATE = Rpc("CreateQueue", "cloudtasks.queues.create", LOCATION)
_GET = Rpc("GetQueue", "cloudtasks.queues.get", QUEUE)
_LIST = Rpc("ListQueues", "cloudtasks.queues.list", LOCATION)
_UPDATE = Rpc("UpdateQueue", "cloudtasks.queues.update", QUEUE)
_DELETE = Rpc("DeleteQueue", "cloudtasks.queues.delete", QUEUE)
_PURGE = Rpc("PurgeQueue", "cloudtasks.queues.purge", QUEUE)
_PAUSE = Rpc("PauseQueue", "cloudtasks.queues.pause", QUEUE)
_RESUME = Rpc("ResumeQueue", "cloudtasks.queues.resume", QUEUE)
_LARGEST_PAGE = 9800


class QueueCalls:
    """`queue_window` is how long the name of a deleted queue stays taken."""

    def __init__(self, store: Store, queue_window: timedelta) -> None:
        self._store = store
        self._deleted = Tombstones(queue_window)

    def create(self, request: messages.CreateQueueRequest, now: datetime) -> messages.Queue:
        parent = names.location(_CREATE, request.parent)
        name = names.queue_in(parent, request.queue.name)
        if name in self._store.queues:
            raise queue_exists()
        return self._add(_fresh(request.queue), now).as_message()

    def get(self, request: messages.GetQueueRequest, now: datetime) -> messages.Queue:  # noqa: ARG002  # every call has this shape
        return self._existing(_GET, request.name).as_message()

    def list(self, request: messages.ListQueuesRequest, now: datetime) -> messages.ListQueuesResponse:  # noqa: ARG002  # every call has this shape
        parent = names.location(_LIST, request.parent)
        if request.filter:
            raise not_implemented("The local Cloud Tasks has no ListQueues filter; list without one.")
        keys = sorted(name for name in self._store.queues if name.startswith(f"{parent}/"))
        page = page_of(keys, call="ListQueues", size=request.page_size, token=request.page_token, largest=_LARGEST_PAGE)
        queues = [self._store.queues[name].config for name in page.keys]
        return messages.ListQueuesResponse(queues=queues, next_page_token=page.next_token)

    def update(self, request: messages.UpdateQueueRequest, now: datetime) -> messages.Queue:
        """Creates the queue if there is none. Without a mask everything is replaced."""
        name = names.queue(_UPDATE, request.queue.name)
        check_mask(request.update_mask.paths)
        check_http_target(request.queue.http_target)  # even outside the mask (recorded)
        queue = self._store.queues.get(name)
        stored = queue.config if queue else _fresh(messages.Queue(name=name))
        merged = _merged(stored, request)
        if queue is None:
            return self._add(merged, now).as_message()
        check_and_fill(merged)
        queue.configure(merged, now)
        return queue.as_message()

    def delete(self, request: messages.DeleteQueueRequest, now: datetime) -> Empty:
        name = names.queue(_DELETE, request.name)
        if name not in self._store.queues:
            raise entity_missing()
        self._store.queues.pop(name).purge(now)
        self._deleted.add(name, now)
        return Empty()

    def purge(self, request: messages.PurgeQueueRequest, now: datetime) -> messages.Queue:
        queue = self._existing(_PURGE, request.name)
        queue.purge(now)
        return queue.as_message()

    def pause(self, request: messages.PauseQueueRequest, now: datetime) -> messages.Queue:  # noqa: ARG002  # every call has this shape
        return self._set_state(_PAUSE, request.name, PAUSED)

    def resume(self, request: messages.ResumeQueueRequest, now: datetime) -> messages.Queue:  # noqa: ARG002  # every call has this shape
        return self._set_state(_RESUME, request.name, RUNNING)

    def _set_state(self, rpc: Rpc, name: str, state: State) -> messages.Queue:
        queue = self._existing(rpc, name)
        queue.config.state = state
        return queue.as_message()

    def _existing(self, rpc: Rpc, name: str) -> Queue:
        queue = self._store.queues.get(names.queue(rpc, name))
        if queue is None:
            raise queue_missing()
        return queue

    def _add(self, config: messages.Queue, now: datetime) -> Queue:
        if self._deleted.holds(config.name, now):
            raise queue_deleted_recently()
        check_and_fill(config)
        return self._store.add(config, now)


def _fresh(sent: messages.Queue) -> messages.Queue:
    """What a caller sent, with what the service alone may set."""
    queue = messages.Queue()
    queue.CopyFrom(sent)
    queue.state = RUNNING
    queue.ClearField("purge_time")
    return queue


def _merged(stored: messages.Queue, request: messages.UpdateQueueRequest) -> messages.Queue:
    if request.HasField("update_mask"):
        return masked(stored, request.queue, request.update_mask.paths)
    replaced = _fresh(request.queue)
    replaced.state = stored.state
    if stored.HasField("purge_time"):
        replaced.purge_time.CopyFrom(stored.purge_time)
    return replaced
