"""Downloads a file and keeps it only if its checksum is right."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import httpx
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn


@dataclass(frozen=True, kw_only=True)
class PinnedFile:
    """A published file with its size and checksum."""

    url: str
    bytes: int
    sha256: str


class DownloadFailed(Exception):
    """The file could not be downloaded or has another checksum; nothing was kept."""


def download(pinned: PinnedFile, target: Path) -> None:
    """Writes the file to `target`, atomically. Raises DownloadFailed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    partial = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            sha256 = _receive(pinned, file)
        if sha256 != pinned.sha256:
            raise DownloadFailed(f"{pinned.url} has the SHA-256 {sha256} and should have {pinned.sha256}.")
        partial.chmod(0o644)
        partial.replace(target)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise DownloadFailed(f"{pinned.url} could not be downloaded: {type(error).__name__} {error}") from error
    finally:
        partial.unlink(missing_ok=True)


def _receive(pinned: PinnedFile, file: BinaryIO) -> str:
    """Writes the content to `file` and shows a progress bar. Returns its SHA-256."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    digest = hashlib.sha256()
    with (
        httpx.stream("GET", pinned.url, follow_redirects=True, timeout=30) as answer,
        Progress(*columns, transient=True) as progress,
    ):
        if answer.is_error:
            raise DownloadFailed(f"{pinned.url} could not be downloaded: HTTP status {answer.status_code}.")
        task = progress.add_task(Path(pinned.url).name, total=pinned.bytes)
        for chunk in answer.iter_bytes():
            digest.update(chunk)
            file.write(chunk)
            progress.update(task, advance=len(chunk))
    return digest.hexdigest()
