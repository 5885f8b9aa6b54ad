"""A queue in virtual time, without network or threads: the engine, and a function in place of the targets."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.cloud_tasks.engine import ApiError, Attempt, Delivery, Engine, Outcome, Verdict, messages

LOCATION = "projects/p/locations/l"
QUEUE = f"{LOCATION}/queues/q"
START = datetime(2026, 11, 1, 12, tzinfo=UTC)
URL = "https://target.example/work?a=1"


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


class ReadableTokens:
    """Issues tokens that show their fields."""

    def oidc(self, *, email: str, audience: str, now: datetime) -> str:  # noqa: ARG002  # part of the protocol
        return f"oidc {email} {audience}"

    def oauth(self, *, email: str, scope: str, now: datetime) -> str:  # noqa: ARG002  # part of the protocol
        return f"oauth {email} {scope}"


class World:
    """One queue `q`. `respond` decides the outcome of each attempt; `sent` and `verdicts` list all of them."""

    def __init__(self, respond: Callable[[Attempt], Outcome | int] = lambda _: 200, **queue: Any) -> None:
        self.engine = Engine(ReadableTokens())
        self.now = START
        self.respond = respond
        self.sent: list[Attempt] = []
        self.verdicts: list[Verdict] = []
        self._in_flight: list[tuple[datetime, Delivery, Outcome]] = []
        self.create_queue(**queue)

    def create_queue(self, name: str = QUEUE, parent: str = LOCATION, **fields: Any) -> messages.Queue:
        queue = messages.Queue(name=name, **fields)
        return self.engine.queues.create(messages.CreateQueueRequest(parent=parent, queue=queue), self.now)

    def update_queue(self, *mask: str, **fields: Any) -> messages.Queue:
        request = messages.UpdateQueueRequest(queue=messages.Queue(name=QUEUE, **fields))
        if mask:
            request.update_mask.paths.extend(mask)
        return self.engine.queues.update(request, self.now)

    def get_queue(self, name: str = QUEUE) -> messages.Queue:
        return self.engine.queues.get(messages.GetQueueRequest(name=name), self.now)

    def delete_queue(self, name: str = QUEUE) -> None:
        self.engine.queues.delete(messages.DeleteQueueRequest(name=name), self.now)

    def list_queues(self, parent: str = LOCATION, **fields: Any) -> messages.ListQueuesResponse:
        return self.engine.queues.list(messages.ListQueuesRequest(parent=parent, **fields), self.now)

    def purge(self, name: str = QUEUE) -> messages.Queue:
        return self.engine.queues.purge(messages.PurgeQueueRequest(name=name), self.now)

    def pause(self, name: str = QUEUE) -> messages.Queue:
        return self.engine.queues.pause(messages.PauseQueueRequest(name=name), self.now)

    def resume(self, name: str = QUEUE) -> messages.Queue:
        return self.engine.queues.resume(messages.ResumeQueueRequest(name=name), self.now)

    def create_task(self, task_id: str = "", *, view: int = 0, url: str = URL, **fields: Any) -> messages.Task:
        http = {"url": url} | fields.pop("http", {})
        name = f"{QUEUE}/tasks/{task_id}" if task_id else ""
        task = messages.Task(**({"name": name, "http_request": http} | fields))
        request = messages.CreateTaskRequest(parent=QUEUE, task=task, response_view=view)
        return self.engine.tasks.create(request, self.now)

    def get_task(self, task_id: str, view: int = 0, queue: str = QUEUE) -> messages.Task:
        request = messages.GetTaskRequest(name=f"{queue}/tasks/{task_id}", response_view=view)
        return self.engine.tasks.get(request, self.now)

    def list_tasks(self, queue: str = QUEUE, **fields: Any) -> messages.ListTasksResponse:
        return self.engine.tasks.list(messages.ListTasksRequest(parent=queue, **fields), self.now)

    def delete_task(self, task_id: str, queue: str = QUEUE) -> None:
        self.engine.tasks.delete(messages.DeleteTaskRequest(name=f"{queue}/tasks/{task_id}"), self.now)

    def run_task(self, task_id: str, view: int = 0, queue: str = QUEUE) -> messages.Task:
        request = messages.RunTaskRequest(name=f"{queue}/tasks/{task_id}", response_view=view)
        return self.engine.tasks.run(request, self.now)

    def pass_time(self, span: timedelta = timedelta(0)) -> list[Attempt]:
        """Sends and settles each attempt at its time; returns the attempts of the span."""
        before, until = len(self.sent), self.now + span
        while (moment := self._next_moment()) is not None and moment <= until:
            self.now = max(self.now, moment)
            self._take_turn()
        self.now = until
        return self.sent[before:]

    @property
    def in_flight(self) -> int:
        return len(self._in_flight)

    @property
    def times(self) -> list[float]:
        """When each attempt was sent, in seconds from the start."""
        return [(attempt.dispatched - START).total_seconds() for attempt in self.sent]

    @property
    def sent_ids(self) -> list[str]:
        """The task id of each attempt."""
        return [short_name(attempt.task) for attempt in self.sent]

    @property
    def pending_ids(self) -> list[str]:
        return [short_name(task.name) for task in self.engine.pending()]

    def _next_moment(self) -> datetime | None:
        moments = [ended for ended, _, _ in self._in_flight]
        due = self.engine.deliveries.next_due()
        return min(moments if due is None else [*moments, due], default=None)

    def _take_turn(self) -> None:
        for ended, delivery, outcome in self._in_flight[:]:
            if ended <= self.now:
                self._in_flight.remove((ended, delivery, outcome))
                self.verdicts.append(self.engine.deliveries.settle(delivery, outcome, self.now))
        for delivery in self.engine.deliveries.start_due(self.now):
            outcome = self._outcome(delivery.attempt)
            ended = self.now + min(outcome.took, delivery.task.deadline)
            self._in_flight.append((ended, delivery, outcome))

    def _outcome(self, attempt: Attempt | None) -> Outcome:
        if attempt is None:
            return Outcome(0)
        self.sent.append(attempt)
        response = self.respond(attempt)
        return response if isinstance(response, Outcome) else Outcome(response)


def responses(*sequence: Outcome | int) -> Callable[[Attempt], Outcome | int]:
    """Responds to the first attempt of a task with the first, and so on; the last one repeats."""
    return lambda attempt: sequence[min(attempt.number, len(sequence)) - 1]


def system_headers(attempt: Attempt, names: Iterable[str]) -> dict[str, str | None]:
    """The X-CloudTasks-Task* headers of the given short names."""
    return {name: attempt.headers.get(f"X-CloudTasks-Task{name}") for name in names}


def short_name(name: str) -> str:
    """The id of a task or a queue."""
    return name.rpartition("/")[2]


def error_of(call: Callable[[], object]) -> ApiError:
    """The error of a call that must be refused."""
    with pytest.raises(ApiError) as refused:
        call()
    return refused.value
