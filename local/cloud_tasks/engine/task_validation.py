"""Validates the task of a CreateTask call and converts it to the form in which it is stored."""

import secrets
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from local.cloud_tasks.engine import messages, names
from local.cloud_tasks.engine.authorization import TokenConfig, store_token, validate_token
from local.cloud_tasks.engine.errors import ApiError, invalid_argument, unimplemented
from local.cloud_tasks.engine.headers import filter_headers
from local.cloud_tasks.engine.messages import (
    POST,
    HttpMethod,
    HttpRequest,
    to_duration,
    to_timedelta,
    to_timestamp,
)
from local.cloud_tasks.engine.retry import complete_retry_config, read_policy
from local.cloud_tasks.engine.task import Task

MAX_TASK_BYTES = 1_048_569
"""The size of a stored task, 1 MiB - 7: measured on the real service."""

_METHODS = frozenset(HttpMethod) - {HttpMethod.HTTP_METHOD_UNSPECIFIED}
_METHODS_WITH_BODY = frozenset({HttpMethod.POST, HttpMethod.PUT, HttpMethod.PATCH})
_MAX_DELAY = timedelta(hours=720)
_END_OF_YEAR_9999 = 253_402_300_800
_DEFAULT_DEADLINE = timedelta(minutes=10)
_MIN_DEADLINE = timedelta(seconds=15)
_MAX_DEADLINE = timedelta(minutes=30)
_PACIFIC = ZoneInfo("America/Los_Angeles")


def validate_new_task(parent: str, sent: messages.Task, override: TokenConfig | None, now: datetime) -> Task:
    """The task as the queue `parent` stores it. Output-only fields are ignored; `override` is the queue's token."""
    _validate_target(sent)
    if sent.name:
        names.validate_new_task(parent, sent.name)
    schedule_time = _schedule_time(sent.schedule_time, now)
    deadline = _deadline(sent.dispatch_deadline)
    stored = messages.Task(
        name=sent.name or f"{parent}/tasks/{secrets.randbits(64)}",
        http_request=_stored_request(sent.http_request, override),
        schedule_time=to_timestamp(schedule_time),
        create_time=to_timestamp(now.replace(microsecond=0)),
        dispatch_deadline=to_duration(deadline),
    )
    if sent.HasField("retry_config"):
        stored.retry_config.CopyFrom(sent.retry_config)
        complete_retry_config(stored.retry_config)
    if stored.ByteSize() > MAX_TASK_BYTES:
        raise invalid_argument("Task size too large")
    stored.http_request.ClearField("body")
    return Task(
        name=stored.name,
        stored=stored,
        body=sent.http_request.body,
        create_time=now,
        schedule_time=schedule_time,
        deadline=deadline,
        retry_policy=read_policy(stored.retry_config) if stored.HasField("retry_config") else None,
    )


def _validate_target(sent: messages.Task) -> None:
    match sent.WhichOneof("message_type"):
        case None:
            raise invalid_argument("Task.payload_type is not set.")
        case "app_engine_http_request":
            raise unimplemented("The local Cloud Tasks has no App Engine tasks, only HTTP targets.")
    url = sent.http_request.url
    if not url:
        raise invalid_argument("HttpRequest.url is required.")
    if not url.startswith(("http://", "https://")):
        raise invalid_argument("HttpTarget.url must start with 'http://' or 'https://'.")


def _stored_request(sent: HttpRequest, override: TokenConfig | None) -> HttpRequest:
    request = deepcopy(sent)
    if request.http_method not in _METHODS:
        request.http_method = POST
    if request.body and request.http_method not in _METHODS_WITH_BODY:
        raise invalid_argument("Body can only be set if the http_method is POST, PUT, or PATCH.")
    request.headers.clear()
    request.headers.update(filter_headers(sent.headers))
    validate_token(request)
    store_token(request, override)
    return request


def _schedule_time(sent: Timestamp, now: datetime) -> datetime:
    """The moment truncated to the microsecond; `now` for a moment in the past, in any year."""
    limit = to_timestamp(now + _MAX_DELAY)
    if (sent.seconds, sent.nanos) > (limit.seconds, limit.nanos):
        raise _too_far_ahead(sent)
    present = to_timestamp(now)
    if (sent.seconds, sent.nanos) <= (present.seconds, present.nanos):
        return now
    return datetime.fromtimestamp(sent.seconds, UTC).replace(microsecond=sent.nanos // 1000)


def _too_far_ahead(sent: Timestamp) -> ApiError:
    if sent.seconds >= _END_OF_YEAR_9999:
        return invalid_argument()
    moment = datetime.fromtimestamp(sent.seconds, UTC).astimezone(_PACIFIC).isoformat()
    fraction = f".{sent.nanos:09d}".rstrip("0") if sent.nanos else ""
    return invalid_argument(
        f"The Task.scheduleTime, {moment[:19]}{fraction}{moment[19:]}, is too far in the future."
        " Schedule time must be no more than 720h in the future."
    )


def _deadline(sent: Duration) -> timedelta:
    """The deadline truncated to the millisecond; ten minutes if it is unset."""
    if not sent.seconds and not sent.nanos:
        return _DEFAULT_DEADLINE
    is_too_long = sent.seconds == _MAX_DEADLINE.total_seconds() and sent.nanos > 0
    if not _MIN_DEADLINE.total_seconds() <= sent.seconds <= _MAX_DEADLINE.total_seconds() or is_too_long:
        raise invalid_argument("Task.dispatchDeadline must be between [15s, 30m].")
    exact = to_timedelta(sent)
    return exact - exact % timedelta(milliseconds=1)
