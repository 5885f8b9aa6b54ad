"""What Cloud Scheduler's calls come to."""

import json
import logging
from typing import Any

import pytest
from flask import Flask, Response, request

from common.errors import Unavailable
from common.log import LOGGER_NAME
from common.pipeline.quota import Quota
from common.pipeline.record import Record, request_id
from common.pipeline.request_service import RequestService
from common.pipeline.store import CommitUncertain
from common.pipeline.sweeper import Sweeper
from functions.http.bodies import bodies_for
from functions.http.sweep import Sweep
from tests.unit.builders import LEASE, NOW, Clock, catalog, queued
from tests.unit.scripted_gateways import ScriptedDocuments, ScriptedTasks

JOB = {"X-CloudScheduler-JobName": "weekly", "X-CloudScheduler-ScheduleTime": "2026-01-01T12:00:00Z"}
HELLO = {"submit": {"type": "demo", "input": {"text": "hello"}}}


class House:
    """A function `sweep`, and what it has stored and enqueued."""

    def __init__(self, *records: Record, limit: int = 100) -> None:
        self.documents, self.tasks, self.clock = ScriptedDocuments(*records), ScriptedTasks(), Clock()
        kinds = catalog()
        self.sweep = Sweep(
            sweeper=Sweeper(documents=self.documents, tasks=self.tasks, catalog=kinds, clock=self.clock),
            requests=RequestService(
                documents=self.documents,
                tasks=self.tasks,
                catalog=kinds,
                quota=Quota(self.documents, limit=limit, clock=self.clock),
                clock=self.clock,
            ),
            bodies=bodies_for(kinds),
        )

    def call(self, body: Any = None, headers: dict[str, str] | None = None) -> Response:
        data = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        with Flask(__name__).test_request_context("/", method="POST", headers=headers, **data):
            answer: Response = self.sweep.answer(request)
            return answer

    @property
    def stored(self) -> list[Record]:
        return [each.record for each in self.documents.inner.stored.values()]


@pytest.mark.parametrize("body", [None, {}])
def test_a_call_that_asks_for_nothing_sweeps(body: Any) -> None:
    house = House(queued())
    house.clock.now = NOW + LEASE

    answer = house.call(body, JOB)

    assert (answer.status_code, answer.get_json()) == (200, {"postponed": 1})
    assert house.tasks.names == {"r1-g0"}


def test_a_recurring_request_is_submitted_for_the_system() -> None:
    house = House()

    answer = house.call(HELLO, JOB)

    [record] = house.stored
    key = "weekly 2026-01-01T12:00:00Z"
    assert record.id == request_id(tenant="t:system", owner="scheduler", key=key)
    assert (record.tenant, record.owner, record.input) == ("t:system", "scheduler", {"text": "hello"})
    assert (answer.status_code, answer.get_json()) == (200, {"id": record.id, "replayed": False})
    assert house.tasks.names == {f"{record.id}-g0"}


def test_a_call_that_is_repeated_asks_for_nothing_new() -> None:
    house = House()
    house.call(HELLO, JOB)
    house.clock.now += LEASE

    answer = house.call(HELLO, JOB)

    assert (answer.get_json()["replayed"], len(house.stored)) == (True, 1)


def test_another_time_and_another_job_are_other_requests() -> None:
    house = House()
    for headers in (JOB, {**JOB, "X-CloudScheduler-JobName": "daily"}):
        house.call(HELLO, headers)
    house.call(HELLO, {**JOB, "X-CloudScheduler-ScheduleTime": "2026-01-08T12:00:00Z"})

    assert len(house.stored) == 3


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
def test_what_the_api_would_not_take_and_what_has_no_time_is_refused(body: Any, headers: dict[str, str]) -> None:
    house = House()

    answer = house.call(body, headers)

    assert (answer.status_code, house.stored) == (422, [])


def test_a_refusal_is_logged_with_its_job(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, LOGGER_NAME)

    House().call({"submit": {"type": "other", "input": {}}}, JOB)

    [line] = caplog.records
    assert (line.message, line.levelname) == ("recurring.refused", "ERROR")
    assert line.fields["job"] == "weekly"  # type: ignore[attr-defined]  # what log.py adds


def test_more_open_requests_than_a_tenant_may_have_wait() -> None:
    house = House(limit=1)
    house.call(HELLO, JOB)

    answer = house.call(HELLO, {**JOB, "X-CloudScheduler-JobName": "daily"})

    assert (answer.status_code, len(house.stored)) == (429, 1)


def test_what_cannot_be_stored_is_for_cloud_scheduler_to_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House()

    def refuse(*_: object) -> str:
        raise CommitUncertain("refused")

    monkeypatch.setattr(house.documents, "commit", refuse)

    assert house.call(HELLO, JOB).status_code == 503


@pytest.mark.parametrize(("trouble", "status"), [(Unavailable("no answer"), 503), (ValueError("a bug"), 500)])
def test_a_sweep_that_fails_is_told_as_failed(trouble: Exception, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    house = House()

    def fail(**_: object) -> list[Any]:
        raise trouble

    monkeypatch.setattr(house.documents, "overdue", fail)

    assert house.call({}, JOB).status_code == status
