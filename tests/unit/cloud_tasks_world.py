"""A queue in virtual time, without network or thread: the engine and targets that are functions."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from local.cloud_tasks.engine import Attempt, Delivery, Engine, Outcome, Verdict, messages

LOCATION = "projects/p/locations/l"
QUEUE = f"{LOCATION}/queues/q"
START = datetime(2026, 11, 1, 12, tzinfo=UTC)
URL = "https://target.example/work?a=1"


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


class ReadableTokens:
    """Tokens that say what they are for."""

    def oidc(self, *, email: str, audience: str, now: datetime) -> str:  # noqa: ARG002  # the engine passes it
        return f"oidc {email} {audience}"

    def oauth(self, *, email: str, scope: str, now: datetime) -> str:  # noqa: ARG002  # the engine passes it
        return f"oauth {email} {scope}"


class World:
    """One queue `q`; `answer` decides how each attempt ends, `sent` holds them all and `verdicts` what came of them."""

    def __init__(self, answer: Callable[[Attempt], Outcome | int] = lambda _: 200, **queue: Any) -> None:
        self.engine = Engine(ReadableTokens())
        self.now = START
        self.answer = answer
        self.sent: list[Attempt] = []
        self.verdicts: list[Verdict] = []
        self._under_way: list[tuple[datetime, Delivery, Outcome]] = []
        self.create_queue(**queue)

    def create_queue(self, name: str = QUEUE, **fields: Any) -> messages.Queue:
        queue = messages.Queue(name=name, **fields)
        return self.engine.queues.create(messages.CreateQueueRequest(parent=LOCATION, queue=queue), self.now)

    def update_queue(self, *mask: str, **fields: Any) -> messages.Queue:
        request = messages.UpdateQueueRequest(queue=messages.Queue(name=QUEUE, **fields))
        if mask:
            request.update_mask.paths.extend(mask)
        return self.engine.queues.update(request, self.now)

    def get_queue(self) -> messages.Queue:
        return self.engine.queues.get(messages.GetQueueRequest(name=QUEUE), self.now)

    def pause(self) -> messages.Queue:
        return self.engine.queues.pause(messages.PauseQueueRequest(name=QUEUE), self.now)

    def resume(self) -> messages.Queue:
        return self.engine.queues.resume(messages.ResumeQueueRequest(name=QUEUE), self.now)

    def create_task(self, task_id: str = "", *, view: int = 0, url: str = URL, **fields: Any) -> messages.Task:
        http = {"url": url} | fields.pop("http", {})
        name = f"{QUEUE}/tasks/{task_id}" if task_id else ""
        task = messages.Task(**({"name": name, "http_request": http} | fields))
        request = messages.CreateTaskRequest(parent=QUEUE, task=task, response_view=view)
        return self.engine.tasks.create(request, self.now)

    def get_task(self, task_id: str) -> messages.Task:
        return self.engine.tasks.get(messages.GetTaskRequest(name=f"{QUEUE}/tasks/{task_id}"), self.now)

    def delete_task(self, task_id: str) -> None:
        self.engine.tasks.delete(messages.DeleteTaskRequest(name=f"{QUEUE}/tasks/{task_id}"), self.now)

    def run_task(self, task_id: str) -> messages.Task:
        return self.engine.tasks.run(messages.RunTaskRequest(name=f"{QUEUE}/tasks/{task_id}"), self.now)

    def pass_time(self, span: timedelta = timedelta(0)) -> list[Attempt]:
        """Sends and settles everything at its time; returns the attempts of the span."""
        before, until = len(self.sent), self.now + span
        while (moment := self._next_moment()) is not None and moment <= until:
            self.now = max(self.now, moment)
            self._turn()
        self.now = until
        return self.sent[before:]

    @property
    def in_flight(self) -> int:
        return len(self._under_way)

    @property
    def times(self) -> list[float]:
        """When each attempt went out, in seconds from the start."""
        return [(attempt.dispatched - START).total_seconds() for attempt in self.sent]

    def _next_moment(self) -> datetime | None:
        moments = [ended for ended, _, _ in self._under_way]
        due = self.engine.deliveries.next_due()
        return min(moments if due is None else [*moments, due], default=None)

    def _turn(self) -> None:
        for under_way in [each for each in self._under_way if each[0] <= self.now]:
            self._under_way.remove(under_way)
            self.verdicts.append(self.engine.deliveries.settle(under_way[1], under_way[2], self.now))
        for delivery in self.engine.deliveries.start_due(self.now):
            outcome = self._outcome(delivery.attempt)
            ended = self.now + min(outcome.took, delivery.task.deadline)
            self._under_way.append((ended, delivery, outcome))

    def _outcome(self, attempt: Attempt | None) -> Outcome:
        if attempt is None:
            return Outcome(0)
        self.sent.append(attempt)
        answer = self.answer(attempt)
        return answer if isinstance(answer, Outcome) else Outcome(answer)


def in_turn(*answers: Outcome | int) -> Callable[[Attempt], Outcome | int]:
    """Answers the first attempt with the first, and so on; the last for ever."""
    return lambda attempt: answers[min(attempt.number, len(answers)) - 1]


def system_headers(attempt: Attempt, names: Iterable[str]) -> dict[str, str | None]:
    """The X-CloudTasks-Task* headers of the given short names."""
    return {name: attempt.headers.get(f"X-CloudTasks-Task{name}") for name in names}
