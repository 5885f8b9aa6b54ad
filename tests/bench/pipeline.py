"""`python -m tests.bench.pipeline`: time that the functions add to their remote calls, cold start, dispatch rate."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import functions_framework
from flask.testing import FlaskClient
from google.cloud.firestore import Client
from google.cloud.tasks_v2 import CloudTasksClient, HttpRequest, Queue, Task

from build import ROOT
from common.queues import load_policies
from local.cloud_tasks import Attempt, CloudTasks
from local.emulators.firestore import PROJECT
from local.stack.parts import firestore_part
from local.stack.ports import free_ports
from local.stack.queues import create_queues
from local.stack.stack import LOCATION, SOURCE
from local.stack.supervisor import Supervisor
from local.token import unsigned_token

ROUNDS = 200
COLD_STARTS = 7
TASKS = 2000
QUEUE = f"projects/{PROJECT}/locations/{LOCATION}/queues/diagnostic"
DEPENDENCIES = "import functions_framework, google.cloud.firestore, google.cloud.tasks_v2, pydantic"
FUNCTIONS = "import functions.main"

Seconds = float


class Harness:
    """The entry points on the emulators, and the same remote calls without them."""

    def __init__(self, api: FlaskClient, tasks: CloudTasksClient, documents: Client, ended: Event) -> None:
        self._api = api
        self._tasks = tasks
        self._documents = documents.collection("bench")
        self._ended = ended
        self._headers = {"Authorization": f"Bearer {unsigned_token('bench')}"}

    def submit(self) -> Seconds:
        self._ended.clear()
        started = time.perf_counter()
        self._api.post("/requests", json={"type": "diagnostic", "input": {}}, headers=self._headers)
        return time.perf_counter() - started

    def submit_and_wait(self) -> Seconds:
        started = time.perf_counter()
        self.submit()
        self._ended.wait(10)
        return time.perf_counter() - started

    def remote_submit(self) -> Seconds:
        started = time.perf_counter()
        self._create()
        return time.perf_counter() - started

    def remote_request(self) -> Seconds:
        started = time.perf_counter()
        document = self._create()
        for status in ("processing", "completed"):
            document.update({"status": status})
        return time.perf_counter() - started

    def _create(self) -> Any:
        document = self._documents.document(uuid.uuid4().hex)
        document.create({"status": "queued", "input": {}})
        task = Task(name=f"{QUEUE}/tasks/{document.id}", http_request=HttpRequest(url="http://bench.invalid/"))
        self._tasks.create_task(parent=QUEUE, task=task)
        return document


def main() -> None:
    with _emulators() as (api, tasks, ended):
        harness = Harness(api, tasks.client(), Client(project=PROJECT), ended)
        _compare("submit", harness.submit, "its two remote calls alone", harness.remote_submit)
        _compare("submit to end", harness.submit_and_wait, "its four remote calls alone", harness.remote_request)
        print(f"dispatch rate of the local Cloud Tasks: {_dispatch_rate():.0f} per second")
    dependencies, functions = (lambda: _import(DEPENDENCIES)), (lambda: _import(FUNCTIONS))
    _compare("import of the functions", functions, "of their packages", dependencies, rounds=COLD_STARTS)


def _compare(
    name: str, measured: Callable[[], Seconds], floor_name: str, floor: Callable[[], Seconds], *, rounds: int = ROUNDS
) -> None:
    """Measures both alternately, so that other load affects both."""
    measured(), floor()
    pairs = [(measured(), floor()) for _ in range(rounds)]
    median, base = (statistics.median(each) * 1000 for each in zip(*pairs, strict=True))
    print(f"{name}: {median:.1f} ms; {floor_name}: {base:.1f} ms; ratio {median / base:.2f} (medians of {rounds})")


@contextmanager
def _emulators() -> Iterator[tuple[FlaskClient, CloudTasks, Event]]:
    ended = Event()

    def deliver(attempt: Attempt) -> int:
        if not attempt.body:
            return 200
        status = process.post("/", headers=dict(attempt.headers), data=attempt.body).status_code
        ended.set()
        return int(status)

    with tempfile.TemporaryDirectory() as folder, Supervisor(Path(folder)) as supervisor:
        [port] = free_ports(1)
        supervisor.start([firestore_part(port, report=print)])
        with CloudTasks(send=deliver) as tasks:
            os.environ |= {
                "GOOGLE_CLOUD_PROJECT": PROJECT,
                "FIRESTORE_EMULATOR_HOST": f"127.0.0.1:{port}",
                "CLOUD_TASKS_EMULATOR_HOST": tasks.address,
                "ENABLE_TYPES": "diagnostic",
                "OPEN_REQUESTS_PER_TENANT": "1000",
                "ASSETS_FOLDER": folder,
                "ASSETS_URL": "http://127.0.0.1:1",
                "ASSETS_SIGNING_KEY": "key",
            }
            create_queues(tasks.client(), PROJECT, LOCATION, "http://127.0.0.1:1", load_policies())
            api = functions_framework.create_app("api", str(SOURCE)).test_client()
            process = functions_framework.create_app("process", str(SOURCE)).test_client()
            yield api, tasks, ended


def _dispatch_rate() -> float:
    done = Event()
    count = 0

    async def deliver(_: Attempt) -> int:
        nonlocal count
        count += 1
        if count == TASKS:
            done.set()
        return 200

    with CloudTasks(send=deliver) as tasks:
        client = tasks.client()
        parent, queue = QUEUE.rpartition("/queues/")[0], Queue(name=QUEUE)
        client.create_queue(parent=parent, queue=queue)
        client.pause_queue(name=QUEUE)
        for _ in range(TASKS):
            client.create_task(parent=QUEUE, task=Task(http_request=HttpRequest(url="http://a.invalid/")))
        started = time.perf_counter()
        client.resume_queue(name=QUEUE)
        done.wait(60)
        return TASKS / (time.perf_counter() - started)


def _import(statement: str) -> Seconds:
    environment = {"PATH": os.environ["PATH"], "GOOGLE_CLOUD_PROJECT": PROJECT}
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], cwd=ROOT, env=environment, check=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
