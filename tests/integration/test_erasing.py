"""Erasing on the real emulators: nothing that a caller sent is left, whichever process dies on the way."""

import io
import json
import logging
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from zipfile import ZipFile

import pytest
from google.cloud.firestore import Client
from google.cloud.tasks_v2 import ListTasksRequest, Task

from common import log
from common.caller import Caller
from common.errors import Erased, WrongState
from common.pipeline.lifecycle import Delivery, Verdict
from common.pipeline.record import Record, Status
from common.pipeline.submission import Submission
from common.pipeline.task_payload import TaskPayload
from common.work import JsonObject, PermanentFailure, Snooze, Work
from local.emulators.firestore import PROJECT
from tests.integration.pipeline import LOCATION, Pipeline, ProcessDied

MINUTE = timedelta(minutes=1)
SECOND_PASS = 10 * MINUTE  # the longest lease of the pipeline's types is four minutes
MARKER = "marker"


@pytest.fixture
def pipeline(pipeline: Pipeline) -> Pipeline:
    pipeline.caller = Caller(uid=f"{MARKER}-uid", tenant=f"t:{MARKER}-tenant")
    return pipeline


class Remains:
    """Everything that is stored: documents of all collections, task bodies, files and log lines."""

    def __init__(self, pipeline: Pipeline, client: Client, logged: io.StringIO) -> None:
        self._pipeline, self._client, self._logged = pipeline, client, logged

    def marked(self) -> list[str]:
        """Returns the places in which a marker is left."""
        places = {**self._documents(), **self._tasks(), **self._files(), "log": self.logged}
        return sorted(place for place, content in places.items() if MARKER in content)

    @property
    def logged(self) -> str:
        return self._logged.getvalue()

    def _documents(self) -> dict[str, str]:
        snapshots = [each for collection in self._client.collections() for each in collection.stream()]
        return {f"document {each.id}": repr(each.to_dict()) for each in snapshots}

    def _tasks(self) -> dict[str, str]:
        cloud = self._pipeline.tasks.client()
        location = f"projects/{PROJECT}/locations/{LOCATION}"
        tasks = [
            task
            for queue in cloud.list_queues(parent=location)
            for task in cloud.list_tasks(ListTasksRequest(parent=queue.name, response_view=Task.View.FULL))
        ]
        return {f"task {task.name}": task.http_request.body.decode() + str(task.http_request.headers) for task in tasks}

    def _files(self) -> dict[str, str]:
        return {
            f"file {path}": content.decode(errors="replace")
            for path, (_, content) in self._pipeline.assets.files.items()
        }


@pytest.fixture
def remains(pipeline: Pipeline, client: Client) -> Iterator[Remains]:
    logged = io.StringIO()
    handler = logging.StreamHandler(logged)
    handler.setFormatter(log.JsonLines(PROJECT))
    logger = logging.getLogger(log.LOGGER_NAME)
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    yield Remains(pipeline, client, logged)
    logger.removeHandler(handler)


NOTIFY: tuple[JsonObject, ...] = ({"type": "email", "to": f"{MARKER}-address"},)


def submit(pipeline: Pipeline, **fields: Any) -> Record:
    """Submits a request with a marker in every field that a caller can send."""
    return pipeline.submit(key=f"{MARKER}-key-{uuid.uuid4().hex}", work_input={"text": f"{MARKER}-input"}, **fields)


def save_and(end: Callable[[], JsonObject]) -> Callable[[JsonObject, Work], JsonObject]:
    """Returns work that reports and saves markers, and ends that way."""

    def work(_input: JsonObject, work: Work) -> JsonObject:
        work.progress(50, f"{MARKER}-progress")
        work.step("draft", lambda: f"{MARKER}-step")
        asset = work.save("post.txt", "text/plain", f"{MARKER}-file".encode())
        return {"assets": [asset.model_dump()], "text": f"{MARKER}-result", **end()}

    return work


def fail(outcome: Exception) -> Callable[[], JsonObject]:
    def end() -> JsonObject:
        raise outcome

    return end


def completed(pipeline: Pipeline) -> Record:
    pipeline.work = save_and(dict)
    return run(pipeline, submit(pipeline, notify=NOTIFY))


def failed(pipeline: Pipeline) -> Record:
    pipeline.work = save_and(fail(PermanentFailure(f"{MARKER}-error")))
    return run(pipeline, submit(pipeline, notify=NOTIFY))


def failed_after_a_redrive(pipeline: Pipeline) -> Record:
    record = failed(pipeline)
    pipeline.requests.redrive(pipeline.caller, record.id)
    return run(pipeline, record)


def cancelled_while_snoozed(pipeline: Pipeline) -> Record:
    pipeline.work = save_and(fail(Snooze(timedelta(days=1))))
    record = submit(pipeline, notify=NOTIFY)
    pipeline.tasks.advance()
    pipeline.requests.cancel(pipeline.caller, record.id)
    return pipeline.record(record)


