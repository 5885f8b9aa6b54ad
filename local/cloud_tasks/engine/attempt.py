"""The HTTP request of an attempt: the task's request, overridden by its queue, with the documented headers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from local.cloud_tasks.engine.authorization import TokenConfig, TokenIssuer, read_token_config
from local.cloud_tasks.engine.headers import merge_headers, without_system_headers
from local.cloud_tasks.engine.http_target import Override
from local.cloud_tasks.engine.messages import HttpMethod, to_timestamp
from local.cloud_tasks.engine.task import AttemptRecord, Task

_STATUS_WITHOUT_RESPONSE = 504


@dataclass(frozen=True, slots=True)
class Attempt:
    """`number` counts a task's attempts from 1. URL, headers and body may contain secrets: never log them."""

    task: str
    number: int
    dispatched: datetime
    deadline: timedelta
    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def queue(self) -> str:
        """The full name of the task's queue."""
        return self.task.partition("/tasks/")[0]


def build_attempt(
    task: Task, record: AttemptRecord, override: Override, issuer: TokenIssuer, now: datetime
) -> Attempt | None:
    """The request of an attempt. None if no request can be sent.

    That is the case for a task with a body in a queue whose method is GET (recorded: the attempt fails with HTTP
    status code 0), and for a URL that cannot be parsed.
    """
    request = task.stored.http_request
    method = override.method or HttpMethod(request.http_method).name
    if method == "GET" and task.body:
        return None
    try:
        url = override.uri.apply_to(request.url) if override.uri else request.url
    except ValueError:
        return None
    token = override.token or read_token_config(request)
    return Attempt(
        task=task.name,
        number=record.number,
        dispatched=now,
        deadline=task.deadline,
        method=method,
        url=url,
        headers=merge_headers(
            without_system_headers(request.headers),
            override.headers,
            _authorization(token, issuer, request.url, now),
            _system_headers(task, record),
        ),
        body=task.body,
    )


def _authorization(
    token: TokenConfig | None, issuer: TokenIssuer, url: str, now: datetime
) -> Iterator[tuple[str, str]]:
    if token is not None:
        yield "Authorization", f"Bearer {token.issue(issuer, url=url, now=now)}"


def _system_headers(task: Task, record: AttemptRecord) -> Iterator[tuple[str, str]]:
    """The X-CloudTasks-* headers, as recorded. RetryReason is present but empty."""
    yield "X-CloudTasks-QueueName", task.name.rsplit("/", 3)[1]
    yield "X-CloudTasks-TaskName", task.task_id
    yield "X-CloudTasks-TaskRetryCount", str(record.number - 1)
    yield "X-CloudTasks-TaskExecutionCount", str(task.response_count)
    yield "X-CloudTasks-TaskETA", _format_eta(record.schedule_time)
    if task.previous_status is not None:
        yield "X-CloudTasks-TaskPreviousResponse", str(task.previous_status or _STATUS_WITHOUT_RESPONSE)
        yield "X-CloudTasks-TaskRetryReason", ""


def _format_eta(moment: datetime) -> str:
    """Unix seconds, with a fraction without trailing zeros; without a point for a whole second (a choice)."""
    stamp = to_timestamp(moment)
    return f"{stamp.seconds}.{stamp.nanos // 1000:06d}".rstrip("0").rstrip(".")
