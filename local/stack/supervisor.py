"""Runs the parts of a stack as child processes: starts them, waits until they are ready, ends them all.

Each part leads a process group of its own, so that its workers end with it and Ctrl-C reaches only the
supervisor; guard.py ends the groups if the supervisor is killed.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Never, Self

from build import ROOT

READY_WITHIN = timedelta(seconds=60)
END_WITHIN = timedelta(seconds=5)
LAST_LINES = 15


@dataclass(frozen=True, kw_only=True)
class Part:
    """One child process. `ready` is asked again and again from a thread, and may raise PartFailed to give up."""

    name: str
    command: Sequence[str]
    ready: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)


class PartFailed(Exception):
    """A part died, was never ready, or cannot work; the message is for whoever started the stack."""


class Supervisor:
    """A context manager: whatever it started has ended when it is left."""

    def __init__(self, logs: Path, *, end_within: timedelta = END_WITHIN) -> None:
        self.logs = logs
        self._end_within = end_within
        logs.mkdir(parents=True, exist_ok=True)
        self._parts: dict[str, Part] = {}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._closing = threading.Event()
        guard = (sys.executable, "-I", str(Path(__file__).with_name("guard.py")))
        read, write = os.pipe()
        with os.fdopen(read) as stdin:
            self._guard = subprocess.Popen(guard, stdin=stdin, start_new_session=True)  # noqa: S603  # our own file
        self._guard_input = os.fdopen(write, "wb", buffering=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, parts: Sequence[Part], *, told: Callable[[Part, timedelta], None] | None = None) -> None:
        """Starts all at once; returns when all are ready. `told` hears of each and how long it took.

        Raises PartFailed as soon as one of them fails; the others run on until close().
        """
        for part in parts:
            self.log(part.name).unlink(missing_ok=True)
            self._spawn(part)
        pool = ThreadPoolExecutor(max(1, len(parts)), thread_name_prefix="ready")
        try:
            waits = {pool.submit(self._wait_until_ready, part): part for part in parts}
            for wait in as_completed(waits):
                took = wait.result()
                if told:
                    told(waits[wait], took)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def watch(self) -> Never:
        """Returns never: raises PartFailed when a part has ended."""
        while True:
            for name in self._parts:
                self._raise_if_ended(name)
            self._closing.wait(0.1)

    def kill(self, name: str) -> None:
        """Ends a part, its workers too, as a crash would: SIGKILL."""
        self._kill_group(self._processes[name])

    def restart(self, name: str) -> None:
        """Starts a killed part again, with the same command, and waits until it is ready."""
        self.kill(name)
        self._spawn(self._parts[name])
        self._wait_until_ready(self._parts[name])

    def log(self, name: str) -> Path:
        """Where the full output of a part is."""
        return self.logs / f"{name}.log"

    def pids(self) -> dict[str, int]:
        return {name: process.pid for name, process in self._processes.items()}

    def close(self) -> None:
        """Ends all parts, politely for a few seconds, then by force. May be called again."""
        self._closing.set()
        for process in self._processes.values():
            process.terminate()
        deadline = time.monotonic() + self._end_within.total_seconds()
        for process in self._processes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
            self._kill_group(process)
        self._processes.clear()
        self._guard_input.close()
        self._guard.wait()

    def _spawn(self, part: Part) -> None:
        with self.log(part.name).open("ab") as log:
            process = subprocess.Popen(  # noqa: S603  # commands of our own, no shell
                part.command,
                cwd=ROOT,
                env={**os.environ, **part.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._parts[part.name] = part
        self._processes[part.name] = process
        self._tell_guard(f"+{process.pid}")

    def _wait_until_ready(self, part: Part) -> timedelta:
        started = time.monotonic()
        while not part.ready():
            self._raise_if_ended(part.name)
            took = timedelta(seconds=time.monotonic() - started)
            if took > READY_WITHIN:
                raise PartFailed(f"{part.name} was not ready within {READY_WITHIN}.\n{self._last_lines(part.name)}")
            if self._closing.wait(0.05):
                raise PartFailed(f"{part.name} was ended while it started.")
        # Another program may answer on the port that this part could not have.
        self._raise_if_ended(part.name)
        return timedelta(seconds=time.monotonic() - started)

    def _raise_if_ended(self, name: str) -> None:
        status = self._processes[name].poll()
        if status is not None and not self._closing.is_set():
            raise PartFailed(f"{name} {_ending(status)}\n{self._last_lines(name)}")

    def _last_lines(self, name: str) -> str:
        lines = self.log(name).read_text(errors="replace").splitlines()[-LAST_LINES:]
        return "\n".join([f"Its last output ({self.log(name)}):", *(f"  | {line}" for line in lines)])

    def _kill_group(self, process: subprocess.Popen[bytes]) -> None:
        # macOS answers PermissionError for a group of which only zombies are left.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self._tell_guard(f"-{process.pid}")

    def _tell_guard(self, line: str) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._guard_input.write(f"{line}\n".encode())


def _ending(status: int) -> str:
    if status < 0:
        return f"was killed by {signal.Signals(-status).name}."
    return f"ended with exit status {status}."
