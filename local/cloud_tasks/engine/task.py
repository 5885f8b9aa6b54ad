"""A task as the engine stores it, and as the API returns it."""

from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta

from local.cloud_tasks.engine import messages
from local.cloud_tasks.engine.messages import BASIC, FULL, View, to_timestamp
from local.cloud_tasks.engine.outcome import response_status
from local.cloud_tasks.engine.retry import RetryPolicy


@dataclass(slots=True, eq=False)
class AttemptRecord:
    """What a task keeps of an attempt. `dispatch_time` is None until it is sent, `response_time` until it has ended."""

    number: int
    schedule_time: datetime
    dispatch_time: datetime | None = None
    response_time: datetime | None = None
    status: int = 0

    def to_message(self) -> messages.Attempt:
        message = messages.Attempt(schedule_time=to_timestamp(self.schedule_time))
        if self.dispatch_time is not None:
            message.dispatch_time.CopyFrom(to_timestamp(self.dispatch_time))
        if self.response_time is not None:
            message.response_time.CopyFrom(to_timestamp(self.response_time))
            message.response_status.CopyFrom(response_status(self.status))
        return message


@dataclass(slots=True, eq=False, kw_only=True)
class Task:
    """A task that has not ended.

    `stored` is the message as CreateTask accepted it, without the body; it never changes. `schedule_entry` is the
    number of the task's only valid entry in the queue's schedule, 0 for none.
    """

    name: str
    stored: messages.Task
    body: bytes
    create_time: datetime
    schedule_time: datetime
    deadline: timedelta
    retry_policy: RetryPolicy | None
    schedule_entry: int = 0
    in_flight: int = 0
    dispatch_count: int = 0
    response_count: int = 0
    first_dispatch_time: datetime | None = None
    previous_status: int | None = None
    last_attempt: AttemptRecord | None = None

    @property
    def task_id(self) -> str:
        """The last part of the name."""
        return self.name.rpartition("/")[2]

    def start_attempt(self) -> AttemptRecord:
        """Counts an attempt that is sent next."""
        self.dispatch_count += 1
        self.in_flight += 1
        self.last_attempt = AttemptRecord(self.dispatch_count, self.schedule_time)
        return self.last_attempt

    def to_message(self, view: int = View.VIEW_UNSPECIFIED) -> messages.Task:
        """The task in a view. BASIC and an unknown number leave out the body."""
        message = deepcopy(self.stored)
        message.schedule_time.CopyFrom(to_timestamp(self.schedule_time))
        message.dispatch_count = self.dispatch_count
        message.response_count = self.response_count
        if self.first_dispatch_time is not None:
            message.first_attempt.dispatch_time.CopyFrom(to_timestamp(self.first_dispatch_time))
        if self.last_attempt is not None:
            message.last_attempt.CopyFrom(self.last_attempt.to_message())
        if view == FULL:
            message.http_request.body = self.body
            message.view = FULL
        elif view in (View.VIEW_UNSPECIFIED, BASIC):
            message.view = BASIC
        return message
