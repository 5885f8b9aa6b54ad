"""Where the parts of a running stack are, written to a file for those who look for one: the page, the demo, people."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

LOCK_WITHIN_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """URLs; but host:port for Firestore and Cloud Tasks, as their clients want it. Not every stack has a page."""

    api: str
    process: str
    sweep: str
    assets: str
    firestore: str
    cloud_tasks: str
    page: str | None
    project: str


class AlreadyRunning(Exception):
    """Another stack uses the folder; the message says which."""


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Makes the folder this process's own, until it ends in whatever way. Raises AlreadyRunning."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "stack.lock").open("ab") as lock:
        if not _locked(lock.fileno(), fcntl.LOCK_EX, within=LOCK_WITHIN_SECONDS):
            raise AlreadyRunning(_told(folder))
        yield


def publish(folder: Path, addresses: Addresses) -> None:
    """Writes stack.json, all at once. The folder must be claimed."""
    partial = folder / "stack.json.partial"
    partial.write_text(json.dumps({**asdict(addresses), "pid": os.getpid()}, indent=2) + "\n")
    partial.replace(folder / "stack.json")


def withdraw(folder: Path) -> None:
    (folder / "stack.json").unlink(missing_ok=True)


def running(folder: Path) -> Addresses | None:
    """The stack that runs with this folder. None for a file whose stack is dead, told by the lock that died with it."""
    try:
        with (folder / "stack.lock").open("rb") as lock:
            if _locked(lock.fileno(), fcntl.LOCK_SH):
                return None
        said = json.loads((folder / "stack.json").read_text())
    except FileNotFoundError:
        return None
    return Addresses(**{name: said[name] for name in Addresses.__dataclass_fields__})


def _locked(file: int, kind: int, *, within: float = 0) -> bool:
    deadline = time.monotonic() + within
    while True:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            # Whoever looks whether a stack runs holds the lock for an instant.
            time.sleep(0.02)
        else:
            return True


def _told(folder: Path) -> str:
    addresses = running(folder)
    where = f" Its API is {addresses.api}." if addresses else ""
    return f"A stack already runs with {folder}.{where} End it first, or use it."