def cancelled_before_its_start(pipeline: Pipeline) -> Record:
    record = submit(pipeline, run_at=pipeline.clock.now() + timedelta(days=2))
    pipeline.requests.cancel(pipeline.caller, record.id)
    return pipeline.record(record)


def completed_with_a_running_notification(pipeline: Pipeline) -> Record:
    record = completed(pipeline)
    [child] = pipeline.children(record)
    assert child.status is Status.COMPLETED
    pipeline.work = save_and(fail(Snooze(timedelta(days=1))))
    record = submit(pipeline, notify=NOTIFY)
    pipeline.work = lambda given, work: save_and(dict if "text" in given else fail(Snooze(timedelta(days=1))))(
        given, work
    )
    return run(pipeline, record)


def run(pipeline: Pipeline, record: Record) -> Record:
    pipeline.pass_time(2 * MINUTE)
    return pipeline.record(record)


STATES: list[Callable[[Pipeline], Record]] = [
    completed,
    failed,
    failed_after_a_redrive,
    cancelled_while_snoozed,
    cancelled_before_its_start,
    completed_with_a_running_notification,
]


@pytest.mark.parametrize("reach", STATES)
def test_nothing_that_a_caller_sent_is_left_of_an_erased_request(
    pipeline: Pipeline, remains: Remains, reach: Callable[[Pipeline], Record]
) -> None:
    record = reach(pipeline)
    others = {each.id for each in pipeline.requests.page(pipeline.caller, status=None, limit=50, after=None).records}
    assert remains.marked()

    for each in others:
        pipeline.requests.erase(pipeline.caller, each)
    pipeline.pass_time(SECOND_PASS)

    assert pipeline.record(record).status is record.status
    assert remains.marked() == []
    assert pipeline.tasks.pending() == []
    assert "delivery.finished" in remains.logged


def test_a_late_upload_of_a_cancelled_worker_is_removed_by_the_second_pass(
    pipeline: Pipeline, remains: Remains
) -> None:
    path = ""

    def cancelled_and_erased_while_working(_input: JsonObject, work: Work) -> JsonObject:
        nonlocal path
        path = work.save("early.txt", "text/plain", f"{MARKER}".encode()).path
        pipeline.requests.cancel(pipeline.caller, record.id)
        pipeline.requests.erase(pipeline.caller, record.id)
        return {"text": f"{MARKER}-result"}

    pipeline.work = cancelled_and_erased_while_working
    record = submit(pipeline)
    pipeline.tasks.advance()
    assert pipeline.record(record).erased is not None
    late = path.replace("early", "late")
    pipeline.assets.save(late, "text/plain", f"{MARKER}".encode())
    assert remains.marked() == [f"file {late}"]

    pipeline.pass_time(SECOND_PASS)

    assert remains.marked() == []


