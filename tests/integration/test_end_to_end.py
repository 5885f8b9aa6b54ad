"""The local stack as it is run: real processes, real time."""

import json
import re
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import httpx
import pytest

from build import ROOT
from local.stack.stack import Stack
from local.token import unsigned_token
from tests.processes import wait_until

WITHIN_SECONDS = 90
MANY = 200


@pytest.fixture(scope="module")
def stack(firestore_emulator: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    database = f"t{uuid.uuid4().hex}"
    with Stack(ports="free", folder=folder, environment={"FIRESTORE_DATABASE": database}) as running:
        yield running


@pytest.fixture
def api(stack: Stack) -> Iterator[httpx.Client]:
    with _client(stack, uuid.uuid4().hex) as client:
        yield client


def test_two_hundred_requests_at_once_all_end_each_exactly_once(stack: Stack) -> None:
    together = Barrier(MANY)

    def submit(number: int) -> tuple[str, str]:
        together.wait()
        return _submit_as(stack, f"person-{number % 4}")

    with ThreadPoolExecutor(MANY) as threads:
        submitted = list(threads.map(submit, range(MANY)))
    ended = [_wait_for(_client(stack, person), request_id, _has_ended) for person, request_id in submitted]

    assert len({request_id for _, request_id in submitted}) == MANY
    assert Counter((request["status"], request["attempt"]) for request in ended) == {("completed", 1): MANY}
    assert _ends_by_request(stack, {request_id for _, request_id in submitted}) == {1: MANY}


def test_a_killed_worker_is_taken_over_within_seconds(stack: Stack, api: httpx.Client) -> None:
    request_id = _submit(api, sleep_seconds=4, steps=4)
    _wait_for(api, request_id, lambda request: request["status"] == "processing")

    stack.kill("process")
    stack.restart("process")
    request = _wait_for(api, request_id, _has_ended)

    assert (request["status"], request["attempt"]) == ("completed", 2)
    assert [error["code"] for error in request["errors"]] == ["lost"]


def test_a_request_scheduled_for_later_waits_for_its_time(api: httpx.Client) -> None:
    at = time.time() + 2
    run_at = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(at))

    answer = api.post("/requests", json={"type": "diagnostic", "input": {}, "run_at": run_at})
    request = _wait_for(api, answer.json()["id"], _has_ended)

    assert request["status"] == "completed"
    assert request["started_at"] >= run_at.replace("+00:00", "")


def test_the_readmes_calls_work_as_printed(stack: Stack) -> None:
    [block] = [block for block in _shell_blocks() if "curl" in block]
    script = block.replace("http://127.0.0.1:8080", stack.addresses.api).replace(".venv/bin/python", sys.executable)

    done = subprocess.run(["bash", "-euc", script], cwd=ROOT, capture_output=True, text=True, check=True)
    asked, listed = done.stdout.splitlines()

    assert json.loads(asked)["status"] == "queued"
    assert [request["id"] for request in json.loads(listed)["requests"]] == [json.loads(asked)["id"]]


def test_every_make_command_of_the_readme_is_a_target_with_a_help_line() -> None:
    named = {line.split()[1] for block in _shell_blocks() for line in block.splitlines() if line.startswith("make ")}
    helped = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert named == {"demo", "run", "test", "test-unit", "check", "simulate", "check-terraform", "deploy"}
    assert named <= helped


def _shell_blocks() -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)


def _client(stack: Stack, person: str) -> httpx.Client:
    authorization = {"Authorization": f"Bearer {unsigned_token(person)}"}
    return httpx.Client(base_url=stack.addresses.api, headers=authorization, timeout=60)


def _submit(api: httpx.Client, **given: Any) -> str:
    answer = api.post("/requests", json={"type": "diagnostic", "input": given})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def _submit_as(stack: Stack, person: str) -> tuple[str, str]:
    with _client(stack, person) as api:
        return person, _submit(api, sleep_seconds=0.02)


def _has_ended(request: dict[str, Any]) -> bool:
    return request["status"] in {"completed", "failed", "cancelled"}


def _wait_for(api: httpx.Client, request_id: str, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The request, once it meets the condition."""

    def matching() -> dict[str, Any] | None:
        request: dict[str, Any] = api.get(f"/requests/{request_id}").json()
        return request if condition(request) else None

    return wait_until(matching, within=WITHIN_SECONDS)


def _ends_by_request(stack: Stack, request_ids: set[str]) -> Counter[int]:
    """How many requests were ended so many times, as the log of `process` tells."""
    lines = stack.log("process").read_text().splitlines()
    events = [json.loads(line) for line in lines if line.startswith("{")]
    ends = Counter(
        event["request_id"]
        for event in events
        if event["message"] == "delivery.finished"
        and event["verdict"] == "completed"
        and event["request_id"] in request_ids
    )
    return Counter(ends.values())
