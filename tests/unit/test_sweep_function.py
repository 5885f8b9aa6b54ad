"""The HTTP of Cloud Scheduler: sweeps, recurring requests, and the status of each answer."""

import json
from collections.abc import Sequence
from typing import Any, NoReturn

import pytest
from flask import Flask, Response, request

from common.errors import Unavailable
from common.pipeline.ids import request_id
from common.pipeline.quota import Quota
from common.pipeline.record import Record
from common.pipeline.store import CommitUncertain
from common.pipeline.submission_service import SubmissionService
from common.pipeline.sweeper import Sweeper
from functions.http.bodies import bodies_for
from functions.http.sweep import Sweep
from tests.unit.builders import LEASE, NOW, Clock, catalog, queued
from tests.unit.conftest import LoggedEvent
from tests.unit.scripted_gateways import ScriptedDocuments, ScriptedTasks

JOB = {"X-CloudScheduler-JobName": "weekly", "X-CloudScheduler-ScheduleTime": "2026-01-01T12:00:00Z"}
TYPES = catalog()
BODIES = bodies_for(TYPES)
HELLO = {"submit": {"type": "demo", "input": {"text": "hello"}}}


class Harness:
    """The function `sweep` over fakes."""

    def __init__(self, *records: Record, limit: int = 100) -> None:
        self.documents, self.tasks, self.clock = ScriptedDocuments(*records), ScriptedTasks(), Clock()
        self.sweep = Sweep(
            sweeper=Sweeper(documents=self.documents, tasks=self.tasks, catalog=TYPES, clock=self.clock),
            submissions=SubmissionService(
                documents=self.documents,
                tasks=self.tasks,
                catalog=TYPES,
                quota=Quota(self.documents, limit=limit, clock=self.clock),
                clock=self.clock,
            ),
            bodies=BODIES,
        )

    def call(self, body: Any = None, headers: dict[str, str] | None = None) -> Response:
        data = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        with Flask(__name__).test_request_context("/", method="POST", headers=headers, **data):
            answer: Response = self.sweep.answer(request)
            return answer

    @property
    def records(self) -> Sequence[Record]:
        return list(self.documents.records.values())


@pytest.mark.parametrize("body", [None, {}], ids=["no body", "empty object"])
def test_a_call_without_a_submission_sweeps(body: Any) -> None:
    harness = Harness(queued())
    harness.clock.now = NOW + LEASE

    answer = harness.call(body, JOB)

    assert (answer.status_code, answer.get_json()) == (200, {"postponed": 1})
    assert harness.tasks.names == {"r1-g0"}


def test_a_recurring_request_is_submitted_for_the_tenant_system() -> None:
    harness = Harness()

    answer = harness.call(HELLO, JOB)

    [record] = harness.records
    key = "weekly 2026-01-01T12:00:00Z"
    assert record.id == request_id(tenant="t:system", owner="scheduler", key=key)
    assert (record.tenant, record.owner, record.input) == ("t:system", "scheduler", {"text": "hello"})
    assert (answer.status_code, answer.get_json()) == (200, {"id": record.id, "replayed": False})
    assert harness.tasks.names == {f"{record.id}-g0"}


def test_a_repeated_call_creates_no_second_request() -> None:
    harness = Harness()
    harness.call(HELLO, JOB)
    harness.clock.wait(LEASE)

    answer = harness.call(HELLO, JOB)

    assert (answer.get_json()["replayed"], len(harness.records)) == (True, 1)


def test_each_job_and_each_schedule_time_creates_a_request() -> None:
    harness = Harness()

    harness.call(HELLO, JOB)
    harness.call(HELLO, {**JOB, "X-CloudScheduler-JobName": "daily"})
    harness.call(HELLO, {**JOB, "X-CloudScheduler-ScheduleTime": "2026-01-08T12:00:00Z"})

    assert len(harness.records) == 3


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ({"submit": {"type": "other", "input": {}}}, JOB),
        ({"submit": {"type": "demo", "input": {"colour": 1}}}, JOB),
        ({"submit": {"type": "demo"}}, JOB),
        ({"submit": None}, JOB),
        ({"submit": {}, "more": 1}, JOB),
        ({"sweep": True}, JOB),
        ([], JOB),
        (HELLO, {}),
        (HELLO, {"X-CloudScheduler-JobName": "weekly"}),
        (HELLO, {"X-CloudScheduler-ScheduleTime": "2026-01-01T12:00:00Z"}),
    ],
)
def test_an_invalid_call_is_refused(body: Any, headers: dict[str, str]) -> None:
    harness = Harness()

    answer = harness.call(body, headers)

    assert (answer.status_code, harness.records) == (422, [])


def test_a_refused_call_is_logged_with_its_job(log_events: list[LoggedEvent]) -> None:
    Harness().call({"submit": {"type": "other", "input": {}}}, JOB)

    [event] = log_events
    assert (event.name, event.level, event.fields["job"]) == ("recurring.refused", "ERROR", "weekly")


def test_a_recurring_request_beyond_the_quota_is_refused() -> None:
    harness = Harness(limit=1)
    harness.call(HELLO, JOB)

    answer = harness.call(HELLO, {**JOB, "X-CloudScheduler-JobName": "daily"})

    assert (answer.status_code, len(harness.records)) == (429, 1)


def test_a_recurring_request_that_cannot_be_stored_is_answered_with_503(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness()

    def refuse(*_: object) -> NoReturn:
        raise CommitUncertain("not applied")

    monkeypatch.setattr(harness.documents, "commit", refuse)

    assert harness.call(HELLO, JOB).status_code == 503


@pytest.mark.parametrize(("error", "status"), [(Unavailable("no answer"), 503), (ValueError("a bug"), 500)])
def test_a_sweep_that_fails_is_answered_with_an_error(
    error: Exception, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = Harness()

    def fail(**_: object) -> NoReturn:
        raise error

    monkeypatch.setattr(harness.documents, "overdue", fail)

    assert harness.call({}, JOB).status_code == status
