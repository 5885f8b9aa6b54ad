"""How a type of work is withdrawn, as docs/deploy.md describes it: enabled, draining, removed. And the roll-back."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest

from common.errors import InvalidInput, TypeNotOffered
from common.pipeline.record import Record, Status
from common.queues import POLICIES_FILE, Policies, load_policies
from common.work import JsonObject, RetryAfter, Work
from functions.http.bodies import bodies_for
from tests.integration.pipeline import POLICY, Pipeline
from tests.integration.running import Caller, Service, serving

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
HOUR = timedelta(hours=1)
SUBMISSION = b'{"type": "work", "input": {}}'
NOTIFY: tuple[JsonObject, ...] = ({"type": "email", "to": "ann@clinic.example"},)


def policies(**states: object) -> Policies:
    return {name: POLICY.model_copy(update={"queue": name, "enabled": state}) for name, state in states.items()}


ENABLED = policies(work=True, email=True)
DRAINING = policies(work="draining", email="draining")
REMOVED = policies(email=True)


def skip(pipeline: Pipeline, span: timedelta, *, steps: int = 4) -> None:
    """Passes a long time with a few sweeps, and a few deliveries of each task."""
    for _ in range(steps):
        pipeline.clock.move_to(pipeline.clock.now() + span / steps)
        pipeline.pass_time(MINUTE)


def code_of(record: Record) -> str | None:
    return record.error.code if record.error else None


def test_a_type_is_withdrawn_without_a_request_that_never_ends(pipeline: Pipeline) -> None:
    soon = pipeline.submit(key="soon", notify=NOTIFY)
    late = pipeline.submit(key="late", run_at=pipeline.clock.now() + 40 * DAY, notify=NOTIFY)

    pipeline.release(DRAINING)
    with pytest.raises(InvalidInput):
        bodies_for(pipeline.catalog).parse_one(SUBMISSION)
    pipeline.pass_time(10 * MINUTE)

    assert pipeline.record(soon).status is Status.COMPLETED
    assert [child.status for child in pipeline.children(soon)] == [Status.COMPLETED]
    assert pipeline.record(late).status is Status.QUEUED

    pipeline.release(REMOVED)
    skip(pipeline, 43 * DAY - HOUR)
    assert pipeline.record(late).status is Status.QUEUED
    skip(pipeline, 3 * HOUR)
    pipeline.pass_time(10 * MINUTE)
    after = pipeline.record(late)

    assert (after.status, code_of(after)) == (Status.FAILED, "withdrawn")
    assert after.expires_at is not None
    assert [child.status for child in pipeline.children(late)] == [Status.COMPLETED]
    with pytest.raises(TypeNotOffered):
        pipeline.requests.redrive(pipeline.caller, late.id)


def test_the_task_of_a_withdrawn_request_ends_with_it(pipeline: Pipeline) -> None:
    record = pipeline.submit()

    pipeline.release(REMOVED)
    skip(pipeline, 3 * DAY + HOUR)
    pipeline.pass_time(10 * MINUTE)

    assert code_of(pipeline.record(record)) == "withdrawn"
    assert pipeline.tasks.pending() == []
    assert pipeline.answers[-1] == 200


def test_a_draining_type_can_be_cancelled_but_not_retried(pipeline: Pipeline) -> None:
    record = pipeline.submit(run_at=pipeline.clock.now() + DAY)

    pipeline.release(DRAINING)
    cancelled = pipeline.requests.cancel(pipeline.caller, record.id)

    assert cancelled.status is Status.CANCELLED
    with pytest.raises(TypeNotOffered):
        pipeline.requests.redrive(pipeline.caller, record.id)


def test_a_roll_back_leaves_requests_of_the_newer_release_for_three_days(pipeline: Pipeline) -> None:
    """One waits for its task, one for its next attempt, and of one the worker died."""
    failed: set[str] = set()

    def fail_once(_input: JsonObject, work: Work) -> JsonObject:
        if work.effect_key not in failed:
            failed.add(work.effect_key)
            raise RetryAfter(MINUTE, "busy")
        return {"done": True}

    pipeline.work = fail_once
    retried = pipeline.submit(key="retried")
    pipeline.tasks.advance()
    pipeline.deaths.after("commit", 2)
    died = pipeline.submit(key="died")
    pipeline.tasks.advance()
    waiting = pipeline.submit(key="waiting", run_at=pipeline.clock.now() + HOUR)

    pipeline.release(REMOVED)
    skip(pipeline, 2.9 * DAY, steps=8)
    during = [pipeline.record(each).status for each in (retried, died, waiting)]
    pipeline.release(ENABLED)
    skip(pipeline, 3 * HOUR, steps=6)

    assert during == [Status.QUEUED] * 3
    assert [pipeline.record(each).status for each in (retried, died, waiting)] == [Status.COMPLETED] * 3


@pytest.fixture
def draining_service(
    service: Service, api_environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Service]:
    """An `api` of the release after `service`, in which the type `diagnostic` is draining. ENABLE_TYPES names it."""
    given = json.loads(POLICIES_FILE.read_text())
    given["diagnostic"]["enabled"] = "draining"
    (file := tmp_path / "queues.json").write_text(json.dumps(given))
    monkeypatch.setattr("functions.dependencies.load_policies", partial(load_policies, file))
    with serving(api_environment) as url, httpx.Client(base_url=url, timeout=30) as http:
        yield replace(service, http=http)


def test_the_api_refuses_new_requests_of_a_draining_type_and_serves_the_others(
    draining_service: Service, caller: Caller, request_id: str
) -> None:
    draining = replace(caller, http=draining_service.http)
    new = {"type": "diagnostic", "input": {}}

    types = [each["name"] for each in draining.get("/types").json()["types"]]
    submitted, batch = draining.post("/requests", new), draining.post("/requests:batch", {"requests": [new]})
    found, listed = draining.get(f"/requests/{request_id}"), draining.get("/requests")
    cancelled = draining.post(f"/requests/{request_id}:cancel")
    retried = draining.post(f"/requests/{request_id}:retry")

    assert types == ["medical_asset"]
    assert [(each.status_code, each.json()["code"]) for each in (submitted, batch)] == [(422, "invalid_input")] * 2
    assert submitted.json()["errors"][0]["detail"] == "must be one of medical_asset"
    assert (found.status_code, [each["id"] for each in listed.json()["requests"]]) == (200, [request_id])
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    assert (retried.status_code, retried.json()["code"]) == (409, "type_not_offered")
