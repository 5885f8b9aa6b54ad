"""What CreateTask accepts, and the form in which a task is stored."""

import secrets
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from local.cloud_tasks.engine import headers, messages, names
from local.cloud_tasks.engine.errors import invalid, invalid_argument, not_implemented
from local.cloud_tasks.engine.messages import POST, HttpMethod, HttpRequest, delta, duration, timestamp
from local.cloud_tasks.engine.queue_config import fill_retry_config, policy_of
from local.cloud_tasks.engine.task import Task
from local.cloud_tasks.engine.tokens import Token, check_token, store_token

LARGEST_TASK = 1_048_569
"""Bytes of a stored task, 1 MiB - 7: measured on the real service."""

_METHODS = frozenset(HttpMethod) - {HttpMethod.HTTP_METHOD_UNSPECIFIED}
_WITH_BODY = frozenset({HttpMethod.POST, HttpMethod.PUT, HttpMethod.PATCH})
_FURTHEST = timedelta(hours=720)
_END_OF_YEAR_9999 = 253_402_300_800
_DEFAULT_DEADLINE = timedelta(minutes=10)
_SHORTEST_DEADLINE = timedelta(seconds=15)
_LONGEST_DEADLINE = timedelta(minutes=30)
_PACIFIC = ZoneInfo("America/Los_Angeles")


def accept(parent: str, asked: messages.Task, override: Token | None, now: datetime) -> Task:
    """The task as it will be stored, or the refusal. What the service alone may set is ignored."""
    _check_target(asked)
    name = names.task_in(parent, asked.name) if asked.name else _numeric_name(parent)
    schedule_time = _schedule_time(asked.schedule_time, now)
    deadline = _deadline(asked.dispatch_deadline)
    stored = messages.Task(
        name=name,
        http_request=_stored_request(asked.http_request, override),
        schedule_time=timestamp(schedule_time),
        create_time=timestamp(now.replace(microsecond=0)),
        dispatch_deadline=duration(deadline),
    )
    if asked.HasField("retry_config"):
        stored.retry_config.CopyFrom(asked.retry_config)
        fill_retry_config(stored.retry_config)
    if stored.ByteSize() > LARGEST_TASK:
        raise invalid("Task size too large")
    stored.http_request.ClearField("body")
    return Task(
        name=name,
        stored=stored,
        body=asked.http_request.body,
        created=now,
        schedule_time=schedule_time,
        deadline=deadline,
        retry=policy_of(stored.retry_config) if stored.HasField("retry_config") else None,
    )


def _check_target(asked: messages.Task) -> None:
    match asked.WhichOneof("message_type"):
        case None:
            raise invalid("Task.payload_type is not set.")
        case "app_engine_http_request":
            raise not_implemented("App Engine tasks are not part of the local Cloud Tasks; only HTTP targets are.")
    url = asked.http_request.url
    if not url:
        raise invalid("HttpRequest.url is required.")
    if not url.startswith(("http://", "https://")):
        raise invalid("HttpTarget.url must start with 'http://' or 'https://'.")


def _stored_request(asked: HttpRequest, override: Token | None) -> HttpRequest:
    request = HttpRequest()
    request.CopyFrom(asked)
    if request.http_method not in _METHODS:
        request.http_method = POST
    if request.body and request.http_method not in _WITH_BODY:
        raise invalid("Body can only be set if the http_method is POST, PUT, or PATCH.")
    request.headers.clear()
    request.headers.update(headers.storable(asked.headers))
    check_token(request)
    store_token(request, override)
    return request


def _numeric_name(parent: str) -> str:
    return f"{parent}/tasks/{secrets.randbits(64)}"


def _schedule_time(asked: Timestamp, now: datetime) -> datetime:
    """Now for a moment that has passed, in any year; cut to the microsecond."""
    limit = timestamp(now + _FURTHEST)
    if (asked.seconds, asked.nanos) > (limit.seconds, limit.nanos):
        raise _too_far(asked)
    reached = timestamp(now)
    if (asked.seconds, asked.nanos) <= (reached.seconds, reached.nanos):
        return now
    return datetime.fromtimestamp(asked.seconds, UTC).replace(microsecond=asked.nanos // 1000)


def _too_far(asked: Timestamp) -> Exception:
    if asked.seconds >= _END_OF_YEAR_9999:
        return invalid_argument()
    moment = datetime.fromtimestamp(asked.seconds, UTC).astimezone(_PACIFIC).isoformat()
    fraction = f".{asked.nanos:09d}".rstrip("0") if asked.nanos else ""
    return invalid(
        f"The Task.scheduleTime, {moment[:19]}{fraction}{moment[19:]}, is too far in the future."
        " Schedule time must be no more than 720h in the future."
    )


def _deadline(asked: Duration) -> timedelta:
    """Ten minutes if nothing was asked; cut to the millisecond."""
    if not asked.seconds and not asked.nanos:
        return _DEFAULT_DEADLINE
    too_long = asked.seconds == _LONGEST_DEADLINE.total_seconds() and asked.nanos > 0
    if not _SHORTEST_DEADLINE.total_seconds() <= asked.seconds <= _LONGEST_DEADLINE.total_seconds() or too_long:
        raise invalid("Task.dispatchDeadline must be between [15s, 30m].")
    exact = delta(asked)
    return exact - exact % timedelta(milliseconds=1)
