"""The whole pipeline in one process for tests that need its time in their hand: real emulators, virtual clock.

Deliveries go through the real `process` function's HTTP handling. A death is an exception that no code may catch.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from flask import Flask, request
from google.cloud.firestore import Client
from pydantic import ConfigDict

from common.caller import Caller
from common.catalog import Catalog, WorkType
from common.gateways.cloud_tasks import Queues
from common.gateways.firestore import Requests
from common.pipeline import lifecycle
from common.pipeline.quota import Quota
from common.pipeline.record import SHARDS, Record, Status, child_id
from common.pipeline.request_service import RequestService
from common.pipeline.store import Overdue, Page, Position, Stored, Update
from common.pipeline.submission import Submission
from common.pipeline.sweeper import Sweeper
from common.pipeline.worker import Worker
from common.work import JsonObject, Work, WorkInput
from functions.http.process import Process
from local.cloud_tasks import Attempt, CloudTasks, Outcome, VirtualClock
from local.emulators.firestore import PROJECT
from local.stack.queues import create_queues
from tests.fakes import FakeAssets
from tests.integration.proxy import Proxy
from tests.policies import policy

LOCATION = "us-central1"
PLATFORM_ANSWER = 503
POLICY = policy(queue="work", time_budget_seconds=60)


Answer = int | Outcome


class Died(BaseException):
    """The process is gone. No code runs after it."""


class AnyInput(WorkInput):
    """Whatever a test asks for."""

    model_config = ConfigDict(extra="allow")


@dataclass
class Deaths:
    """Where the process dies: at the n-th call of a kind, before or after it."""

    at: dict[tuple[str, str], int] = field(default_factory=dict)

    def before(self, call: str, nth: int = 1) -> None:
        self.at["before", call] = nth

    def after(self, call: str, nth: int = 1) -> None:
        self.at["after", call] = nth

    @contextmanager
    def around(self, call: str) -> Iterator[None]:
        self._count("before", call)
        yield
        self._count("after", call)

    def _count(self, when: str, call: str) -> None:
        if (left := self.at.get((when, call))) is None:
            return
        self.at[when, call] = left - 1
        if left == 1:
            del self.at[when, call]
            raise Died(f"{when} {call}")


@dataclass
class MortalDocuments:
    """The real gateway, in a process that may die around a call."""

    inner: Requests
    deaths: Deaths

    def commit(self, update: Update | None, creates: Sequence[Record]) -> str:
        with self.deaths.around("commit"):
            return self.inner.commit(update, creates)

    def read(self, record_id: str) -> Stored | None:
        return self.inner.read(record_id)

    def read_all(self, record_ids: Iterable[str]) -> dict[str, Stored]:
        return self.inner.read_all(record_ids)

    def count_open(self, *, tenant: str, limit: int) -> int:
        return self.inner.count_open(tenant=tenant, limit=limit)

    def page(self, *, tenant: str, status: Status | None, limit: int, after: Position | None) -> Page:
        return self.inner.page(tenant=tenant, status=status, limit=limit, after=after)

    def overdue(self, *, shard: int, now: datetime, limit: int, after: Overdue | None = None) -> list[Overdue]:
        return self.inner.overdue(shard=shard, now=now, limit=limit, after=after)


@dataclass
class MortalTasks:
    """The real gateway, in a process that may die around a call."""

    inner: Queues
    deaths: Deaths

    def enqueue(self, stored: Stored) -> bool:
        with self.deaths.around("enqueue"):
            return self.inner.enqueue(stored)

    def exists(self, record: Record) -> bool:
        return self.inner.exists(record)

    def delete(self, record: Record) -> None:
        self.inner.delete(record)


class Pipeline:
    """RequestService, worker and sweeper around one Firestore and one Cloud Tasks, under one virtual clock.

    Each instance has its own queue, tenant and time, so that pipelines share the emulator. `work` is what the type
    `work` does; each delivery's status is kept in `answers`.
    """

    def __init__(self, *, firestore: Proxy, clock: VirtualClock, project: str = PROJECT) -> None:
        self.firestore = firestore
        self.clock = clock
        self.deaths = Deaths()
        self.assets = FakeAssets()
        self.answers: list[int] = []
        self.attempts: list[Attempt] = []
        self.work: Callable[[JsonObject, Work], JsonObject] = lambda given, work: {"done": True}  # noqa: ARG005
        self.caller = Caller(uid=(uid := uuid.uuid4().hex), tenant=f"u:{uid}")
        self._instead: dict[int, Callable[[Attempt], Answer]] = {}
        self.tasks = CloudTasks(clock=clock, send=self._deliver)
        self._project = project

    @contextmanager
    def running(self, client: Client) -> Iterator[Pipeline]:
        self._client = client
        with self.tasks as tasks:
            policies = {name: POLICY.model_copy(update={"queue": name}) for name in ("work", "email")}
            create_queues(tasks.client(), self._project, LOCATION, "http://127.0.0.1:1", policies)
            run = self._run
            catalog: Catalog = {name: WorkType(name, AnyInput, run, policy, "") for name, policy in policies.items()}
            documents = MortalDocuments(Requests(client), self.deaths)
            self.documents = documents.inner
            queues = Queues(tasks.client(), project=self._project, location=LOCATION, policies=policies)
            mortal = MortalTasks(queues, self.deaths)
            now = self.clock.now
            self.requests = RequestService(
                documents=documents,
                tasks=mortal,
                catalog=catalog,
                quota=Quota(documents, limit=100, clock=now),
                clock=now,
            )
            self.sweeper = Sweeper(documents=documents, tasks=mortal, catalog=catalog, clock=now)
            self.worker = Worker(
                documents=documents,
                tasks=mortal,
                assets=self.assets,
                catalog=catalog,
                clock=now,
                wait=lambda duration: self.clock.move_to(now() + duration),
            )
            process = Process(worker=self.worker, task_names=queues, catalog=catalog)
            app = Flask(__name__)
            app.add_url_rule("/", view_func=lambda: process.answer(request), methods=["POST"], endpoint="process")
            self._http = app
            yield self

    def submit(self, *, key: str | None = "key", **given: object) -> Record:
        """Ask for one piece of work, as the caller."""
        asked = Submission("work", json.loads(json.dumps(given.pop("input", {}))), **given)  # type: ignore[arg-type]  # the keywords are what a test gives
        return self.requests.submit(self.caller, [asked], key=key).records[0]

    def record(self, record: Record | str) -> Record:
        """What is stored now."""
        stored = self.documents.read(record if isinstance(record, str) else record.id)
        assert stored is not None
        return stored.record

    def only_record(self) -> Record:
        """The one request of this pipeline's database."""
        [document] = self._client.collection("requests").list_documents()
        return self.record(document.id)

    def children(self, parent: Record) -> list[Record]:
        """The notifications of the parent's present redrive that exist."""
        current = self.record(parent)
        ids = [
            child_id(parent=current.id, redrive=current.redrive, index=index)
            for index in range(len(current.notify or ()))
        ]
        return [stored.record for stored in self.documents.read_all(ids).values()]

    def create_child_of(self, parent: Record) -> None:
        """As if an earlier end of the parent had created it."""
        self.documents.commit(None, lifecycle.notifications(parent, self.clock.now()))

    def purge(self) -> None:
        """What an operator's purge does: the tasks are gone, their names stay used."""
        for task in self.tasks.pending():
            self.tasks.delete(task.name)

    def on_delivery(self, number: int, answer: Callable[[Attempt], Answer]) -> None:
        """What becomes of the n-th delivery instead of reaching `process`."""
        self._instead[number] = answer

    def forced_run_of_the_one_in_flight(self) -> Attempt:
        """What RunTask sends while the latest delivery is under way: counted once more, with the time it had."""
        latest = self.attempts[-1]
        count = {"X-CloudTasks-TaskRetryCount": str(latest.number)}
        return replace(latest, number=latest.number + 1, headers={**latest.headers, **count})

    def pass_time(self, span: timedelta, *, sweep_every: timedelta = timedelta(seconds=60)) -> None:
        """Deliver what falls due, with the scheduler's sweeps between."""
        until = self.clock.now() + span
        while self.clock.now() < until:
            self.tasks.advance(min(sweep_every, until - self.clock.now()))
            self.sweep()

    def sweep(self) -> None:
        """One sweep; a death in it ends only itself."""
        try:
            for shard in range(SHARDS):
                self.sweeper.sweep_shard(shard)
        except Died:
            return

    def _run(self, given: WorkInput, work: Work) -> JsonObject:
        return self.work(given.model_dump(), work)

    def _deliver(self, attempt: Attempt) -> Answer:
        self.attempts.append(attempt)
        if (instead := self._instead.get(len(self.attempts))) is not None:
            return instead(attempt)
        status = self.deliver_raw(attempt)
        self.answers.append(status)
        return status

    def deliver_raw(self, attempt: Attempt) -> int:
        """One delivery to `process`; the platform answers for an instance that died."""
        try:
            answer = self._http.test_client().post("/", headers=dict(attempt.headers), data=attempt.body)
        except Died:
            return PLATFORM_ANSWER
        return answer.status_code
