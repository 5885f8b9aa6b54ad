"""What whoever runs the service relies on: the smoke request, recurring requests, the runbook, the facts of the log."""

import json
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from google.cloud.firestore import Client

from build import ROOT
from common.pipeline.record import Record
from deploy.smoke import DEFAULT_RETRY, SmokeTestError, run_smoke_test
from local.emulators.firestore import PROJECT
from local.stack.stack import Stack
from local.token import unsigned_token
from tests.processes import wait_until
from tests.unit.builders import processing, queued

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
CODE = json.loads((ROOT / "terraform" / "tests" / "code.json").read_text())
WEEKLY = {"X-CloudScheduler-JobName": "weekly", "X-CloudScheduler-ScheduleTime": "2026-11-23T07:00:00Z"}
WEEKLY_REQUEST = {"submit": {"type": "diagnostic", "input": {"steps": 1}}}
ANN = {"Authorization": f"Bearer {unsigned_token('ann')}"}
DATABASE = f"t{uuid.uuid4().hex}"
WITHIN_SECONDS = 60


@pytest.fixture(scope="module")
def stack(firestore_emulator: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    with Stack(ports="free", folder=folder, environment={"FIRESTORE_DATABASE": DATABASE}) as running:
        yield running


def events(stack: Stack) -> list[dict[str, Any]]:
    """What all functions have logged."""
    lines = [line for part in ("api", "process", "sweep") for line in stack.log(part).read_text().splitlines() if line]
    return [json.loads(line) for line in lines if line.startswith("{")]


def test_the_smoke_request_is_followed_to_its_end_and_its_file_opened(stack: Stack) -> None:
    reported: list[str] = []
    retry = replace(DEFAULT_RETRY, report=reported.append)

    run_smoke_test(stack.addresses.api, unsigned_token(uuid.uuid4().hex), retry=retry)

    assert re.fullmatch(r"Downloaded social\.png, \d+ bytes of image/png\.", reported[-1])


def test_a_smoke_request_that_is_refused_is_told(stack: Stack) -> None:
    with pytest.raises(SmokeTestError, match="answered with 401"):
        run_smoke_test(stack.addresses.api, "nobody")


def test_a_recurring_request_runs_once_for_each_time_of_its_schedule(stack: Stack) -> None:
    answers = [httpx.post(stack.addresses.sweep, json=WEEKLY_REQUEST, headers=WEEKLY).json() for _ in range(2)]

    assert answers[1]["replayed"]
    [request_id] = {answer["id"] for answer in answers}
    administrator = {"Authorization": f"Bearer {unsigned_token('root', tenant='system')}"}
    wait_until(
        lambda: (
            httpx.get(f"{stack.addresses.api}/requests/{request_id}", headers=administrator).json()["status"]
            == "completed"
        ),
        within=WITHIN_SECONDS,
    )


SECTIONS = {
    heading: text
    for heading, _, text in (part.partition("\n") for part in re.split(r"^## ", RUNBOOK, flags=re.MULTILINE)[1:])
}
TOLD = {
    "Requests used up their attempts": '"code": "attempts"',
    "A request has been open too long": r'"open_seconds": \d+, "verdict": "(postponed|renewed)"[\s\S]*RUNNING',
    "Too many requests fail": '"ended": "failed", "code": ',
    "Tenants exceed their quota": '"status": 429.*"code": "too_many_open_requests"',
    "The functions log errors": '"message": "recurring.refused".*"job": "weekly"',
    "No sweep has finished": '"message": "sweep.finished"',
}


def test_every_section_of_the_runbook_has_a_rehearsal() -> None:
    assert SECTIONS.keys() == TOLD.keys()


def test_every_error_that_is_logged_is_explained_in_the_runbook() -> None:
    code = "\n".join(file.read_text() for folder in ("common", "functions") for file in (ROOT / folder).rglob("*.py"))
    logged = set(re.findall(r'log\.error\("([\w.]+)"', code))

    explained = set(re.findall(r"`([\w.]+)`", SECTIONS["The functions log errors"].partition("\nRehearse")[0]))
    assert logged
    assert logged - explained == set()


@pytest.mark.parametrize("section", TOLD)
def test_the_runbooks_rehearsals_show_what_they_should(stack: Stack, section: str) -> None:
    told = rehearsed(stack, section)

    assert re.search(TOLD[section], told), told


def test_the_lines_that_metrics_read_have_their_facts(stack: Stack) -> None:
    for section in ("A request has been open too long", "Too many requests fail", "No sweep has finished"):
        rehearsed(stack, section)
    run_smoke_test(stack.addresses.api, unsigned_token("ann"))
    httpx.post(stack.addresses.sweep, json=WEEKLY_REQUEST, headers=WEEKLY).raise_for_status()
    with httpx.Client(base_url=stack.addresses.api, headers=ANN) as api:
        later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        path = api.post("/requests", json={"type": "diagnostic", "input": {}, "run_at": later}).headers["Location"]
        api.post(f"{path}:cancel").raise_for_status()
        assert api.post("/requests", json={}).status_code == 422

    leave_behind(
        processing(id="lost", type="diagnostic", attempt=3),
        queued(id="unknown", type="of-a-release-to-come"),
        queued(id="no name for a task", type="diagnostic"),
    )
    httpx.post(stack.addresses.sweep, json={}).raise_for_status()

    seen: dict[str, set[str]] = {}
    for event in events(stack):
        seen.setdefault(event["message"], set()).update(event)
    missing = {name: set(fields) - seen.get(name, set()) for name, fields in CODE["log_fields"].items()}
    assert missing == {name: set() for name in CODE["log_fields"]}


def leave_behind(*records: Record) -> None:
    """As if whoever had them in hand had died long ago."""
    stored = Client(project=PROJECT, database=DATABASE).collection("requests")
    for record in records:
        stored.document(record.id).set(record.to_document())


def rehearsed(stack: Stack, section: str) -> str:
    """What the section's rehearsal prints."""
    script = _code(RUNBOOK.partition("\n## ")[0]) + _code(SECTIONS[section].partition("\nRehearse")[2])
    command = ["bash", "-euc", _on(stack, script)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout


def _code(text: str) -> str:
    return "".join(f"{line[4:]}\n" for line in text.splitlines() if line.startswith("    "))


def _on(stack: Stack, script: str) -> str:
    """The script for this stack instead of one on the usual ports."""
    addresses = stack.addresses
    for usual, here in {
        "http://127.0.0.1:8080": addresses.api,
        "http://127.0.0.1:8082": addresses.sweep,
        "http://127.0.0.1:8085": f"http://{addresses.firestore}",
        "127.0.0.1:8123": addresses.cloud_tasks,
        ".local/last": str(stack.log("api").parent / "last"),
        ".local/logs": str(stack.log("api").parent),
        ".venv/bin/python": sys.executable,
        "(default)": DATABASE,
        "demo-local": PROJECT,
    }.items():
        script = script.replace(usual, here)
    return script
