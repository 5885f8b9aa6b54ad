"""The local stack with real processes in real time, and the commands of the README."""

import json
import re
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier
from typing import Any

import httpx
import pytest

from build import ROOT
from common.pipeline.record import ENDED
from local.stack.stack import Stack
from local.token import unsigned_token
from tests.processes import wait_until

WITHIN_SECONDS = 90
BURST = 100
USERS = 4


@pytest.fixture(scope="module")
def stack(firestore_emulator: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    database = f"t{uuid.uuid4().hex}"
    with Stack(ports="free", folder=folder, environment={"FIRESTORE_DATABASE": database}) as running:
        yield running


@pytest.fixture
def api(stack: Stack) -> Iterator[httpx.Client]:
    with _client(stack) as client:
        yield client


@pytest.mark.parametrize("part", ["api", "process", "sweep", "assets"])
@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:80", "192.0.2.1"])
def test_a_part_refuses_calls_to_another_host(stack: Stack, part: str, host: str) -> None:
    url = getattr(stack.addresses, part)

    answer = httpx.post(url, headers={"Host": host, "Origin": f"http://{host}"})

    assert answer.status_code == 421
    assert httpx.post(url).status_code != 421


@pytest.mark.parametrize("part", ["api", "process", "sweep", "assets"])
def test_no_part_allows_the_pages_of_another_site(stack: Stack, part: str) -> None:
    url = getattr(stack.addresses, part)

    for method in ("GET", "OPTIONS"):
        answer = httpx.request(method, url, headers={"Origin": "http://evil.example"})
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_each_of_a_hundred_simultaneous_requests_ends_exactly_once(stack: Stack) -> None:
    barrier = Barrier(BURST)
    with ExitStack() as exits, ThreadPoolExecutor(BURST) as threads:
        clients = [exits.enter_context(_client(stack)) for _ in range(USERS)]

        def submit(number: int) -> tuple[httpx.Client, str]:
            barrier.wait()
            client = clients[number % USERS]
            return client, _submit(client, sleep_seconds=0.02)

        submitted = list(threads.map(submit, range(BURST)))
        ended = [_wait_for(client, request_id, _has_ended) for client, request_id in submitted]

    request_ids = {request_id for _, request_id in submitted}
    assert len(request_ids) == BURST
    assert Counter((request["status"], request["attempt"]) for request in ended) == {("completed", 1): BURST}
    assert _completions(stack, request_ids) == dict.fromkeys(request_ids, 1)


def test_the_request_of_a_killed_worker_is_taken_over_within_seconds(stack: Stack, api: httpx.Client) -> None:
    request_id = _submit(api, sleep_seconds=4, steps=4)
    _wait_for(api, request_id, lambda request: request["status"] == "processing")

    stack.kill("process")
    stack.restart("process")
    request = _wait_for(api, request_id, _has_ended)

    assert (request["status"], request["attempt"]) == ("completed", 2)
    assert [error["code"] for error in request["errors"]] == ["lost"]


def test_a_request_scheduled_for_later_starts_at_its_time(api: httpx.Client) -> None:
    run_at = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() + 2))

    answer = api.post("/requests", json={"type": "diagnostic", "input": {}, "run_at": run_at})
    request = _wait_for(api, answer.json()["id"], _has_ended)

    assert request["status"] == "completed"
    assert request["started_at"] >= run_at.removesuffix("+00:00")


def test_the_calls_in_the_readme_work_as_printed(stack: Stack) -> None:
    [block] = [block for block in _shell_blocks() if "curl" in block]
    script = block.replace("http://127.0.0.1:8080", stack.addresses.api).replace(".venv/bin/python", sys.executable)

    finished = subprocess.run(["bash", "-euc", script], cwd=ROOT, capture_output=True, text=True, check=True)
    submitted, listed = finished.stdout.splitlines()

    assert json.loads(submitted)["status"] == "queued"
    assert [request["id"] for request in json.loads(listed)["requests"]] == [json.loads(submitted)["id"]]


def test_every_make_command_in_the_readme_is_a_target_with_a_help_line() -> None:
    named = {line.split()[1] for block in _shell_blocks() for line in block.splitlines() if line.startswith("make ")}
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert named == {"demo", "run", "test", "test-unit", "check", "simulate", "check-terraform", "deploy"}
    assert named <= targets


def _shell_blocks() -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)


def _client(stack: Stack) -> httpx.Client:
    """Returns a client of a new user."""
    authorization = {"Authorization": f"Bearer {unsigned_token(uuid.uuid4().hex)}"}
    return httpx.Client(
        base_url=stack.addresses.api, headers=authorization, timeout=60, limits=httpx.Limits(max_connections=None)
    )


def _submit(api: httpx.Client, **work_input: Any) -> str:
    answer = api.post("/requests", json={"type": "diagnostic", "input": work_input})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def _has_ended(request: dict[str, Any]) -> bool:
    return request["status"] in ENDED


def _wait_for(api: httpx.Client, request_id: str, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Returns the request as soon as the condition is true of it."""

    def read() -> dict[str, Any] | None:
        request: dict[str, Any] = api.get(f"/requests/{request_id}").json()
        return request if condition(request) else None

    return wait_until(read, within=WITHIN_SECONDS)


def _completions(stack: Stack, request_ids: set[str]) -> dict[str, int]:
    """Returns how often the log of `process` reports each request as completed."""
    lines = stack.log("process").read_text().splitlines()
    events = [json.loads(line) for line in lines if line.startswith("{")]
    return Counter(
        event["request_id"]
        for event in events
        if event["message"] == "delivery.finished"
        and event["verdict"] == "completed"
        and event["request_id"] in request_ids
    )
