"""One random world: the project's own use cases over doubles that die, lose answers, delay and duplicate.

Each caller, delivery and sweep is a greenlet that runs the real code and gives way at every remote call, so one seed
is one interleaving. Time is virtual. `run` raises Violation, with the seed, when the promise is broken.
"""

import heapq
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from greenlet import getcurrent, greenlet

from common.caller import Caller
from common.catalog import WorkType
from common.errors import AlreadyEnded, Expired, KeyReused, NotFound, QuotaExceeded, Unavailable
from common.pipeline.lifecycle import Delivery
from common.pipeline.quota import Quota
from common.pipeline.record import OPEN, SHARDS, Status
from common.pipeline.request_service import RequestService
from common.pipeline.submission import Submission
from common.pipeline.sweeper import Sweeper
from common.pipeline.task_payload import TaskPayload
from common.pipeline.worker import Worker
from common.work import JsonObject, PermanentFailure, RetryAfter, Snooze, TryAgain, Work, WorkInput
from functions.http.process import ANSWERS
from tests.chaos.faults import FaultyDocuments, FaultyTasks
from tests.chaos.invariants import Invariants
from tests.fakes import FakeAssets, LiveTask
from tests.policies import policy

START = datetime(2026, 1, 1, tzinfo=UTC)
FAULTS_UNTIL = START + timedelta(hours=2)
END = FAULTS_UNTIL + timedelta(hours=8)
SKEW = 0.4  # seconds that a clock may be off, either way: the protocol bears one between two
SWEEP_EVERY = timedelta(minutes=1)
CALLER = Caller(uid="ann", tenant="u:ann")
POLICY = policy(queue="work", time_budget_seconds=60, max_concurrent_dispatches=1000)


class Told(WorkInput):
    to: str


@dataclass(eq=False)
class Actor:
    """A process that runs one thing. Its thread is the greenlet; a dead one is never resumed."""

    thread: greenlet
    clock_offset: timedelta
    alive: bool = True
    answered: bool = False
    """Its delivery is over for Cloud Tasks: what runs on is a zombie."""


