"""The API's calls on queues. Each takes its request and the time, and returns the response or raises ApiError."""
# ruff: noqa: ARG002  # every call takes the time, also where it does not depend on it

from copy import deepcopy
from datetime import datetime

from google.protobuf.empty_pb2 import Empty

from local.cloud_tasks.engine import messages, names
from local.cloud_tasks.engine.errors import entity_not_found, queue_exists, unimplemented
from local.cloud_tasks.engine.http_target import validate_http_target
from local.cloud_tasks.engine.messages import PAUSED, RUNNING, State
from local.cloud_tasks.engine.names import LOCATION, QUEUE, Rpc
from local.cloud_tasks.engine.paging import paginate
from local.cloud_tasks.engine.queue import Queue, QueueStore
from local.cloud_tasks.engine.queue_config import apply_mask, complete_queue_config, validate_mask

_CREATE = Rpc("CreateQueue", "cloudtasks.queues.create", LOCATION)
_GET = Rpc("GetQueue", "cloudtasks.queues.get", QUEUE)
_LIST = Rpc("ListQueues", "cloudtasks.queues.list", LOCATION)
_UPDATE = Rpc("UpdateQueue", "cloudtasks.queues.update", QUEUE)
_DELETE = Rpc("DeleteQueue", "cloudtasks.queues.delete", QUEUE)
_PURGE = Rpc("PurgeQueue", "cloudtasks.queues.purge", QUEUE)
_PAUSE = Rpc("PauseQueue", "cloudtasks.queues.pause", QUEUE)
_RESUME = Rpc("ResumeQueue", "cloudtasks.queues.resume", QUEUE)
_MAX_PAGE_SIZE = 9800


class QueueCalls:
    def __init__(self, store: QueueStore) -> None:
        self._store = store

    def create(self, request: messages.CreateQueueRequest, now: datetime) -> messages.Queue:
        names.validate_location(_CREATE, request.parent)
        names.validate_new_queue(request.parent, request.queue.name)
        if request.queue.name in self._store.queues:
            raise queue_exists()
        config = _without_output_fields(request.queue)
        complete_queue_config(config)
        return self._store.add(config, now).to_message()

    def get(self, request: messages.GetQueueRequest, now: datetime) -> messages.Queue:
        return self._get(_GET, request.name).to_message()

    def list(self, request: messages.ListQueuesRequest, now: datetime) -> messages.ListQueuesResponse:
        names.validate_location(_LIST, request.parent)
        if request.filter:
            raise unimplemented("The local Cloud Tasks has no ListQueues filter; list without one.")
        page = paginate(
            sorted(name for name in self._store.queues if name.startswith(f"{request.parent}/")),
            call="ListQueues",
            size=request.page_size,
            token=request.page_token,
            max_size=_MAX_PAGE_SIZE,
        )
        queues = [self._store.queues[name].config for name in page.keys]
        return messages.ListQueuesResponse(queues=queues, next_page_token=page.next_token)

    def update(self, request: messages.UpdateQueueRequest, now: datetime) -> messages.Queue:
        """Creates the queue if it does not exist. Without a mask, replaces every field."""
        names.validate_queue(_UPDATE, request.queue.name)
        validate_mask(request.update_mask.paths)
        validate_http_target(request.queue.http_target)  # even if the mask does not name it (recorded)
        queue = self._store.queues.get(request.queue.name)
        stored = queue.config if queue else _without_output_fields(messages.Queue(name=request.queue.name))
        config = _updated_config(stored, request)
        complete_queue_config(config)
        if queue is None:
            queue = self._store.add(config, now)
        else:
            queue.configure(config, now)
        return queue.to_message()

    def delete(self, request: messages.DeleteQueueRequest, now: datetime) -> Empty:
        names.validate_queue(_DELETE, request.name)
        if request.name not in self._store.queues:
            raise entity_not_found()
        self._store.queues.pop(request.name).purge(now)
        return Empty()

    def purge(self, request: messages.PurgeQueueRequest, now: datetime) -> messages.Queue:
        queue = self._get(_PURGE, request.name)
        queue.purge(now)
        return queue.to_message()

    def pause(self, request: messages.PauseQueueRequest, now: datetime) -> messages.Queue:
        return self._set_state(_PAUSE, request.name, PAUSED)

    def resume(self, request: messages.ResumeQueueRequest, now: datetime) -> messages.Queue:
        return self._set_state(_RESUME, request.name, RUNNING)

    def _set_state(self, rpc: Rpc, name: str, state: State) -> messages.Queue:
        queue = self._get(rpc, name)
        queue.config.state = state
        return queue.to_message()

    def _get(self, rpc: Rpc, name: str) -> Queue:
        names.validate_queue(rpc, name)
        return self._store.get(name)


def _without_output_fields(sent: messages.Queue) -> messages.Queue:
    """The queue with the output-only fields of a new one."""
    queue = deepcopy(sent)
    queue.state = RUNNING
    queue.ClearField("purge_time")
    return queue


def _updated_config(stored: messages.Queue, request: messages.UpdateQueueRequest) -> messages.Queue:
    if request.HasField("update_mask"):
        return apply_mask(stored, request.queue, request.update_mask.paths)
    replaced = _without_output_fields(request.queue)
    replaced.state = stored.state
    if stored.HasField("purge_time"):
        replaced.purge_time.CopyFrom(stored.purge_time)
    return replaced
