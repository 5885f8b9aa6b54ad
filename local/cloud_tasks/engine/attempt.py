"""The request that an attempt sends: the task's own, overridden by its queue, under the documented headers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from local.cloud_tasks.engine import headers
from local.cloud_tasks.engine.http_target import Override
from local.cloud_tasks.engine.messages import HttpMethod, timestamp
from local.cloud_tasks.engine.task import Started, Task
from local.cloud_tasks.engine.tokens import Token, TokenMaker, token_of

_NEVER_ANSWERED = 504


@dataclass(frozen=True, slots=True)
class Attempt:
    """One HTTP request. `number` is 1 for a task's first; headers and body hold secrets and stay out of logs."""

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


def compose(task: Task, started: Started, override: Override, maker: TokenMaker, now: datetime) -> Attempt | None:
    """The request of an attempt, or None if there is none to send.

    None is a body under a queue's GET (recorded: nothing is sent, and the attempt fails with HTTP status code 0)
    or a URL that cannot be read.
    """
    request = task.stored.http_request
    method = override.method or HttpMethod(request.http_method).name
    if method == "GET" and task.body:
        return None
    try:
        url = override.uri.applied_to(request.url) if override.uri else request.url
    except ValueError:
        return None
    token = override.token or token_of(request)
    return Attempt(
        task=task.name,
        number=started.number,
        dispatched=now,
        deadline=task.deadline,
        method=method,
        url=url,
        headers=_headers(task, started, override, _authorization(token, maker, request.url, now)),
        body=task.body,
    )


def _authorization(token: Token | None, maker: TokenMaker, url: str, now: datetime) -> Mapping[str, str]:
    return token.header(maker, url=url, now=now) if token else {}


def _headers(task: Task, started: Started, override: Override, authorization: Mapping[str, str]) -> dict[str, str]:
    own = headers.without_system(task.stored.http_request.headers)
    return headers.merged(own, override.headers, authorization.items(), _system_headers(task, started))


def _system_headers(task: Task, started: Started) -> Iterator[tuple[str, str]]:
    """The headers of "HTTP target tasks: request headers", as recorded."""
    yield "X-CloudTasks-QueueName", task.name.rsplit("/", 3)[1]
    yield "X-CloudTasks-TaskName", task.short_name
    yield "X-CloudTasks-TaskRetryCount", str(started.number - 1)
    yield "X-CloudTasks-TaskExecutionCount", str(task.response_count)
    yield "X-CloudTasks-TaskETA", eta(started.schedule_time)
    if task.previous_status is not None:
        yield "X-CloudTasks-TaskPreviousResponse", str(task.previous_status or _NEVER_ANSWERED)
        yield "X-CloudTasks-TaskRetryReason", ""


def eta(moment: datetime) -> str:
    """Unix seconds; the fraction without trailing zeros, and without its point for a whole second (a choice)."""
    stamp = timestamp(moment)
    return f"{stamp.seconds}.{stamp.nanos // 1000:06d}".rstrip("0").rstrip(".")
