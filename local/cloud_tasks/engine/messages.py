"""The API's messages as plain protobuf.

The engine does not use the wrappers of proto-plus, since those lose nanoseconds, years outside 1-9999 and unknown enum
numbers. The type checker sees the wrappers all the same, because their annotations name the fields.
"""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from google.cloud import tasks_v2
from google.cloud.tasks_v2.types import target
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

HttpMethod = tasks_v2.HttpMethod
View = tasks_v2.Task.View
State = tasks_v2.Queue.State
Scheme = target.UriOverride.Scheme
EnforceMode = target.UriOverride.UriOverrideEnforceMode

POST = HttpMethod(HttpMethod.POST)
BASIC = View(View.BASIC)
FULL = View(View.FULL)
RUNNING = State(State.RUNNING)
PAUSED = State(State.PAUSED)

if TYPE_CHECKING:
    from google.cloud.tasks_v2 import (
        Attempt,
        CreateQueueRequest,
        CreateTaskRequest,
        DeleteQueueRequest,
        DeleteTaskRequest,
        GetQueueRequest,
        GetTaskRequest,
        HttpRequest,
        HttpTarget,
        ListQueuesRequest,
        ListQueuesResponse,
        ListTasksRequest,
        ListTasksResponse,
        PauseQueueRequest,
        PurgeQueueRequest,
        Queue,
        ResumeQueueRequest,
        RetryConfig,
        RunTaskRequest,
        Task,
        UpdateQueueRequest,
    )
else:
    Attempt = tasks_v2.Attempt.pb()
    CreateQueueRequest = tasks_v2.CreateQueueRequest.pb()
    CreateTaskRequest = tasks_v2.CreateTaskRequest.pb()
    DeleteQueueRequest = tasks_v2.DeleteQueueRequest.pb()
    DeleteTaskRequest = tasks_v2.DeleteTaskRequest.pb()
    GetQueueRequest = tasks_v2.GetQueueRequest.pb()
    GetTaskRequest = tasks_v2.GetTaskRequest.pb()
    HttpRequest = tasks_v2.HttpRequest.pb()
    HttpTarget = tasks_v2.HttpTarget.pb()
    ListQueuesRequest = tasks_v2.ListQueuesRequest.pb()
    ListQueuesResponse = tasks_v2.ListQueuesResponse.pb()
    ListTasksRequest = tasks_v2.ListTasksRequest.pb()
    ListTasksResponse = tasks_v2.ListTasksResponse.pb()
    PauseQueueRequest = tasks_v2.PauseQueueRequest.pb()
    PurgeQueueRequest = tasks_v2.PurgeQueueRequest.pb()
    Queue = tasks_v2.Queue.pb()
    ResumeQueueRequest = tasks_v2.ResumeQueueRequest.pb()
    RetryConfig = tasks_v2.RetryConfig.pb()
    RunTaskRequest = tasks_v2.RunTaskRequest.pb()
    Task = tasks_v2.Task.pb()
    UpdateQueueRequest = tasks_v2.UpdateQueueRequest.pb()

__all__ = [
    "BASIC",
    "FULL",
    "PAUSED",
    "POST",
    "RUNNING",
    "Attempt",
    "CreateQueueRequest",
    "CreateTaskRequest",
    "DeleteQueueRequest",
    "DeleteTaskRequest",
    "EnforceMode",
    "GetQueueRequest",
    "GetTaskRequest",
    "HttpMethod",
    "HttpRequest",
    "HttpTarget",
    "ListQueuesRequest",
    "ListQueuesResponse",
    "ListTasksRequest",
    "ListTasksResponse",
    "PauseQueueRequest",
    "PurgeQueueRequest",
    "Queue",
    "ResumeQueueRequest",
    "RetryConfig",
    "RunTaskRequest",
    "Scheme",
    "State",
    "Task",
    "UpdateQueueRequest",
    "View",
    "to_duration",
    "to_timedelta",
    "to_timestamp",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_timestamp(moment: datetime) -> Timestamp:
    """Exact to the microsecond, in any year."""
    since = moment - _EPOCH
    return Timestamp(seconds=since.days * 86_400 + since.seconds, nanos=since.microseconds * 1000)


def to_duration(span: timedelta) -> Duration:
    """Exact to the microsecond."""
    message = Duration()
    message.FromTimedelta(span)
    return message


def to_timedelta(message: Duration) -> timedelta:
    """Truncated to the microsecond."""
    return timedelta(seconds=message.seconds, microseconds=message.nanos // 1000)
