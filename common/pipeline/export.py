"""The internal type `export`: one archive of all requests that its owner submitted before it, and of their files.

The archive is written to the store while it is made, so its size does not matter for the memory. It cannot be continued
by another attempt, so the time budget limits it.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import IO, Protocol, cast
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from common.pipeline.attempt import Attempt
from common.pipeline.owned import OwnedDocuments, owned_before
from common.pipeline.record import Record
from common.work import JsonObject, PermanentFailure, WorkInput

NAME, CONTENT_TYPE = "export.zip", "application/zip"
TIME_TO_FINISH = timedelta(seconds=30)
README = """\
This archive contains the requests of {owner}, as of {now}.

requests.json       {requests} requests and notifications, in the field names of the API
files/ID/NAME       {files} files of these requests

Requests that were erased, or whose retention has ended, are not in it.
{missing}"""
MISSING = """
These files no longer exist:
{names}
"""


class Writer(Protocol):
    def write(self, content: bytes, /) -> int: ...


class Files(Protocol):
    def create(self, path: str, content_type: str) -> AbstractContextManager[Writer]:
        """Opens a new file. It exists after the context only if nothing was raised. Raises Unavailable."""

    def read(self, path: str) -> Iterator[bytes]:
        """Yields the content. Raises BadPath, FileNotFoundError, Unavailable."""


@dataclass
class _Sink:
    """What ZipFile writes to: without `tell` and `seek`, so that it never goes back."""

    file: Writer
    written: int = 0

    def write(self, content: bytes) -> int:
        self.file.write(content)
        self.written += len(content)
        return len(content)

    def flush(self) -> None:
        """The store has no flush."""


@dataclass
class _Contents:
    requests: int = 0
    files: int = 0
    missing: list[str] = field(default_factory=list)


class Export:
    """Runs in `process`."""

    def __init__(
        self,
        *,
        documents: OwnedDocuments,
        files: Files,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._documents = documents
        self._files = files
        self._clock = clock

    def run(self, _given: WorkInput, attempt: Attempt) -> JsonObject:
        """Returns the reference of the archive. Raises PermanentFailure if the time budget is too short for it."""
        now, contents = self._clock(), _Contents()
        asset = attempt.new_asset(NAME, CONTENT_TYPE)
        with self._files.create(asset.path, CONTENT_TYPE) as file:
            size = self._write(_Sink(file), attempt, contents, now)
        return {
            "assets": [asset.model_copy(update={"bytes": size}).model_dump()],
            "exported": {
                "requests": contents.requests,
                "files": contents.files,
                "missing_files": len(contents.missing),
            },
        }

    def _write(self, sink: _Sink, attempt: Attempt, contents: _Contents, now: datetime) -> int:
        """Writes the archive. Returns its size in bytes."""
        with ZipFile(cast("IO[bytes]", sink), "w") as archive:
            with archive.open(_entry("requests.json", now, ZIP_DEFLATED), "w", force_zip64=True) as entry:
                for part in self._requests(attempt, contents):
                    entry.write(part)
            for record in self._records(attempt):
                for path in _paths(record):
                    attempt.progress(50, f"{contents.files} files")
                    self._copy(archive, path, record, contents)
            archive.writestr(_entry("README.txt", now, ZIP_DEFLATED), _readme(attempt.record.owner, now, contents))
        return sink.written

    def _records(self, attempt: Attempt) -> Iterator[Record]:
        for page in owned_before(self._documents, attempt.record):
            for each in page:
                if attempt.time_left() < TIME_TO_FINISH:
                    raise PermanentFailure("There is more to export than fits into one archive.", code="too_much")
                yield each.record

    def _requests(self, attempt: Attempt, contents: _Contents) -> Iterator[bytes]:
        """Yields a JSON array, part after part."""
        separator = "[\n"
        for record in self._records(attempt):
            yield f"{separator}{json.dumps(record.public(), ensure_ascii=False)}".encode()
            separator, contents.requests = ",\n", contents.requests + 1
            attempt.progress(10, f"{contents.requests} requests")
        yield b"[]\n" if contents.requests == 0 else b"\n]\n"

    def _copy(self, archive: ZipFile, path: str, record: Record, contents: _Contents) -> None:
        name = f"files/{record.id}/{path.rpartition('/')[2]}"
        chunks = self._files.read(path)
        try:
            first = next(chunks, b"")
        except FileNotFoundError:
            contents.missing.append(name)
            return
        with archive.open(_entry(name, record.created_at, ZIP_STORED), "w", force_zip64=True) as entry:
            entry.write(first)
            for chunk in chunks:
                entry.write(chunk)
        contents.files += 1


def _paths(record: Record) -> Iterator[str]:
    """Yields the paths of the files that the result names. The archive of another export is not part of an export."""
    assets = (record.result or {}).get("assets")
    for asset in assets if isinstance(assets, list) and record.type != "export" else []:
        path = asset.get("path") if isinstance(asset, dict) else None
        if isinstance(path, str) and path.startswith(f"{record.id}/"):
            yield path


def _entry(name: str, moment: datetime, compression: int) -> ZipInfo:
    entry = ZipInfo(name, date_time=moment.astimezone(UTC).timetuple()[:6])
    entry.compress_type = compression
    return entry


def _readme(owner: str, now: datetime, contents: _Contents) -> str:
    missing = MISSING.format(names="\n".join(contents.missing)) if contents.missing else ""
    return README.format(
        owner=owner, now=now.isoformat(), requests=contents.requests, files=contents.files, missing=missing
    )