@pytest.mark.parametrize("call", ["enqueue", "commit", "delete tasks"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_whatever_dies_after_the_tombstone_the_traces_are_removed(
    pipeline: Pipeline, remains: Remains, when: str, call: str
) -> None:
    record = completed(pipeline)
    if call == "commit":  # of the claim of the purge: the tombstone itself is the first one
        getattr(pipeline.deaths, when)(call, 2)
    else:
        getattr(pipeline.deaths, when)(call)

    try:
        pipeline.requests.erase(pipeline.caller, record.id)
    except ProcessDied:
        assert pipeline.record(record).erased is not None
    pipeline.pass_time(5 * SECOND_PASS)

    assert pipeline.deaths.remaining == {}
    assert remains.marked() == []


def test_a_death_before_the_tombstone_erases_nothing_and_the_caller_repeats(
    pipeline: Pipeline, remains: Remains
) -> None:
    record = completed(pipeline)
    pipeline.deaths.before("commit")

    with pytest.raises(ProcessDied):
        pipeline.requests.erase(pipeline.caller, record.id)
    assert pipeline.record(record) == record
    pipeline.requests.erase(pipeline.caller, record.id)
    pipeline.pass_time(SECOND_PASS)

    assert remains.marked() == []


def test_a_delivery_that_comes_late_finds_the_tombstone(pipeline: Pipeline) -> None:
    record = completed(pipeline)
    pipeline.requests.erase(pipeline.caller, record.id)
    erased = pipeline.record(record)

    status = pipeline.deliver_raw(pipeline.attempts[0])

    assert status == 200
    assert pipeline.record(record) == erased


def test_an_open_request_must_be_cancelled_first(pipeline: Pipeline) -> None:
    record = submit(pipeline)

    with pytest.raises(WrongState):
        pipeline.requests.erase(pipeline.caller, record.id)
    pipeline.requests.cancel(pipeline.caller, record.id)
    pipeline.requests.erase(pipeline.caller, record.id)

    with pytest.raises(Erased):
        pipeline.requests.get(pipeline.caller, record.id)


def request_erasure(pipeline: Pipeline) -> Record:
    return pipeline.submissions.submit(pipeline.caller, [Submission("erasure", {})], key="e").records[0]


def all_states(pipeline: Pipeline) -> list[Record]:
    """Returns requests that have ended in every way, and open ones: queued, scheduled, snoozed and running."""
    ended = [reach(pipeline) for reach in STATES]
    pipeline.work = save_and(fail(Snooze(timedelta(days=1))))
    snoozed = submit(pipeline)
    pipeline.tasks.advance()
    scheduled = submit(pipeline, run_at=pipeline.clock.now() + timedelta(days=2))
    return [*ended, snoozed, scheduled]


def test_an_erasure_leaves_nothing_but_its_receipt(pipeline: Pipeline, remains: Remains) -> None:
    records = all_states(pipeline)
    queued = submit(pipeline)

    erasure = request_erasure(pipeline)
    pipeline.pass_time(SECOND_PASS)

    receipt = pipeline.record(erasure)
    result: Any = receipt.result
    assert receipt.status is Status.COMPLETED
    assert result["erased"]["requests"] >= len(records)
    assert {pipeline.record(each).erased is not None for each in (*records, queued)} == {True}
    pipeline.requests.erase(pipeline.caller, erasure.id)  # the receipt itself has the caller's uid and tenant
    pipeline.pass_time(SECOND_PASS)
    assert remains.marked() == []
    assert pipeline.tasks.pending() == []


def test_the_work_that_runs_during_an_erasure_is_stopped_and_its_late_file_removed(
    pipeline: Pipeline, remains: Remains
) -> None:
    late = ""

    def erased_while_working(_input: JsonObject, work: Work) -> JsonObject:
        nonlocal late
        late = work.save("early.txt", "text/plain", MARKER.encode()).path.replace("early", "late")
        erasure = request_erasure(pipeline)
        delivery = Delivery(task=f"queues/erasure/tasks/{erasure.id}-g0", generation=0, retry_count=0)
        assert pipeline.worker.deliver(TaskPayload(erasure.id, 0), delivery) is Verdict.COMPLETED
        return {"text": f"{MARKER}-result"}

    pipeline.work = erased_while_working
    record = submit(pipeline)
    pipeline.tasks.advance()
    assert pipeline.record(record).erased is not None
    pipeline.assets.save(late, "text/plain", MARKER.encode())

    pipeline.pass_time(SECOND_PASS)

    assert [each for each in remains.marked() if each.startswith("file")] == []


def test_in_a_tenant_a_member_erases_only_own_requests(pipeline: Pipeline) -> None:
    own = completed(pipeline)
    erasing, pipeline.caller = pipeline.caller, Caller(uid="bob", tenant=pipeline.caller.tenant)
    other = completed(pipeline)
    pipeline.caller = erasing

    request_erasure(pipeline)
    pipeline.pass_time(SECOND_PASS)

    assert pipeline.record(own).erased is not None
    assert pipeline.record(other) == other


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("nth", [1, 2, 3, 4, 5, 6, 7, 8])
def test_an_erasure_continues_whatever_commit_its_process_dies_at(
    pipeline: Pipeline, remains: Remains, when: str, nth: int
) -> None:
    records = [completed(pipeline), cancelled_before_its_start(pipeline)]
    erasure = request_erasure(pipeline)
    getattr(pipeline.deaths, when)("commit", nth)

    pipeline.pass_time(5 * SECOND_PASS)

    receipt = pipeline.record(erasure)
    assert receipt.status is Status.COMPLETED
    assert receipt.result is not None
    assert receipt.result["erased"] == {"requests": 2, "cancelled": 0, "notifications": 1, "files": 2}
    assert {pipeline.record(each).erased is not None for each in records} == {True}
    assert [each for each in remains.marked() if each != f"document {erasure.id}"] == []


def test_an_export_is_one_archive_of_all_requests_and_files_and_is_erased_like_them(
    pipeline: Pipeline, remains: Remains
) -> None:
    records = all_states(pipeline)
    export = pipeline.submissions.submit(pipeline.caller, [Submission("export", {})], key="x").records[0]
    pipeline.tasks.advance()
    result: Any = pipeline.record(export).result
    path = pipeline.requests.asset_path(pipeline.caller, export.id, "export.zip")
    archive = ZipFile(io.BytesIO(pipeline.assets.files[path][1]))

    exported = {each["id"]: each for each in json.loads(archive.read("requests.json"))}
    assert [asset["path"] for asset in result["assets"]] == [path]
    assert {each.id: pipeline.record(each).public() for each in records}.items() <= exported.items()
    assert archive.read(f"files/{records[0].id}/post.txt") == f"{MARKER}-file".encode()
    erasure = request_erasure(pipeline)
    pipeline.pass_time(SECOND_PASS)
    assert [each for each in remains.marked() if each != f"document {erasure.id}"] == []
    assert pipeline.assets.files == {}
