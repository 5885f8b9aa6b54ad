"""Two releases meet each other's documents and tasks, since revisions take over while requests run.

previous_release.json holds what the first release stored and enqueued. It is never changed; what a later release adds
must have a default.
"""

import json
import uuid
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.cloud.firestore import Client

from build.package import build_archive
from common.gateways.firestore import COLLECTION
from common.pipeline.record import SCHEMA, Status
from local.cloud_tasks import Attempt, VirtualClock
from local.emulators.firestore import PROJECT
from local.stack.stack import Stack
from local.token import unsigned_token
from tests.integration.pipeline import LOCATION, Pipeline
from tests.integration.proxy import Proxy
from tests.processes import wait_until

PREVIOUS = json.loads(Path(__file__).with_name("previous_release.json").read_text())
FROM_A_NEWER_RELEASE = {"mood": "cheerful", "plan": {"steps": [1, 2]}}


@pytest.fixture
def client(firestore_emulator: str) -> Client:
    return Client(project=PROJECT, database=f"t{uuid.uuid4().hex}")


@pytest.fixture
def pipeline(firestore_emulator: str, client: Client) -> Iterator[Pipeline]:
    with (
        Proxy(firestore_emulator) as firestore,
        Pipeline(firestore=firestore, clock=VirtualClock()).running(client) as running,
    ):
        yield running


def stored(client: Client, request_id: str) -> dict[str, Any]:
    return client.collection(COLLECTION).document(request_id).get().to_dict() or {}


def store(client: Client, **more: Any) -> tuple[str, str]:
    """A document as the first release left it. Returns its id and update time."""
    document = {**PREVIOUS["document"], "created_at": datetime(2026, 11, 1, 9, tzinfo=UTC), **more}
    request_id = uuid.uuid4().hex
    written = client.collection(COLLECTION).document(request_id).create(document)
    update_time: Any = written.update_time  # the client's annotation says less than it returns
    return request_id, update_time.rfc3339()


def deliver(pipeline: Pipeline, request_id: str, body: Any) -> int:
    """A first delivery of a task that lies in the queue since before the upgrade."""
    name = f"{request_id}-g0"
    headers = {
        "X-CloudTasks-QueueName": "work",
        "X-CloudTasks-TaskName": name,
        "X-CloudTasks-TaskRetryCount": "0",
        "Content-Type": "application/json",
    }
    task = f"projects/{PROJECT}/locations/{LOCATION}/queues/work/tasks/{name}"
    return pipeline.deliver_raw(
        Attempt(
            task=task,
            number=1,
            dispatched=pipeline.clock.now(),
            deadline=timedelta(seconds=90),
            url="",
            method="POST",
            headers=headers,
            body=json.dumps(body).encode(),
        )
    )


def test_a_task_of_the_previous_release_is_processed_as_it_is(pipeline: Pipeline, client: Client) -> None:
    request_id, update_time = store(client)
    body = {"u": update_time, "record": {**PREVIOUS["task"]["record"], "id": request_id}}

    assert deliver(pipeline, request_id, body) == 200
    assert pipeline.record(request_id).status is Status.COMPLETED


def test_a_document_of_the_previous_release_is_processed_from_its_name_alone(
    pipeline: Pipeline, client: Client
) -> None:
    request_id, _ = store(client)

    assert deliver(pipeline, request_id, {"id": request_id, "generation": 0}) == 200
    assert pipeline.record(request_id).status is Status.COMPLETED


def test_what_a_newer_release_has_added_is_kept_by_all_that_this_one_writes(pipeline: Pipeline, client: Client) -> None:
    request_id, update_time = store(client, **FROM_A_NEWER_RELEASE)
    record = {**PREVIOUS["task"]["record"], "id": request_id, **FROM_A_NEWER_RELEASE}

    assert deliver(pipeline, request_id, {"u": update_time, "record": record, "urgency": "high"}) == 200

    left = stored(client, request_id)
    assert left["status"] == "completed"
    assert {name: left[name] for name in FROM_A_NEWER_RELEASE} == FROM_A_NEWER_RELEASE


def test_a_document_of_a_newer_schema_is_left_to_its_release_by_worker_and_sweeper(
    pipeline: Pipeline, client: Client
) -> None:
    request_id, update_time = store(client, schema=SCHEMA + 1)
    record = {**PREVIOUS["task"]["record"], "id": request_id, "schema": SCHEMA + 1}
    before = stored(client, request_id)

    status = deliver(pipeline, request_id, {"u": update_time, "record": record})
    pipeline.sweep()

    assert status == 503
    assert stored(client, request_id) == before


RECORD = "    trace: str | None = None\n"


class Releases:
    """This release and the next, of which one is the current. The next one's records have a field more."""

    def __init__(self, folder: Path) -> None:
        self.current = folder / "current"
        build_archive(folder / "functions.zip")
        for name in ("this", "next"):
            with zipfile.ZipFile(folder / "functions.zip") as archive:
                archive.extractall(folder / name)
        record = folder / "next" / "common" / "pipeline" / "record.py"
        code = record.read_text()
        assert code.count(RECORD) == 1
        record.write_text(code.replace(RECORD, f'{RECORD}    release: str = "next"\n'))
        self.put("this")

    def put(self, name: str) -> None:
        self.current.unlink(missing_ok=True)
        self.current.symlink_to(name)


def test_requests_run_across_a_roll_out_and_its_roll_back(firestore_emulator: str, tmp_path: Path) -> None:
    releases, database = Releases(tmp_path), f"t{uuid.uuid4().hex}"
    environment = {
        "FIRESTORE_DATABASE": database,
        "PYTHONSAFEPATH": "1",  # or the repository would be imported, not the release
        "PYTHONPATH": str(releases.current),
    }
    with (
        Stack(
            ports="free", folder=tmp_path / "stack", source=releases.current / "main.py", environment=environment
        ) as stack,
        httpx.Client(
            base_url=stack.addresses.api,
            headers={"Authorization": f"Bearer {unsigned_token('ann')}"},
            timeout=60,
            transport=httpx.HTTPTransport(retries=5),
        ) as api,
    ):

        def submit(_: int) -> str:
            work = {"type": "diagnostic", "input": {"sleep_seconds": 1, "steps": 4}}
            return str(api.post("/requests", json=work).raise_for_status().json()["id"])

        def replace(part: str, release: str) -> None:
            releases.put(release)
            stack.kill(part)
            stack.restart(part)

        with ThreadPoolExecutor(8) as threads:
            asked = list(threads.map(submit, range(8)))  # this release throughout
            replace("process", "next")
            asked += threads.map(submit, range(8))  # its tasks meet the next one's worker
            replace("api", "next")
            asked += threads.map(submit, range(8))
            replace("process", "this")  # rolled back, with the next one's requests under way
        wait_until(lambda: all(api.get(f"/requests/{each}").json()["status"] == "completed" for each in asked))

        documents = Client(project=PROJECT, database=database)
        releases_of = [stored(documents, each).get("release") for each in asked]
        assert releases_of == [None] * 16 + ["next"] * 8
