"""Exporting everything of a caller: the archive, its bounds, and what it does not contain."""

import io
import json
import tracemalloc
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from common.gateways.folder_assets import FolderAssets
from common.pipeline.export import Export
from common.pipeline.record import Record, Status
from common.work import AttemptAborted, PermanentFailure, WorkInput
from tests.fakes import FakeAssets
from tests.unit.attempt_harness import start_attempt
from tests.unit.builders import MINUTE, NOW, SECOND, Clock, ended, processing, queued
from tests.unit.scripted_gateways import ScriptedDocuments

MIB = 1024 * 1024


class Harness:
    """An export `zz` of Ann's over fakes with these records."""

    def __init__(self, *records: Record, files: Any = None) -> None:
        self.request = processing(id="zz", type="export")
        self.documents, self.files, self.clock = (
            ScriptedDocuments(self.request, *records),
            files or FakeAssets(),
            Clock(),
        )

    def run(self, *, time_budget: timedelta = timedelta(minutes=20)) -> Any:
        attempt = start_attempt(self.documents, self.files, self.clock, time_budget=time_budget, record_id="zz")
        return Export(documents=self.documents, files=self.files, clock=self.clock).run(WorkInput(), attempt)

    def archive(self) -> ZipFile:
        [asset] = self.run()["assets"]
        content = b"".join(self.files.read(asset["path"]))
        assert len(content) == asset["bytes"]
        assert asset["path"] == "zz/mine/export.zip"
        return ZipFile(io.BytesIO(content))


def own(record_id: str, *names: str, **fields: Any) -> Record:
    assets = [{"name": name, "path": f"{record_id}/c1/{name}"} for name in names]
    usual = {"created_at": NOW - MINUTE, "result": {"assets": assets}}
    return ended(Status.COMPLETED, id=record_id, **{**usual, **fields})


def with_files(harness: Harness, paths: Iterable[str]) -> Harness:
    for path in paths:
        harness.files.save(path, "image/png", path.encode())
    return harness


def test_the_archive_has_every_request_as_the_api_shows_it_and_every_file() -> None:
    records = [own("a", "post.png", "copy.txt"), queued(id="b", created_at=NOW - MINUTE, input={"text": "Grüße"})]
    harness = with_files(Harness(*records), ["a/c1/post.png", "a/c1/copy.txt", "a/c2/post.png"])

    archive = harness.archive()

    assert archive.testzip() is None
    assert archive.namelist() == ["requests.json", "files/a/post.png", "files/a/copy.txt", "README.txt"]
    assert json.loads(archive.read("requests.json")) == [record.public() for record in records]
    assert archive.read("files/a/post.png") == b"a/c1/post.png"
    assert "2 requests and notifications" in archive.read("README.txt").decode()


def test_the_result_has_the_numbers_of_what_is_in_the_archive() -> None:
    harness = with_files(Harness(own("a", "post.png", "gone.png")), ["a/c1/post.png"])

    assert harness.run()["exported"] == {"requests": 1, "files": 1, "missing_files": 1}


def test_the_readme_names_the_files_that_no_longer_exist() -> None:
    archive = with_files(Harness(own("a", "post.png", "gone.png")), ["a/c1/post.png"]).archive()

    assert "files/a/gone.png" in archive.read("README.txt").decode()
    assert archive.namelist() == ["requests.json", "files/a/post.png", "README.txt"]


def test_an_archive_of_nothing_is_valid() -> None:
    archive = Harness().archive()

    assert json.loads(archive.read("requests.json")) == []
    assert archive.namelist() == ["requests.json", "README.txt"]


@pytest.mark.parametrize(
    "other",
    [
        own("a", "post.png", owner="bob"),
        own("a", "post.png", tenant="t:other"),
        own("a", "post.png", created_at=NOW + SECOND),
    ],
    ids=["of another member", "of another tenant", "later"],
)
def test_what_the_caller_did_not_submit_before_is_not_in_the_archive(other: Record) -> None:
    archive = with_files(Harness(other), ["a/c1/post.png"]).archive()

    assert json.loads(archive.read("requests.json")) == []
    assert archive.namelist() == ["requests.json", "README.txt"]


def test_the_archive_of_another_export_is_not_repeated() -> None:
    archive = with_files(Harness(own("a", "export.zip", type="export")), ["a/c1/export.zip"]).archive()

    assert archive.namelist() == ["requests.json", "README.txt"]


def test_a_path_outside_of_the_request_is_not_read() -> None:
    foreign = own("a", result={"assets": [{"name": "post.png", "path": "b/c1/post.png"}, "text", {"path": 1}]})
    archive = with_files(Harness(foreign), ["b/c1/post.png"]).archive()

    assert archive.namelist() == ["requests.json", "README.txt"]


def test_an_export_that_needs_more_than_the_time_budget_fails_and_leaves_no_file() -> None:
    harness = with_files(Harness(own("a", "post.png")), ["a/c1/post.png"])

    with pytest.raises(PermanentFailure) as failure:
        harness.run(time_budget=SECOND)

    assert failure.value.code == "too_much"
    assert set(harness.files.files) == {"a/c1/post.png"}


def test_an_export_that_lost_its_request_stops_and_leaves_no_file() -> None:
    harness = with_files(Harness(own("a", "post.png")), ["a/c1/post.png"])
    attempt = Harness.run
    harness.documents.next_commits = [lambda: harness.documents.inner.stored.pop("zz")]

    with pytest.raises(AttemptAborted):
        attempt(harness)

    assert set(harness.files.files) == {"a/c1/post.png"}


def test_the_memory_does_not_grow_with_what_is_exported(tmp_path: Path) -> None:
    files = FolderAssets(tmp_path, "http://assets.example", b"key")
    records = [own(f"r{number:03d}", "post.png") for number in range(60)]
    for record in records:
        files.save(f"{record.id}/c1/post.png", "image/png", bytes(MIB))
    harness = Harness(*records, files=files)

    tracemalloc.start()
    harness.run()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 8 * MIB
