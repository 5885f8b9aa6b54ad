"""Assets in a local folder, with short-lived signed URLs like those of Cloud Storage.

The local stack's asset server answers these URLs. A path is created once and never overwritten, because a worker that
has lost its claim may still write.
"""

import contextlib
import hashlib
import hmac
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from common.errors import Unavailable

# Shown in the browser. Every other type is a download: HTML and SVG would run scripts.
SHOWN = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif", "application/pdf", "text/plain"})
CACHE_CONTROL = "private, max-age=300, immutable"
CHUNK_BYTES = 1024 * 1024

_NAME = "[A-Za-z0-9][A-Za-z0-9._-]*"  # no leading dot: excludes `..` and the files with content types
_PATH = re.compile(f"{_NAME}(/{_NAME})*")


class BadPath(ValueError):
    """Not a relative path of plain names."""


def checked(path: str) -> str:
    """Returns the path if it is valid. Raises BadPath."""
    if not _PATH.fullmatch(path):
        raise BadPath(f"Not a path of plain names: {path!r}")
    return path


def disposition(path: str, content_type: str) -> str:
    """Returns the Content-Disposition header of an asset, for every store."""
    shown = content_type.partition(";")[0].strip().lower() in SHOWN
    return f'{"inline" if shown else "attachment"}; filename="{path.rpartition("/")[2]}"'


class BadSignature(Exception):
    """The URL was not created by `signed_url`, or has expired. The message is for the user."""


class FolderAssets:
    """Files below `folder`, served at `base_url`."""

    def __init__(self, folder: Path, base_url: str, signing_key: bytes) -> None:
        self._folder = folder
        self._base_url = base_url.rstrip("/")
        self._signing_key = signing_key

    def save(self, path: str, content_type: str, content: bytes) -> None:
        """Creates the file with its whole content, unless it exists. Raises BadPath."""
        file = self._file(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        _create(_type_file(file), content_type.encode())  # first, so that a file is never seen without its type
        _create(file, content)

    @contextlib.contextmanager
    def create(self, path: str, content_type: str) -> Iterator[IO[bytes]]:
        """Opens a new file. It exists after the context only if nothing was raised. Raises BadPath."""
        file = self._file(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        with _new_file(file) as partial:
            yield partial
            _create(_type_file(file), content_type.encode())

    def read(self, path: str) -> Iterator[bytes]:
        """Yields the content in chunks. Raises BadPath, FileNotFoundError."""
        with self._file(path).open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

    def count_under(self, prefix: str) -> int:
        """Returns the number of files below the folder `prefix`. Raises BadPath."""
        return sum(file.is_file() and not file.name.startswith(".") for file in self._file(prefix).rglob("*"))

    def delete_under(self, prefix: str) -> None:
        """Deletes the files below the folder `prefix`, if there are any. Raises BadPath, Unavailable."""
        folder = self._file(prefix)
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            raise Unavailable("Files were created while the folder was deleted")

    def signed_url(self, path: str, *, expires_at: datetime) -> str:
        """Returns a URL that is valid without a token until `expires_at`, to the second. Raises BadPath."""
        self._file(path)
        expires = str(int(expires_at.timestamp()))
        return f"{self._base_url}/{path}?expires={expires}&signature={self._signature(path, expires)}"

    def resolve_signed(self, path: str, *, expires: str, signature: str, now: datetime) -> tuple[Path, str]:
        """Returns the file and the content type of a signed URL. Raises BadSignature, FileNotFoundError."""
        expected = self._signature(path, expires).encode()
        if not hmac.compare_digest(expected, signature.encode()) or not expires.isdecimal():
            raise BadSignature("This URL is not signed by the service.")
        if now >= datetime.fromtimestamp(int(expires), UTC):
            raise BadSignature("This URL has expired. Request a new one.")
        file = self._file(path)
        return file, _type_file(file).read_text()

    def _file(self, path: str) -> Path:
        return self._folder / checked(path)

    def _signature(self, path: str, expires: str) -> str:
        return hmac.new(self._signing_key, f"{path}\n{expires}".encode(), hashlib.sha256).hexdigest()


def _type_file(file: Path) -> Path:
    return file.with_name(f".{file.name}.type")


def _create(file: Path, content: bytes) -> None:
    with _new_file(file) as partial:
        partial.write(content)


@contextlib.contextmanager
def _new_file(file: Path) -> Iterator[IO[bytes]]:
    """Creates the file with its whole content, unless it exists: a link, unlike a rename, never replaces a file."""
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=".new-") as partial:
        yield partial
        partial.flush()
        with contextlib.suppress(FileExistsError):
            os.link(partial.name, file)
