"""A task as the engine holds it, and as a caller sees it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from local.cloud_tasks.engine import messages
from local.cloud_tasks.engine.messages import BASIC, FULL, View, timestamp
from local.cloud_tasks.engine.outcomes import response_status
from local.cloud_tasks.engine.retry import RetryPolicy


@dataclass(slots=True, eq=False)
class Started:
    """What is remembered of one attempt. A forced one has no `dispatch_time` until it goes out."""

    number: int
    schedule_time: datetime
    dispatch_time: datetime | None = None
    response_time: datetime | None = None
    status: int = 0


@dataclass(slots=True, eq=False, kw_only=True)
class Task:
    """A task that has not ended.

    `stored` is the message as it was accepted, without its body, and never changes. `ticket` is the number
    of the task's only valid place in its queue's schedule, 0 for none.
    """

    name: str
    stored: messages.Task
    body: bytes
    created: datetime
    schedule_time: datetime
    deadline: timedelta
    retry: RetryPolicy | None
    ticket: int = 0
    in_flight: int = 0
    dispatch_count: int = 0
    response_count: int = 0
    first_dispatch: datetime | None = None
    previous_status: int | None = None
    last: Started | None = None

    @property
    def short_name(self) -> str:
        return self.name.rpartition("/")[2]

    def start(self) -> Started:
        """Counts an attempt that is about to go out."""
        self.dispatch_count += 1
        self.in_flight += 1
        self.last = Started(self.dispatch_count, self.schedule_time)
        return self.last

    def as_message(self, view: int = View.VIEW_UNSPECIFIED) -> messages.Task:
        """The task in the view asked for. BASIC leaves out the body; so does a number that is no view."""
        message = messages.Task()
        message.CopyFrom(self.stored)
        message.schedule_time.CopyFrom(timestamp(self.schedule_time))
        message.dispatch_count = self.dispatch_count
        message.response_count = self.response_count
        if self.first_dispatch is not None:
            message.first_attempt.dispatch_time.CopyFrom(timestamp(self.first_dispatch))
        if self.last is not None:
            message.last_attempt.CopyFrom(_as_record(self.last))
        _set_view(message, view, self.body)
        return message


def _set_view(message: messages.Task, view: int, body: bytes) -> None:
    if view == FULL:
        message.http_request.body = body
        message.view = FULL
    elif view in (View.VIEW_UNSPECIFIED, BASIC):
        message.view = BASIC


def _as_record(started: Started) -> messages.AttemptRecord:
    record = messages.AttemptRecord(schedule_time=timestamp(started.schedule_time))
    if started.dispatch_time is not None:
        record.dispatch_time.CopyFrom(timestamp(started.dispatch_time))
    if started.response_time is not None:
        record.response_time.CopyFrom(timestamp(started.response_time))
        record.response_status.CopyFrom(response_status(started.status))
    return record
