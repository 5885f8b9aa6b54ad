"""`python -m tests.bench.pipeline`: what the functions add to their remote calls, cold start, dispatch rate."""

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
MANDATED = "import functions_framework, google.cloud.firestore, google.cloud.tasks_v2, pydantic"
OURS = "import functions.main"

Seconds = float


class Bench:
    """The entry points over the emulators, and the same remote calls made bare."""

    def __init__(self, api: FlaskClient, tasks: CloudTasksClient, documents: Client, ended: Event) -> None:
        self._api = api
        self._tasks = tasks
        self._documents = documents.collection("bare")
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

    def bare_submit(self) -> Seconds:
        started = time.perf_counter()
        self._bare_create()
        return time.perf_counter() - started

    def bare_request(self) -> Seconds:
        started = time.perf_counter()
        document = self._bare_create()
        for status in ("processing", "completed"):
            document.update({"status": status})
        return time.perf_counter() - started

    def _bare_create(self) -> Any:
        document = self._documents.document(uuid.uuid4().hex)
        document.create({"status": "queued", "input": {}})
        task = Task(name=f"{QUEUE}/tasks/{document.id}", http_request=HttpRequest(url="http://bare.invalid/"))
        self._tasks.create_task(parent=QUEUE, task=task)
        return document


def main() -> None:
    with _emulators() as (api, tasks, ended):
        bench = Bench(api, tasks.client(), Client(project=PROJECT), ended)
        _compare("submit", bench.submit, "its two remote calls, bare", bench.bare_submit)
        _compare("submit to end", bench.submit_and_wait, "its four remote calls, bare", bench.bare_request)
        print(f"dispatch rate of the local Cloud Tasks: {_dispatch_rate():.0f} a second")
    mandated, ours = (lambda: _import(MANDATED)), (lambda: _import(OURS))
    _compare("cold start: importing the functions", ours, "importing the packages alone", mandated, rounds=COLD_STARTS)


def _compare(
    name: str, measured: Callable[[], Seconds], floor_name: str, floor: Callable[[], Seconds], *, rounds: int = ROUNDS
) -> None:
    """Both in turns, so that the machine's moods hit both."""
    measured(), floor()
    pairs = [(measured(), floor()) for _ in range(rounds)]
    ours, bare = (statistics.median(each) * 1000 for each in zip(*pairs, strict=True))
    print(f"{name}: {ours:.1f} ms; {floor_name}: {bare:.1f} ms; ratio {ours / bare:.2f} (medians of {rounds})")


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