class World:
    """State and scheduler. Actors come to `point` at every remote call."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 (a seed must give the same world again)
        self.seed = seed
        self.now = START
        self._events: list[tuple[datetime, int, Callable[[], object]]] = []
        self._sequence = 0
        self._hub = getcurrent()
        self.actors: dict[greenlet, Actor] = {}
        self.fault_rate = self.random.choice([0.0, 0.02, 0.1, 0.3])
        self.invariants = Invariants(self)
        self._told: JsonObject = {"type": "email", "to": "a"}
        self.deleted_ids: set[str] = set()
        self.died_at: dict[str, datetime] = {}
        self.documents = FaultyDocuments(self)
        self.tasks = FaultyTasks(self)
        work = {"work": WorkType("work", WorkInput, self._work, POLICY, "")}
        catalog = work | {"email": WorkType("email", Told, self._work, POLICY, "")}
        self.worker = Worker(
            documents=self.documents,
            tasks=self.tasks,
            assets=FakeAssets(),
            catalog=catalog,
            clock=self.clock,
            wait=self.pause,
            new_token=lambda: f"{self.random.getrandbits(64):x}",
        )
        quota = Quota(self.documents, limit=100, clock=self.clock)
        self.requests = RequestService(
            documents=self.documents,
            tasks=self.tasks,
            catalog=catalog,
            quota=quota,
            clock=self.clock,
            new_id=lambda: f"{self.random.getrandbits(128):032x}",
        )
        self.sweeper = Sweeper(documents=self.documents, tasks=self.tasks, catalog=catalog, clock=self.clock)

    def run(self) -> None:
        """Faults for two hours, then eight hours of peace in which everything must end."""
        for _ in range(self.random.randint(1, 3)):
            self.after(self._seconds(0, 600), self._call)
        for _ in range(self.random.randint(0, 4)):
            self.after(self._seconds(0, 7000), self._operator)
        if self.random.random() < 0.1:
            self.after(self._seconds(3000, 7000), self._delete_ended)
        self.after(SWEEP_EVERY, self._sweep)
        while self._events and self.now < END and not self._at_rest():
            self.now, _, act = heapq.heappop(self._events)
            act()
        self.invariants.at_the_end()

    def _at_rest(self) -> bool:
        if self.faulty or self.actors:
            return False
        return all(stored.record.status not in OPEN for stored in self.documents.inner.stored.values())

    @property
    def faulty(self) -> bool:
        return self.now < FAULTS_UNTIL

    def chance(self, rate: float) -> bool:
        return self.faulty and self.random.random() < rate

    def after(self, delay: timedelta, act: Callable[[], object]) -> None:
        self._sequence += 1
        heapq.heappush(self._events, (self.now + delay, self._sequence, act))

    def start(self, act: Callable[[], object]) -> Actor:
        actor = Actor(greenlet(act, parent=self._hub), self._seconds(-SKEW, SKEW))
        self.actors[actor.thread] = actor
        self.after(timedelta(0), lambda: self._resume(actor))
        return actor

    def pause(self, duration: timedelta) -> None:
        """Give way to the others for that long, or for ever if this process dies meanwhile."""
        actor = self.actors[getcurrent()]
        if self.chance(self.fault_rate / 4):
            actor.alive = False
        elif self.chance(self.fault_rate / 8):
            duration += self._seconds(0, 1200)  # it hangs
        self.after(duration, lambda: self._resume(actor))
        self._hub.switch()

    def clock(self) -> datetime:
        """The time as the present process's own clock tells it."""
        return self.now + self.actor().clock_offset

    def point(self) -> None:
        self.pause(timedelta(milliseconds=self.random.randint(1, 40)))

    def wait_in_vain(self) -> None:
        """A call that fails may take as long as its client waits for it."""
        self.pause(self._seconds(0, 10) if self.random.random() < 0.3 else timedelta(milliseconds=20))

    def actor(self) -> Actor:
        return self.actors[getcurrent()]

    def _resume(self, actor: Actor) -> None:
        if actor.alive:
            actor.thread.switch()
        if not actor.alive or actor.thread.dead:
            self.actors.pop(actor.thread, None)

    def _seconds(self, least: float, most: float) -> timedelta:
        return timedelta(seconds=self.random.uniform(least, most))

    # What callers do

    def _call(self) -> None:
        key = f"key-{self.random.randint(0, 1)}" if self.chance(0.8) else None
        run_at = self.now + self._seconds(-100, 3000) if self.random.random() < 0.2 else None
        notify: tuple[JsonObject, ...] = (self._told,) * self.random.choice([0, 0, 1, 2])
        asked = [Submission("work", {}, run_at, notify or None)] * self.random.choice([1, 1, 1, 2])

        def submit() -> None:
            with suppress(KeyReused, Unavailable, QuotaExceeded):
                accepted = self.requests.submit(CALLER, asked, key=key, batch=len(asked) > 1)
                for record in accepted.records:
                    self.invariants.accepted(record.id)
                    self._meddle(record.id)

        self.start(submit)

    def _meddle(self, record_id: str) -> None:
        for rate, act in ((0.15, self.requests.cancel), (0.4, self.requests.redrive), (0.3, self.requests.redrive)):
            if self.chance(rate):
                self.after(self._seconds(0, 2000), lambda act=act: self.start(lambda: self._quietly(act, record_id)))  # type: ignore[misc]  # mypy cannot infer a lambda with a default

    def _quietly(self, act: Callable[[Caller, str], object], record_id: str) -> None:
        with suppress(AlreadyEnded, NotFound, Expired, Unavailable, QuotaExceeded):
            act(CALLER, record_id)

    # What Cloud Tasks and operators do

    def created(self, name: str, at: datetime) -> None:
        self.tasks.inner.live[name].schedule_time = at
        self.after(max(at - self.now, timedelta(0)), lambda: self._dispatch_if_due(name))

    def _dispatch_if_due(self, name: str) -> None:
        task = self.tasks.inner.live.get(name)
        if (
            task is not None
            and not task.in_flight
            and task.schedule_time is not None
            and task.schedule_time <= self.now
        ):
            self._dispatch(name, task, again=True)

    def _dispatch(self, name: str, task: LiveTask, *, again: bool) -> None:
        """One delivery of a live task. Its outcome decides over the task, unless it runs beside another."""
        record = task.stored.record
        delivery = Delivery(f"queue/{name}", record.generation, task.dispatches, task.schedule_time, task.last_response)
        payload = TaskPayload(record.id, record.generation, task.stored if self.random.random() < 0.9 else None)
        task.dispatches += 1 if again or self.random.random() < 0.5 else 0  # a duplicate has the same count
        task.in_flight = task.in_flight or again

        def process() -> None:
            try:
                status = ANSWERS[self.worker.deliver(payload, delivery)]
            except Unavailable:
                status = 503
            self._respond(name, actor, status, again=again)

        actor = self.start(process)
        self.after(POLICY.dispatch_deadline, lambda: self._respond(name, actor, 504, again=again))
        self._watch(name, actor, again=again)
        if self.chance(self.fault_rate / 2):
            self.after(self._seconds(0, 80), lambda: self._run(name))

    def _watch(self, name: str, actor: Actor, *, again: bool) -> None:
        """The platform answers 503 for an instance that has died."""
        if not actor.alive:
            self._respond(name, actor, 503, again=again)
        elif not actor.answered:
            self.after(timedelta(seconds=1), lambda: self._watch(name, actor, again=again))

    def _respond(self, name: str, actor: Actor, status: int, *, again: bool) -> None:
        if actor.answered:
            return
        actor.answered = True
        task = self.tasks.inner.live.get(name)
        if task is None or not again:
            return
        task.in_flight = False
        if status < 300:
            self.tasks.inner.remove(name)
            return
        task.last_response = status
        if status >= 500:
            self.died_at[name] = self.now
        backoff = min(2.0 * 2 ** min(task.dispatches - 1, 7), 300.0)
        task.schedule_time = self.now + timedelta(seconds=backoff)
        self.created(name, task.schedule_time)

    def _run(self, name: str) -> None:
        """A duplicate or forced run: it takes the place of the pending delivery, or runs beside the one in flight."""
        if (task := self.tasks.inner.live.get(name)) is not None:
            self._dispatch(name, task, again=not task.in_flight)

    def _operator(self) -> None:
        if not self.tasks.inner.live:
            return
        name = self.random.choice(sorted(self.tasks.inner.live))
        if self.random.random() < 0.5:
            self.tasks.inner.remove(name)
        else:
            self._run(name)

    def _delete_ended(self) -> None:
        """What the TTL policy does, long before its time."""
        for stored in list(self.documents.inner.stored.values()):
            if stored.record.status not in OPEN:
                del self.documents.inner.stored[stored.record.id]
                self.deleted_ids.add(stored.record.id)
                self.invariants.deleted(stored.record.id)

    def _sweep(self) -> None:
        def sweep() -> None:
            with suppress(Unavailable):
                for shard in range(SHARDS):
                    self.sweeper.sweep_shard(shard)

        if any(self.documents.inner.overdue(shard=shard, now=self.now, limit=1) for shard in range(SHARDS)):
            self.start(sweep)
        self.after(SWEEP_EVERY, self._sweep)

    # What the type of work does

    def _work(self, _given: WorkInput, work: Work) -> JsonObject:
        plan = self.random
        self.invariants.began(work.effect_key, self.actor())
        for index in range(plan.randint(0, 3)):
            work.progress(plan.randint(0, 100), "on it")
            work.sleep(self._seconds(0, 15))
            work.step(f"step-{index}", lambda index=index: self.invariants.effect(work.effect_key, index, self.actor()))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        match plan.random():
            case luck if luck < 0.1:
                raise Snooze(self._seconds(1, 500))
            case luck if luck < 0.2:
                raise RetryAfter(self._seconds(1, 500), "busy")
            case luck if luck < 0.3:
                raise TryAgain("no luck")
            case luck if luck < 0.35:
                raise ValueError("a bug")
            case luck if luck < 0.4:
                self.invariants.outcomes[self.actor()] = Status.FAILED
                raise PermanentFailure("never")
            case _:
                self.invariants.outcomes[self.actor()] = Status.COMPLETED
                return {"done": True}
