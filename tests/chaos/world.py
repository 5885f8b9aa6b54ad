"""A world: one random simulation of the real use cases over fakes that fail, with processes that die.

Each caller, delivery and sweep is a greenlet that yields at every remote call, so a seed determines the interleaving.
Time is virtual.
"""

import heapq
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from greenlet import getcurrent, greenlet

from common.caller import Caller
from common.catalog import Catalog, WorkType
from common.errors import Expired, KeyReused, NewerRecord, NotFound, QuotaExceeded, Unavailable, WrongState
from common.pipeline.claimer import Unread
from common.pipeline.due import SHARDS
from common.pipeline.lifecycle import Delivery
from common.pipeline.quota import Quota
from common.pipeline.record import OPEN, Status
from common.pipeline.request_service import RequestService
from common.pipeline.submission import Submission
from common.pipeline.submission_service import SubmissionService
from common.pipeline.sweeper import Sweeper
from common.pipeline.task_payload import TaskPayload
from common.pipeline.worker import Worker
from common.work import JsonObject, PermanentFailure, RetryAfter, Snooze, TryAgain, Work, WorkInput
from functions.http.process import ANSWERS, NOTHING_READ
from tests.chaos.faults import FaultyDocuments, FaultyTasks
from tests.chaos.invariants import Invariants
from tests.chaos.repeats import ObservedQuota
from tests.fakes import FakeAssets, LiveTask
from tests.policies import policy

START = datetime(2026, 1, 1, tzinfo=UTC)
FAULTS_UNTIL = START + timedelta(hours=2)
END = FAULTS_UNTIL + timedelta(hours=8)
MAX_SKEW = 5.0  # seconds that a clock is fast or slow; the margin of the lease covers them
SWEEP_EVERY = timedelta(minutes=1)
CALLER = Caller(uid="ann", tenant="u:ann")


class EmailInput(WorkInput):
    to: str


@dataclass(eq=False)
class Actor:
    """A process that runs one call, delivery or sweep. A dead one is never resumed."""

    thread: greenlet
    clock_offset: timedelta
    is_alive: bool = True
    is_answered: bool = False
    """Cloud Tasks no longer waits for this delivery, although the process may still run."""


