"""Two releases read each other's documents and tasks, because a roll-out replaces revisions while requests run.

previous_release.json is a document and a task of the first release. Never change it: a later release gives a default to
each field that it adds.
"""

import json
import uuid
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from google.cloud.firestore import Client

from build.package import build_archive
from common.gateways.firestore import COLLECTION
from common.pipeline.record import SCHEMA, Status
from functions.http.process import NOTHING_READ
from local.cloud_tasks import Attempt
from local.emulators.firestore import PROJECT
from local.stack.stack import Stack
from local.token import unsigned_token
from tests.integration.pipeline import LOCATION, Pipeline
from tests.processes import wait_until

PREVIOUS = json.loads(Path(__file__).with_name("previous_release.json").read_text())
UNKNOWN_FIELDS = {"mood": "cheerful", "plan": {"steps": [1, 2]}}


def document(client: Client, request_id: str) -> dict[str, Any]:
    return client.collection(COLLECTION).document(request_id).get().to_dict() or {}


def store_previous(client: Client, **changes: Any) -> tuple[str, str]:
    """Stores a document of the first release, with changes. Returns its id and update time."""
    stored = {**PREVIOUS["document"], "created_at": datetime(2026, 11, 1, 9, tzinfo=UTC), **changes}
    request_id = uuid.uuid4().hex
    written = client.collection(COLLECTION).document(request_id).create(stored)
    update_time: Any = written.update_time  # its annotation lacks the nanoseconds
    return request_id, update_time.rfc3339()


def deliver(pipeline: Pipeline, request_id: str, body: Any) -> int:
    """Sends the first delivery of a task that was enqueued before the upgrade. Returns the HTTP status."""
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


def test_a_task_of_the_previous_release_is_processed(pipeline: Pipeline, client: Client) -> None:
    request_id, update_time = store_previous(client)
    body = {"u": update_time, "record": {**PREVIOUS["task"]["record"], "id": request_id}}

    assert deliver(pipeline, request_id, body) == 200
    assert pipeline.record(request_id).status is Status.COMPLETED


def test_a_document_of_the_previous_release_is_processed_by_its_id(pipeline: Pipeline, client: Client) -> None:
    request_id, _ = store_previous(client)

    assert deliver(pipeline, request_id, {"id": request_id, "generation": 0}) == 200
    assert pipeline.record(request_id).status is Status.COMPLETED


def test_writes_keep_the_fields_that_a_newer_release_added(pipeline: Pipeline, client: Client) -> None:
    request_id, update_time = store_previous(client, **UNKNOWN_FIELDS)
    record = {**PREVIOUS["task"]["record"], "id": request_id, **UNKNOWN_FIELDS}

    assert deliver(pipeline, request_id, {"u": update_time, "record": record, "urgency": "high"}) == 200

    after = document(client, request_id)
    assert after["status"] == "completed"
    assert {name: after[name] for name in UNKNOWN_FIELDS} == UNKNOWN_FIELDS


def test_worker_and_sweeper_do_not_change_a_document_of_a_newer_schema(pipeline: Pipeline, client: Client) -> None:
    request_id, update_time = store_previous(client, schema=SCHEMA + 1)
    record = {**PREVIOUS["task"]["record"], "id": request_id, "schema": SCHEMA + 1}
    before = document(client, request_id)

    status = deliver(pipeline, request_id, {"u": update_time, "record": record})
    pipeline.sweep()

    assert status == NOTHING_READ
    assert document(client, request_id) == before


LAST_FIELD = "    trace: str | None = None\n"  # of Record


class Releases:
    """This release and the next, whose records have one more field. `current` is a link to one of them."""

    def __init__(self, folder: Path) -> None:
        self.current = folder / "current"
        build_archive(folder / "functions.zip")
        for name in ("this", "next"):
            with zipfile.ZipFile(folder / "functions.zip") as archive:
                archive.extractall(folder / name)
        record = folder / "next" / "common" / "pipeline" / "record.py"
        code = record.read_text()
        assert code.count(LAST_FIELD) == 1
        record.write_text(code.replace(LAST_FIELD, f'{LAST_FIELD}    release: str = "next"\n'))
        self.make_current("this")

    def make_current(self, name: str) -> None:
        self.current.unlink(missing_ok=True)
        self.current.symlink_to(name)


def test_requests_complete_across_a_roll_out_and_its_roll_back(firestore_emulator: str, tmp_path: Path) -> None:
    releases, database = Releases(tmp_path), f"t{uuid.uuid4().hex}"
    environment = {
        "FIRESTORE_DATABASE": database,
        "PYTHONSAFEPATH": "1",  # imports the release, not the repository
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
            releases.make_current(release)
            stack.kill(part)
            stack.restart(part)

        with ThreadPoolExecutor(8) as threads:
            submitted = list(threads.map(submit, range(8)))  # this release only
            replace("process", "next")
            submitted += threads.map(submit, range(8))  # tasks of this release, worker of the next
            replace("api", "next")
            submitted += threads.map(submit, range(8))
            replace("process", "this")  # rolled back while requests of the next release run
        wait_until(lambda: all(api.get(f"/requests/{each}").json()["status"] == "completed" for each in submitted))

        client = Client(project=PROJECT, database=database)
        releases_of = [document(client, each).get("release") for each in submitted]
        assert releases_of == [None] * 16 + ["next"] * 8
