"""The whole pipeline in one process, on the real emulators and under a virtual clock.

Deliveries go through the HTTP of the function `process`. An exception that no code under test catches ends a process.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, request
from google.cloud.firestore import Client
from pydantic import ConfigDict

from common.caller import Caller
from common.catalog import Catalog, WorkType
from common.gateways.cloud_tasks import Queues
from common.gateways.firestore import Requests
from common.pipeline import lifecycle
from common.pipeline.attempt import Attempt as RunningAttempt
from common.pipeline.due import SHARDS
from common.pipeline.erasure import Erasure
from common.pipeline.export import Export
from common.pipeline.ids import child_ids
from common.pipeline.lifecycle import Traces
from common.pipeline.purge import Purge
from common.pipeline.quota import Quota
from common.pipeline.record import Record, Status
from common.pipeline.request_service import RequestService
from common.pipeline.store import Overdue, Page, Position, Stored, Update
from common.pipeline.submission import Submission
from common.pipeline.submission_service import SubmissionService
from common.pipeline.sweeper import Sweeper
from common.pipeline.traces import TraceRemover
from common.pipeline.worker import Worker
from common.queues import Policies
from common.work import JsonObject, Work, WorkInput
from functions.http.process import Process
from local.cloud_tasks import Attempt, CloudTasks, Outcome, VirtualClock
from local.emulators.firestore import PROJECT
from local.stack.queues import create_queues
from tests.fakes import FakeAssets
from tests.integration.proxy import Proxy
from tests.policies import policy

LOCATION = "us-central1"
STATUS_OF_DEATH = 503  # Cloud Run's answer for an instance that died
TYPES = ("work", "email")
POLICY = policy(queue="work", time_budget_seconds=60)
LONG = policy(time_budget_seconds=180)

Answer = int | Outcome


class ProcessDied(BaseException):
    """Ends the code under test at once, like the death of its process."""


class AnyInput(WorkInput):
    """Any fields."""

    model_config = ConfigDict(extra="allow")


@dataclass
class Deaths:
    """Scripts the deaths of the process: before or after the n-th call of a kind."""

    remaining: dict[tuple[str, str], int] = field(default_factory=dict)

    def before(self, call: str, nth: int = 1) -> None:
        self.remaining["before", call] = nth

    def after(self, call: str, nth: int = 1) -> None:
        self.remaining["after", call] = nth

    @contextmanager
    def around(self, call: str) -> Iterator[None]:
        self._count("before", call)
        yield
        self._count("after", call)

    def _count(self, when: str, call: str) -> None:
        if (remaining := self.remaining.get((when, call))) is None:
            return
        self.remaining[when, call] = remaining - 1
        if remaining == 1:
            del self.remaining[when, call]
            raise ProcessDied(f"{when} {call}")


@dataclass
class DocumentsOfDyingProcess:
    """The real gateway, in a process that may die before or after a commit."""

    inner: Requests
    deaths: Deaths

    def commit(self, update: Update | None, creates: Sequence[Record]) -> str:
        with self.deaths.around("commit"):
            return self.inner.commit(update, creates)

    def read(self, record_id: str) -> Stored | None:
        return self.inner.read(record_id)

    def read_all(self, record_ids: Iterable[str]) -> dict[str, Stored]:
        return self.inner.read_all(record_ids)

    def owned(self, *, owner: str, limit: int, after: str) -> list[Stored]:
        return self.inner.owned(owner=owner, limit=limit, after=after)

    def count_open(self, *, tenant: str, limit: int) -> int:
        return self.inner.count_open(tenant=tenant, limit=limit)

    def page(self, *, tenant: str, status: Status | None, limit: int, after: Position | None) -> Page:
        return self.inner.page(tenant=tenant, status=status, limit=limit, after=after)

    def overdue(self, *, shard: int, now: datetime, limit: int, after: Overdue | None = None) -> list[Overdue]:
        return self.inner.overdue(shard=shard, now=now, limit=limit, after=after)


@dataclass
class TasksOfDyingProcess:
    """The real gateway, in a process that may die before or after it creates a task."""

    inner: Queues
    deaths: Deaths

    def enqueue(self, stored: Stored) -> bool:
        with self.deaths.around("enqueue"):
            return self.inner.enqueue(stored)

    def exists(self, record: Record) -> bool:
        return self.inner.exists(record)

    def delete(self, record: Record) -> None:
        self.inner.delete(record)

    def delete_generations(self, *, type_name: str, record_id: str, last: int) -> None:
        with self.deaths.around("delete tasks"):
            self.inner.delete_generations(type_name=type_name, record_id=record_id, last=last)


class Pipeline:
    """The services, worker and sweeper on one Firestore and one Cloud Tasks, under one virtual clock.

    Each pipeline has its own Cloud Tasks, caller and clock, so pipelines can share the Firestore emulator. `work` runs
    requests of the type `work`. `attempts` are the deliveries, and `answers` their HTTP statuses.
    """

    def __init__(self, *, firestore: Proxy, clock: VirtualClock, project: str = PROJECT) -> None:
        self.firestore = firestore
        self.clock = clock
        self.deaths = Deaths()
        self.assets = FakeAssets()
        self.answers: list[int] = []
        self.attempts: list[Attempt] = []
        self.work: Callable[[JsonObject, Work], JsonObject] = lambda _input, _work: {"done": True}
        self.caller = Caller(uid=(uid := uuid.uuid4().hex), tenant=f"u:{uid}")
        self._scripted: dict[int, Callable[[Attempt], Answer]] = {}
        self.tasks = CloudTasks(clock=clock, send=self._deliver)
        self._project = project

    @contextmanager
    def running(self, client: Client) -> Iterator[Pipeline]:
        self._client = client
        with self.tasks as tasks:
            policies = {name: POLICY.model_copy(update={"queue": name}) for name in (*TYPES, "purge")}
            policies |= {name: LONG.model_copy(update={"queue": name}) for name in ("erasure", "export")}
            create_queues(tasks.client(), self._project, LOCATION, "http://127.0.0.1:1", policies)
            self.release(policies)
            yield self

    def release(self, policies: Policies, **firestore: Any) -> None:
        """Replaces every function by one of a release with these types of work, and options of its Firestore."""
        now = self.clock.now
        catalog = {name: WorkType(name, AnyInput, self._run, each, "") for name, each in policies.items()}
        if "purge" in policies:
            catalog["purge"] = WorkType("purge", Traces, self._purge, policies["purge"], "")
            catalog["export"] = WorkType("export", WorkInput, self._export, policies["export"], "")
            catalog["erasure"] = WorkType("erasure", WorkInput, self._erase, policies["erasure"], "")
        documents = DocumentsOfDyingProcess(Requests(self._client, **firestore), self.deaths)
        self.documents, self.documents_of_process, self.policies = documents.inner, documents, policies
        queues = Queues(self.tasks.client(), project=self._project, location=LOCATION, policies=policies)
        tasks = TasksOfDyingProcess(queues, self.deaths)
        quota = Quota(documents, limit=100, clock=now)
        self.catalog: Catalog = catalog
        self.submissions = SubmissionService(documents=documents, tasks=tasks, catalog=catalog, quota=quota, clock=now)
        self.requests = RequestService(documents=documents, tasks=tasks, catalog=catalog, quota=quota, clock=now)
        self.traces = TraceRemover(documents=documents, tasks=tasks, files=self.assets, clock=now)
        self.sweeper = Sweeper(documents=documents, tasks=tasks, catalog=catalog, clock=now)
        self.worker = Worker(
            documents=documents,
            tasks=tasks,
            assets=self.assets,
            catalog=catalog,
            clock=now,
            wait=lambda duration: self.clock.move_to(now() + duration),
        )
        process = Process(worker=self.worker, task_names=queues, catalog=catalog)
        app = Flask(__name__)
        app.add_url_rule("/", view_func=lambda: process.answer(request), methods=["POST"], endpoint="process")
        self._http = app

    def submit(
        self,
        *,
        key: str | None = "key",
        run_at: datetime | None = None,
        notify: tuple[JsonObject, ...] | None = None,
        work_input: JsonObject | None = None,
    ) -> Record:
        """Submits one request of the type `work`."""
        submission = Submission("work", work_input or {}, run_at=run_at, notify=notify)
        return self.submissions.submit(self.caller, [submission], key=key).records[0]

    def record(self, record: Record | str) -> Record:
        """Returns the record as it is stored now."""
        stored = self.documents.read(record if isinstance(record, str) else record.id)
        assert stored is not None
        return stored.record

    def only_record(self) -> Record:
        """Returns the only record of this pipeline's database."""
        [document] = self._client.collection("requests").list_documents()
        return self.record(document.id)

    def delete(self, record: Record) -> None:
        """Deletes the record, as Firestore does after its retention."""
        self._client.collection("requests").document(record.id).delete()

    def children(self, parent: Record) -> list[Record]:
        """Returns the existing notifications of the parent's current redrive."""
        ids = child_ids(self.record(parent))
        return [stored.record for stored in self.documents.read_all(ids).values()]

    def create_children(self, parent: Record) -> None:
        """Creates the parent's notifications, as its end does."""
        self.documents.commit(None, lifecycle.notifications(parent, self.clock.now()))

    def purge(self) -> None:
        """Deletes all tasks, like an operator's purge of the queue. Their names stay used."""
        for task in self.tasks.pending():
            self.tasks.delete(task.name)

    def on_delivery(self, number: int, answer: Callable[[Attempt], Answer]) -> None:
        """Calls `answer` with the n-th delivery, in place of `process`."""
        self._scripted[number] = answer

    def forced_run_of_latest(self) -> Attempt:
        """Returns the delivery that RunTask sends during the latest one: with a greater count and the same time."""
        latest = self.attempts[-1]
        count = {"X-CloudTasks-TaskRetryCount": str(latest.number)}
        return replace(latest, number=latest.number + 1, headers={**latest.headers, **count})

    def pass_time(self, span: timedelta, *, sweep_every: timedelta = timedelta(seconds=60)) -> None:
        """Delivers the tasks that become due, and sweeps at the given interval."""
        until = self.clock.now() + span
        while self.clock.now() < until:
            self.tasks.advance(min(sweep_every, until - self.clock.now()))
            self.sweep()

    def sweep(self) -> None:
        """Runs one sweep. A death of the process ends this sweep only."""
        try:
            for shard in range(SHARDS):
                self.sweeper.sweep_shard(shard)
        except ProcessDied:
            return

    def _purge(self, given: Traces, work: Work) -> JsonObject:
        return Purge(traces=self.traces, policies=self.policies).run(given, work)

    def _export(self, given: WorkInput, attempt: RunningAttempt) -> JsonObject:
        export = Export(documents=self.documents_of_process, files=self.assets, clock=self.clock.now)
        return export.run(given, attempt)

    def _erase(self, given: WorkInput, attempt: RunningAttempt) -> JsonObject:
        clock = self.clock.now
        erasure = Erasure(documents=self.documents_of_process, traces=self.traces, policies=self.policies, clock=clock)
        return erasure.run(given, attempt)

    def _run(self, work_input: WorkInput, work: Work) -> JsonObject:
        return self.work(work_input.model_dump(), work)

    def _deliver(self, attempt: Attempt) -> Answer:
        self.attempts.append(attempt)
        if (scripted := self._scripted.get(len(self.attempts))) is not None:
            return scripted(attempt)
        status = self.deliver_raw(attempt)
        self.answers.append(status)
        return status

    def deliver_raw(self, attempt: Attempt) -> int:
        """Sends one delivery to `process` and returns the HTTP status."""
        try:
            answer = self._http.test_client().post("/", headers=dict(attempt.headers), data=attempt.body)
        except ProcessDied:
            return STATUS_OF_DEATH
        return answer.status_code
