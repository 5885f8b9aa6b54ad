"""The addresses of a running stack, in stack.json: the demo, the tests and users read them there."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

LOCK_WITHIN_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """URLs, except Firestore and Cloud Tasks: their clients expect host:port. `page` is None without a page."""

    api: str
    process: str
    sweep: str
    assets: str
    firestore: str
    cloud_tasks: str
    page: str | None
    project: str


class AlreadyRunning(Exception):
    """Another stack uses the folder; the message has its address."""


@contextmanager
def claim_folder(folder: Path) -> Iterator[None]:
    """Locks the folder until this process leaves the context or dies. Raises AlreadyRunning."""
    folder.mkdir(parents=True, exist_ok=True)
    # find_running_stack holds the lock for an instant.
    retrying = Retrying(
        retry=retry_if_exception_type(BlockingIOError),
        wait=wait_fixed(0.02),
        stop=stop_after_delay(LOCK_WITHIN_SECONDS),
        reraise=True,
    )
    with (folder / "stack.lock").open("ab") as lock:
        try:
            retrying(fcntl.flock, lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(_describe_stack(folder)) from None
        yield


def publish(folder: Path, addresses: Addresses) -> None:
    """Writes stack.json atomically. The folder must be claimed."""
    partial = folder / "stack.json.partial"
    partial.write_text(json.dumps({**asdict(addresses), "pid": os.getpid()}, indent=2) + "\n")
    partial.replace(folder / "stack.json")


def withdraw(folder: Path) -> None:
    (folder / "stack.json").unlink(missing_ok=True)


def find_running_stack(folder: Path) -> Addresses | None:
    """The stack that runs in this folder. A stack that was killed leaves its file behind, but not its lock."""
    try:
        with (folder / "stack.lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return _read_addresses(folder)
    return None


def _read_addresses(folder: Path) -> Addresses | None:
    try:
        content = json.loads((folder / "stack.json").read_text())
    except FileNotFoundError:
        return None
    return Addresses(**{name: content[name] for name in Addresses.__dataclass_fields__})


def _describe_stack(folder: Path) -> str:
    addresses = find_running_stack(folder)
    where = f" Its API is {addresses.api}." if addresses else ""
    return f"A stack already runs in {folder}.{where} Stop it first, or use it."
