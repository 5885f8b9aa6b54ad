"""What operators rely on: the smoke request, recurring requests, the runbook, and the fields of log lines."""

import json
import re
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
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
DATABASE = f"t{uuid.uuid4().hex}"
WITHIN_SECONDS = 60


@pytest.fixture(scope="module")
def stack(firestore_emulator: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    with Stack(ports="free", folder=folder, environment={"FIRESTORE_DATABASE": DATABASE}) as running:
        yield running


def bearer(user: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {unsigned_token(user)}"}


def test_the_smoke_test_waits_for_its_request_and_downloads_the_file(stack: Stack) -> None:
    reported: list[str] = []
    retry = replace(DEFAULT_RETRY, report=reported.append)

    run_smoke_test(stack.addresses.api, unsigned_token(uuid.uuid4().hex), retry=retry)

    assert re.fullmatch(r"Downloaded social\.png, \d+ bytes of image/png\.", reported[-1])


def test_a_refused_smoke_request_is_an_error(stack: Stack) -> None:
    with pytest.raises(SmokeTestError, match="answered with 401"):
        run_smoke_test(stack.addresses.api, "not a token")


def test_a_recurring_request_runs_once_for_each_schedule_time(stack: Stack) -> None:
    answers = [httpx.post(stack.addresses.sweep, json=WEEKLY_REQUEST, headers=WEEKLY).json() for _ in range(2)]

    assert answers[1]["replayed"]
    [request_id] = {answer["id"] for answer in answers}
    document = Client(project=PROJECT, database=DATABASE).document(f"requests/{request_id}")
    wait_until(lambda: document.get().get("status") == "completed", within=WITHIN_SECONDS)


SECTIONS = {
    heading: text
    for heading, _, text in (part.partition("\n") for part in re.split(r"^## ", RUNBOOK, flags=re.MULTILINE)[1:])
}
PRINTED = {
    "Requests used up their attempts": '"code": "attempts"',
    "A request has been open too long": r'"open_seconds": \d+, "verdict": "(postponed|renewed)"[\s\S]*RUNNING',
    "Too many requests fail": '"ended": "failed", "code": ',
    "Tenants exceed their quota": '"status": 429.*"code": "too_many_open_requests"',
    "The functions log errors": '"message": "recurring.refused".*"job": "weekly"',
    "No sweep has finished": '"message": "sweep.finished"',
}


def test_every_section_of_the_runbook_has_a_rehearsal() -> None:
    assert SECTIONS.keys() == PRINTED.keys()


def test_the_runbook_explains_every_event_that_is_logged_as_an_error() -> None:
    code = "\n".join(file.read_text() for folder in ("common", "functions") for file in (ROOT / folder).rglob("*.py"))
    logged = set(re.findall(r'log\.error\("([\w.]+)"', code))

    explained = set(re.findall(r"`([\w.]+)`", SECTIONS["The functions log errors"].partition("\nRehearse")[0]))
    assert logged
    assert logged - explained == set()


Rehearse = Callable[[str], str]


@pytest.fixture(scope="module")
def rehearse(stack: Stack) -> Rehearse:
    """Runs the rehearsal of a section, once for all tests, and returns its output."""

    def run(section: str) -> str:
        script = code_of(RUNBOOK.partition("\n## ")[0]) + code_of(SECTIONS[section].partition("\nRehearse")[2])
        command = ["bash", "-euc", with_addresses(stack, script)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout

    return cache(run)


@pytest.mark.parametrize("section", PRINTED)
def test_the_rehearsal_of_a_section_prints_its_log_line(rehearse: Rehearse, section: str) -> None:
    assert re.search(PRINTED[section], rehearse(section))


def test_log_lines_have_the_fields_that_metrics_read(stack: Stack, rehearse: Rehearse) -> None:
    for section in ("A request has been open too long", "Too many requests fail", "No sweep has finished"):
        rehearse(section)
    run_smoke_test(stack.addresses.api, unsigned_token("ann"))
    httpx.post(stack.addresses.sweep, json=WEEKLY_REQUEST, headers=WEEKLY).raise_for_status()
    with httpx.Client(base_url=stack.addresses.api, headers=bearer("ann")) as api:
        later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        path = api.post("/requests", json={"type": "diagnostic", "input": {}, "run_at": later}).headers["Location"]
        api.post(f"{path}:cancel").raise_for_status()
        assert api.post("/requests", json={}).status_code == 422
    store_overdue(
        processing(id="lost", type="diagnostic", attempt=3),
        queued(id="unknown", type="type_of_a_newer_release"),
        queued(id="not a task name", type="diagnostic"),
    )
    httpx.post(stack.addresses.sweep, json={}).raise_for_status()

    logged = logged_fields(stack)

    missing = {event: set(fields) - logged.get(event, set()) for event, fields in CODE["log_fields"].items()}
    assert missing == {event: set() for event in CODE["log_fields"]}


def logged_fields(stack: Stack) -> dict[str, set[str]]:
    """Returns the fields of the events that the functions have logged, by event."""
    fields: dict[str, set[str]] = {}
    for part in ("api", "process", "sweep"):
        for line in stack.log(part).read_text().splitlines():
            if line.startswith("{"):
                event: dict[str, Any] = json.loads(line)
                fields.setdefault(event["message"], set()).update(event)
    return fields


def store_overdue(*records: Record) -> None:
    """Stores requests whose `due` is long past."""
    requests = Client(project=PROJECT, database=DATABASE).collection("requests")
    for record in records:
        requests.document(record.id).set(record.to_document())


def code_of(text: str) -> str:
    """Returns the indented code of a text."""
    return "".join(f"{line[4:]}\n" for line in text.splitlines() if line.startswith("    "))


def with_addresses(stack: Stack, script: str) -> str:
    """Replaces the usual addresses, folders and names in a script by those of the stack."""
    addresses = stack.addresses
    for usual, actual in {
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
        script = script.replace(usual, actual)
    return script
