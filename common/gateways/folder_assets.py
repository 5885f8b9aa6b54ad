"""Assets in a folder, handed out by short-lived signed URLs, as Cloud Storage hands out its own.

The server of those URLs is local/emulators/assets.py. A path is created once and never overwritten: a worker that lost
its claim may still be writing.
"""

import contextlib
import hashlib
import hmac
import os
import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path

# Shown by the browser; all else is offered as a download, above all HTML and SVG, which would run.
SHOWN = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif", "application/pdf", "text/plain"})
CACHE_CONTROL = "private, max-age=300, immutable"

_NAME = "[A-Za-z0-9][A-Za-z0-9._-]*"  # begins without a dot, so neither `..` nor the files that hold content types
_PATH = re.compile(f"{_NAME}(/{_NAME})*")


class BadPath(ValueError):
    """Not a relative path of plain names."""


def checked(path: str) -> str:
    """The path, if it is one. Raises BadPath."""
    if not _PATH.fullmatch(path):
        raise BadPath(f"Not a path of plain names: {path!r}")
    return path


def disposition(path: str, content_type: str) -> str:
    """The header Content-Disposition that an asset is served with, by whichever store."""
    shown = content_type.partition(";")[0].strip().lower() in SHOWN
    return f'{"inline" if shown else "attachment"}; filename="{path.rpartition("/")[2]}"'


class BadSignature(Exception):
    """The URL was not made by signed_url, or is out of date; the message is for whoever opened it."""


class FolderAssets:
    """Files below `folder`; `base_url` is where the server of that folder is."""

    def __init__(self, folder: Path, base_url: str, signing_key: bytes) -> None:
        self._folder = folder
        self._base_url = base_url.rstrip("/")
        self._signing_key = signing_key

    def save(self, path: str, content_type: str, content: bytes) -> None:
        """Create the file with all of its content, or leave what is there already. Raises BadPath."""
        file = self._file(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        _create(_type_file(file), content_type.encode())  # first, so that a file is never seen without its type
        _create(file, content)

    def signed_url(self, path: str, *, expires_at: datetime) -> str:
        """An address that anyone can open until then, to the second. Raises BadPath."""
        self._file(path)
        expires = str(int(expires_at.timestamp()))
        return f"{self._base_url}/{path}?expires={expires}&signature={self._signature(path, expires)}"

    def opened_by(self, path: str, *, expires: str, signature: str, now: datetime) -> tuple[Path, str]:
        """The file and content type that a signed URL stands for. Raises BadSignature, FileNotFoundError."""
        expected = self._signature(path, expires).encode()
        if not hmac.compare_digest(expected, signature.encode()) or not expires.isdecimal():
            raise BadSignature("This address is not signed by the service.")
        if now >= datetime.fromtimestamp(int(expires), UTC):
            raise BadSignature("This address has expired. Ask the service for a new one.")
        file = self._file(path)
        return file, _type_file(file).read_text()

    def _file(self, path: str) -> Path:
        return self._folder / checked(path)

    def _signature(self, path: str, expires: str) -> str:
        return hmac.new(self._signing_key, f"{path}\n{expires}".encode(), hashlib.sha256).hexdigest()


def _type_file(file: Path) -> Path:
    return file.with_name(f".{file.name}.type")


def _create(file: Path, content: bytes) -> None:
    """All of it or nothing, and nothing if it exists: a link, unlike a rename, never replaces."""
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=".new-") as partial:
        partial.write(content)
        partial.flush()
        with contextlib.suppress(FileExistsError):
            os.link(partial.name, file)