class World:
    """The state and the scheduler of a simulation."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 (a seed must always give the same world)
        self.seed = seed
        self.now = START
        self._events: list[tuple[datetime, int, Callable[[], object]]] = []
        self._sequence = 0
        self._hub = getcurrent()
        self.actors: dict[greenlet, Actor] = {}
        self._threads: list[greenlet] = []
        self.fault_rate = self.random.choice([0.0, 0.02, 0.1, 0.3])  # of remote calls
        self.death_rate = self.random.choice([0.0, 10 ** self.random.uniform(-2.5, -1.1)])  # of pauses, as the next
        self.hang_rate = self.random.choice([0.0, 0.002, 0.02])
        self.copy_rate = self.random.choice([0.0, 0.0, 0.05, 0.2])  # of deliveries, as the next
        self.forced_rate = self.random.choice([0.0, 0.05, 0.2, 0.5])
        self.forced_after_death_rate = self.random.choice([0.0, 0.2, 0.8])
        self.retries_beside_others = self.random.random() < 0.5
        """Unknown of Cloud Tasks: whether a failed delivery is retried while another of its task is in flight."""
        self.longest_sleep = self.random.choice([5, 15, 60])
        self.policy = policy(
            queue="work", time_budget_seconds=self.random.choice([45, 60, 120, 300]), max_concurrent_dispatches=1000
        )
        self.invariants = Invariants(self)
        self._notification: JsonObject = {"type": "email", "to": "a"}
        self.deleted_ids: set[str] = set()
        self.documents = FaultyDocuments(self)
        self.tasks = FaultyTasks(self)
        work = {"work": WorkType("work", WorkInput, self._work, self.policy, "")}
        catalog = work | {"email": WorkType("email", EmailInput, self._work, self.policy, "")}
        self.worker, self.sweeper = self._release(catalog)
        self.releases = random.Random(seed)  # noqa: S311 (of its own, so that this draws nothing from the others)
        self.previous_release = self._release({"email": catalog["email"]} if seed % 2 else {})
        self.previous_release_rate = self.releases.choice([0.0] * 19 + [0.5])  # of deliveries and sweeps
        quota: Any = ObservedQuota(  # the use cases call nothing else of a Quota
            Quota(self.documents, limit=100, clock=self.clock),
            lambda reservation: self.invariants.repeats.on_reserved(self.actor(), reservation),
        )
        self.submissions = SubmissionService(
            documents=self.documents,
            tasks=self.tasks,
            catalog=catalog,
            quota=quota,
            clock=self.clock,
            new_id=lambda: f"{self.random.getrandbits(128):032x}",
            new_nonce=self._new_nonce,
        )
        self.requests = RequestService(
            documents=self.documents,
            tasks=self.tasks,
            catalog=catalog,
            quota=quota,
            clock=self.clock,
            new_nonce=self._new_nonce,
        )

    def _release(self, catalog: Catalog) -> tuple[Worker, Sweeper]:
        """Returns `process` and `sweep` of a release that knows these types."""
        worker = Worker(
            documents=self.documents,
            tasks=self.tasks,
            assets=FakeAssets(),
            catalog=catalog,
            clock=self.clock,
            wait=self.pause,
            new_token=lambda: f"{self.random.getrandbits(64):x}",
        )
        return worker, Sweeper(documents=self.documents, tasks=self.tasks, catalog=catalog, clock=self.clock)

    def _running_release(self) -> tuple[Worker, Sweeper]:
        """During a roll-out, some calls reach a release that does not know the type of work."""
        is_previous = self.has_faults and self.releases.random() < self.previous_release_rate
        return self.previous_release if is_previous else (self.worker, self.sweeper)

    def run(self) -> None:
        """Simulates two hours with faults, then up to eight without, in which every request must end.

        Raises Violation.
        """
        for _ in range(self.random.randint(1, 3)):
            self.after(self.seconds(0, 600), self._call)
        for _ in range(self.random.randint(0, 4)):
            self.after(self.seconds(0, 7000), self._operator)
        if self.random.random() < 0.1:
            self.after(self.seconds(3000, 7000), self._delete_ended)
        self.after(SWEEP_EVERY, self._sweep)
        try:
            while self._events and self.now < END and not self._is_at_rest():
                self.now, _, act = heapq.heappop(self._events)
                act()
            self.invariants.on_end_of_world()
        finally:
            for thread in self._threads:
                thread.throw()  # the garbage collector cannot free a suspended greenlet and its world

    def _is_at_rest(self) -> bool:
        if self.has_faults or self.actors:
            return False
        return all(stored.record.status not in OPEN for stored in self.documents.inner.stored.values())

    @property
    def has_faults(self) -> bool:
        return self.now < FAULTS_UNTIL

    def happens(self, rate: float) -> bool:
        return self.has_faults and self.random.random() < rate

    def after(self, delay: timedelta, act: Callable[[], object]) -> None:
        self._sequence += 1
        heapq.heappush(self._events, (self.now + delay, self._sequence, act))

    def start(self, act: Callable[[], object]) -> Actor:
        actor = Actor(greenlet(act, parent=self._hub), self.seconds(-MAX_SKEW, MAX_SKEW))
        self.actors[actor.thread] = actor
        self._threads.append(actor.thread)
        self.after(timedelta(0), lambda: self._resume(actor))
        return actor

    def pause(self, duration: timedelta) -> None:
        """Yields to the other actors for that long, or for ever if this process dies meanwhile."""
        actor = self.actors[getcurrent()]
        if self.happens(self.death_rate):
            actor.is_alive = False
            self.invariants.on_death(actor)
        elif self.happens(self.hang_rate):
            duration += self.seconds(0, 1200)
            self.invariants.on_hang(actor)
        self.after(duration, lambda: self._resume(actor))
        self._hub.switch()

    def clock(self) -> datetime:
        """Returns the time by the clock of the current process."""
        return self.now + self.actor().clock_offset

    def yield_control(self) -> None:
        """Yields to the other actors for the duration of a remote call."""
        self.pause(timedelta(milliseconds=self.random.randint(1, 40)))

    def wait_for_timeout(self) -> None:
        """Some failing calls last until the timeout of their client."""
        self.pause(self.seconds(0, 10) if self.random.random() < 0.3 else timedelta(milliseconds=20))

    def fail_sometimes(self, rate: float) -> None:
        """Raises Unavailable at that rate."""
        if self.happens(rate):
            self.wait_for_timeout()
            raise Unavailable("no answer")

    def actor(self) -> Actor:
        return self.actors[getcurrent()]

    def _resume(self, actor: Actor) -> None:
        if actor.is_alive:
            actor.thread.switch()
        if not actor.is_alive or actor.thread.dead:
            self.actors.pop(actor.thread, None)

    def seconds(self, least: float, most: float) -> timedelta:
        return timedelta(seconds=self.random.uniform(least, most))

    # Callers

    def _call(self) -> None:
        key = f"key-{self.random.randint(0, 1)}" if self.happens(0.8) else None
        run_at = self.now + self.seconds(-100, 3000) if self.random.random() < 0.2 else None
        notify: tuple[JsonObject, ...] = (self._notification,) * self.random.choice([0, 0, 1, 2])
        submissions = [Submission("work", {}, run_at, notify or None)] * self.random.choice([1, 1, 1, 2])

        def submit() -> None:
            accepted = self.submissions.submit(CALLER, submissions, key=key, batch=len(submissions) > 1)
            self.invariants.repeats.on_accepted(self.actor(), accepted.records, is_replay=accepted.is_replay)
            for record in accepted.records:
                self.invariants.on_accepted(record.id)
                self._schedule_later_calls(record.id)

        self._send(submit)

    def _schedule_later_calls(self, record_id: str) -> None:
        for rate, call in ((0.15, self._cancel), (0.4, self._redrive), (0.3, self._redrive)):
            if self.happens(rate):
                self.after(self.seconds(0, 2000), partial(self._send_as_seen, call, record_id))

    def _send_as_seen(self, call: Callable[[str, int | None], None], record_id: str) -> None:
        """Most callers name the redrive that they see now; some saw an earlier one."""
        stored = self.documents.inner.stored.get(record_id)
        redrive = stored.record.redrive if stored is not None else 0
        seen = self.random.choice([None, redrive, redrive, redrive, max(redrive - 1, 0)])
        self._send(partial(call, record_id, seen), seen=seen)

    def _cancel(self, record_id: str, seen: int | None) -> None:
        self.requests.cancel(CALLER, record_id, seen=seen)

    def _redrive(self, record_id: str, seen: int | None) -> None:
        record, fresh = self.requests.redrive(CALLER, record_id, seen=seen)
        self.invariants.repeats.on_redriven(self.actor(), record, fresh=fresh)

    def _send(self, call: Callable[[], None], *, seen: int | None = None) -> None:
        """Sends one call, often several times at once. A caller without an answer repeats it."""

        def run() -> None:
            self.invariants.repeats.on_call(self.actor(), seen=seen)
            try:
                call()
            except (KeyReused, WrongState, NotFound, Expired, QuotaExceeded):
                self.invariants.repeats.on_refused(self.actor())
            except Unavailable:
                self.invariants.repeats.on_refused(self.actor())
                if self.has_faults:
                    self.after(self.seconds(0, 60), partial(self.start, run))

        for _ in range(self.random.choice([1, 1, 1, 2, 4])):
            self.start(run)

    def _new_nonce(self) -> str:
        return f"{self.random.getrandbits(64):016x}"

    # Cloud Tasks and operators

    def schedule(self, name: str, at: datetime) -> None:
        task = self.tasks.inner.live[name]
        task.schedule_time, task.is_pending = at, True
        self.after(max(at - self.now, timedelta(0)), lambda: self._dispatch_if_due(name))

    def _dispatch_if_due(self, name: str) -> None:
        task = self.tasks.inner.live.get(name)
        if task is None or task.schedule_time is None or (task.in_flight and not self.retries_beside_others):
            return
        if task.is_pending and task.schedule_time <= self.now:
            self._dispatch(name, task)

    def _dispatch(self, name: str, task: LiveTask) -> None:
        """Delivers a task, and sometimes an identical copy of the delivery, or a forced run, soon after it."""
        delivery = Delivery(
            task=f"queue/{name}",
            generation=task.stored.record.generation,
            retry_count=task.dispatches,
            execution_count=task.responses,
            eta=task.schedule_time,
            previous_response=task.last_response,
        )
        task.dispatches += 1
        task.in_flight += 1
        task.is_pending = False
        self._deliver(name, task, delivery, is_copy=False)
        if self.happens(self.copy_rate):
            most = self.random.choice([0.1, 80])
            self.after(self.seconds(0, most), lambda: self._deliver(name, task, delivery, is_copy=True))
        if self.happens(self.forced_rate):
            self.after(self.seconds(0, self.random.choice([2, 20, 80])), lambda: self._force_run(name))

    def _deliver(self, name: str, task: LiveTask, delivery: Delivery, *, is_copy: bool) -> None:
        stored = task.stored if self.random.random() < 0.9 else None
        payload = TaskPayload(task.stored.record.id, delivery.generation, stored, self.policy.time_budget)

        worker, _ = self._running_release()

        def process() -> None:
            try:
                status = ANSWERS[worker.deliver(payload, delivery)]
            except (Unread, NewerRecord):
                status = NOTHING_READ
            except Unavailable:
                status = 503
            self._respond(name, actor, status, is_copy=is_copy)

        actor = self.start(process)
        self.after(self.policy.dispatch_deadline, lambda: self._respond(name, actor, 504, is_copy=is_copy))
        self._watch_instance(name, actor, is_copy=is_copy)

    def _watch_instance(self, name: str, actor: Actor, *, is_copy: bool) -> None:
        """Cloud Run answers 503 for an instance that has died."""
        if not actor.is_alive:
            self._respond(name, actor, 503, is_copy=is_copy)
            if self.happens(self.forced_after_death_rate):
                self.after(self.seconds(0, 5), lambda: self._force_run(name))
        elif not actor.is_answered:
            self.after(timedelta(seconds=1), lambda: self._watch_instance(name, actor, is_copy=is_copy))

    def _respond(self, name: str, actor: Actor, status: int, *, is_copy: bool) -> None:
        """Settles a delivery. The task is rescheduled when no other delivery of it is in flight."""
        if actor.is_answered:
            return
        actor.is_answered = True
        task = self.tasks.inner.live.get(name)
        if task is None or is_copy:
            return
        task.in_flight -= 1
        task.responses += status < 500
        task.last_response = status
        if status < 300:
            self.tasks.inner.remove(name)
        elif not task.in_flight or self.retries_beside_others:
            backoff = min(2.0 * 2 ** min(task.dispatches - 1, 7), 300.0)
            task.schedule_time = self.now + timedelta(seconds=backoff)
            self.schedule(name, task.schedule_time)

    def _force_run(self, name: str) -> None:
        """Delivers a task now, as an operator does: in place of the pending delivery, or beside the current one."""
        if (task := self.tasks.inner.live.get(name)) is not None:
            self._dispatch(name, task)

    def _operator(self) -> None:
        if not self.tasks.inner.live:
            return
        name = self.random.choice(sorted(self.tasks.inner.live))
        if self.random.random() < 0.5:
            self.tasks.inner.remove(name)
        else:
            self._force_run(name)

    def _delete_ended(self) -> None:
        """Deletes the ended requests, as Firestore's TTL policy does after the retention."""
        for stored in list(self.documents.inner.stored.values()):
            if stored.record.status not in OPEN:
                del self.documents.inner.stored[stored.record.id]
                self.deleted_ids.add(stored.record.id)
                self.invariants.on_deleted(stored.record.id)

    def _sweep(self) -> None:
        _, sweeper = self._running_release()

        def sweep() -> None:
            with suppress(Unavailable):
                for shard in range(SHARDS):
                    sweeper.sweep_shard(shard)

        if any(self.documents.inner.overdue(shard=shard, now=self.now, limit=1) for shard in range(SHARDS)):
            self.start(sweep)
        self.after(SWEEP_EVERY, self._sweep)

    # The type of work

    def _work(self, _input: WorkInput, work: Work) -> JsonObject:
        self.invariants.on_start(work.effect_key, self.actor())
        for index in range(self.random.randint(0, 3)):
            work.progress(self.random.randint(0, 100), "working")
            work.sleep(self.seconds(0, self.longest_sleep))
            work.step(f"step-{index}", partial(self.invariants.on_step, work.effect_key, index, self.actor()))
        match self.random.random():
            case value if value < 0.1:
                raise Snooze(self.seconds(1, 500))
            case value if value < 0.2:
                raise RetryAfter(self.seconds(1, 500), "busy")
            case value if value < 0.3:
                raise TryAgain("failed")
            case value if value < 0.35:
                raise ValueError("a bug")
            case value if value < 0.4:
                self.invariants.outcomes[self.actor()] = Status.FAILED
                raise PermanentFailure("never")
            case _:
                self.invariants.outcomes[self.actor()] = Status.COMPLETED
                return {"done": True}
