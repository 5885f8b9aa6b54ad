"""The remote calls and log lines of a request, counted between the deployed entry points and the emulators."""

import json
import logging
import os
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import functions_framework
import pytest
from flask.testing import FlaskClient
from google.cloud.firestore_v1.types import CommitRequest

from common.log import LOGGER_NAME
from common.pipeline import attempt
from common.queues import load_policies
from deploy.smoke import REQUEST as ASSET
from local.cloud_tasks import Attempt, CloudTasks, VirtualClock
from local.emulators.firestore import PROJECT
from local.stack.queues import create_queues
from local.token import unsigned_token
from tests import cost
from tests.integration.proxy import Proxy

ROOT = Path(__file__).parents[2]
SOURCE = str(ROOT / "functions" / "main.py")
LOCATION = "us-central1"


@dataclass
class EntryPoints:
    """The functions `api` and `process`, and the proxies that count their calls."""

    api: FlaskClient
    firestore: Proxy
    cloud_tasks: Proxy
    tasks: CloudTasks

    def submit(self, token: str, **headers: str) -> str:
        body = {"type": "diagnostic", "input": {}}
        answer = self.api.post("/requests", json=body, headers={"Authorization": f"Bearer {token}", **headers})
        assert answer.status_code == 202, answer.text
        return str(answer.get_json()["id"])

    def status(self, token: str, request_id: str) -> str:
        answer = self.api.get(f"/requests/{request_id}", headers={"Authorization": f"Bearer {token}"})
        return str(answer.get_json()["status"])

    def calls(self) -> Counter[str]:
        return self.firestore.counts() + self.cloud_tasks.counts()

    def clear(self) -> None:
        self.firestore.clear()
        self.cloud_tasks.clear()

    def writes(self) -> int:
        return sum(len(CommitRequest.deserialize(request).writes) for request in self.firestore.requests_of("Commit"))


@pytest.fixture
def entry_points(firestore_emulator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EntryPoints]:
    def deliver(delivery: Attempt) -> int:
        return int(process.post("/", headers=dict(delivery.headers), data=delivery.body).status_code)

    with CloudTasks(clock=VirtualClock(), send=deliver) as tasks:
        create_queues(tasks.client(), PROJECT, LOCATION, "http://127.0.0.1:1", load_policies())
        with Proxy(firestore_emulator) as firestore, Proxy(tasks.address) as cloud_tasks:
            environment = {
                "GOOGLE_CLOUD_PROJECT": PROJECT,
                "FIRESTORE_DATABASE": f"t{uuid.uuid4().hex}",
                "FIRESTORE_EMULATOR_HOST": firestore.address,
                "CLOUD_TASKS_EMULATOR_HOST": cloud_tasks.address,
                "ENABLE_TYPES": "diagnostic",
                "ASSETS_FOLDER": str(tmp_path),
                "ASSETS_URL": "http://127.0.0.1:1",
                "ASSETS_SIGNING_KEY": "key",
            }
            for name, value in environment.items():
                monkeypatch.setenv(name, value)
            api = functions_framework.create_app("api", SOURCE).test_client()
            process = functions_framework.create_app("process", SOURCE).test_client()
            yield EntryPoints(api, firestore, cloud_tasks, tasks)


def test_a_plain_request_costs_four_calls_three_writes_and_no_read(entry_points: EntryPoints) -> None:
    token = unsigned_token(uuid.uuid4().hex)
    entry_points.submit(token)
    entry_points.tasks.advance()
    entry_points.clear()

    request_id = entry_points.submit(token, **{"Idempotency-Key": "key"})
    entry_points.tasks.advance()
    calls, writes = entry_points.calls(), entry_points.writes()

    assert calls == Counter({"Commit": 3, "CreateTask": 1})
    assert writes == 3
    assert entry_points.status(token, request_id) == "completed"


def test_the_counted_values_of_the_cost_document_are_those_on_the_wire(
    entry_points: EntryPoints, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt, "PROGRESS_INTERVAL", timedelta(hours=1))  # a slow machine writes no progress twice
    each, token = cost.values(), unsigned_token(uuid.uuid4().hex)
    entry_points.submit(token)
    entry_points.tasks.advance()
    entry_points.clear()
    caplog.set_level(logging.INFO, LOGGER_NAME)
    caplog.clear()

    signed_in = {"Authorization": f"Bearer {token}"}
    path = entry_points.api.post("/requests", json=ASSET, headers=signed_in).headers["Location"]
    entry_points.tasks.advance()
    calls, writes, lines = entry_points.calls(), entry_points.writes(), len(caplog.records)
    entry_points.clear()
    caplog.clear()
    opened = entry_points.api.get(f"{path}/assets/social.png", headers=signed_in)

    all_writes = each["writes"] + each["steps"]
    assert (writes, calls.total()) == (all_writes, all_writes + calls["CreateTask"])
    assert (calls["CreateTask"] + 1, lines) == (each["tasks"], each["lines"])  # the delivery is an operation too
    assert (each["reads"], each["calls"]) == (0, 2)
    assert (opened.status_code, len(caplog.records)) == (200, 1)
    assert entry_points.calls() == Counter({"BatchGetDocuments": each["url_reads"]})


def test_the_first_request_of_a_tenant_also_counts_its_open_requests(
    entry_points: EntryPoints,
) -> None:
    token = unsigned_token(uuid.uuid4().hex)

    entry_points.submit(token)
    entry_points.tasks.advance()

    assert entry_points.calls() == Counter({"RunAggregationQuery": 1, "Commit": 3, "CreateTask": 1})


def test_a_batch_of_ten_is_one_commit_and_ten_tasks(entry_points: EntryPoints) -> None:
    token = unsigned_token(uuid.uuid4().hex)
    entry_points.submit(token)
    entry_points.clear()

    body = {"requests": [{"type": "diagnostic", "input": {}}] * 10}
    answer = entry_points.api.post("/requests:batch", json=body, headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 202
    assert entry_points.calls() == Counter({"Commit": 1, "CreateTask": 10})


def test_a_task_contains_the_record_and_a_placeholder_url(entry_points: EntryPoints) -> None:
    token = unsigned_token(uuid.uuid4().hex)

    request_id = entry_points.submit(token)
    [task] = entry_points.tasks.pending()

    assert task.name.rpartition("/")[2] == f"{request_id}-g0"
    assert task.http_request.url == "https://process.invalid/"
    assert json.loads(task.http_request.body)["record"]["id"] == request_id


def test_importing_the_functions_opens_no_channel() -> None:
    """gunicorn imports before it forks, and a channel that was opened before the fork can hang for ever."""
    program = "import functions.main as main; print(*sorted(vars(main.dependencies)))"
    environment = {"PATH": os.environ["PATH"], "GOOGLE_CLOUD_PROJECT": PROJECT}

    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )

    assert finished.stdout.split() == ["catalog", "policies", "settings"]


def test_each_call_and_each_delivery_is_one_event(entry_points: EntryPoints, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, LOGGER_NAME)
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    request_id = entry_points.submit(unsigned_token(uuid.uuid4().hex), traceparent=trace)
    entry_points.tasks.advance()

    call, delivery = ({**record.fields, "event": record.message} for record in caplog.records)  # type: ignore[attr-defined]  # what log.py adds
    assert call.pop("duration_ms") >= 0
    assert all(delivery.pop(name) >= 0 for name in ("duration_ms", "queue_ms", "total_ms"))
    same = {"request_id": request_id, "type": "diagnostic", "trace": trace}
    assert call == {"event": "call.finished", "operation": "submit", "status": 202, "accepted": 1, **same}
    how = {"retry_count": 0, "attempt": 1, "verdict": "completed", "ended": "completed"}
    assert delivery == {"event": "delivery.finished", **how, **same}
