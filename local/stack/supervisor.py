"""Runs the parts of a stack as child processes: starts them, waits until they are ready, ends them all.

Each part leads its own process group, so that its workers end with it and Ctrl-C reaches only the supervisor.
guard.py ends the groups if the supervisor is killed.
"""

import contextlib
import operator
import os
import signal
import socket
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

from tenacity import RetryError, Retrying, retry_if_result, sleep_using_event, stop_after_delay, wait_fixed
from tenacity.stop import stop_when_event_set

from build import ROOT

READY_WITHIN = timedelta(seconds=60)
END_WITHIN = timedelta(seconds=5)
LAST_LINES = 15
BACKLOG = 2048


@dataclass(frozen=True, kw_only=True)
class Part:
    """One child process. A thread polls `ready`; an error that it raises fails the start.

    With a `socket`, the supervisor listens at that host and port and the process inherits the socket as its standard
    input, so that connections wait while the part is restarted, as calls of Cloud Run wait for an instance.
    """

    name: str
    address: str  # as shown to users
    command: Sequence[str]
    ready: Callable[[], bool]
    socket: tuple[str, int] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


class PartFailed(Exception):
    """A part ended, was never ready, or cannot work; the message is for the user who started the stack."""


class Supervisor:
    """A context manager: all parts have ended when it is left."""

    def __init__(self, logs: Path, *, end_within: timedelta = END_WITHIN) -> None:
        self.logs = logs
        self._end_within = end_within
        logs.mkdir(parents=True, exist_ok=True)
        self._parts: dict[str, Part] = {}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._sockets: dict[str, socket.socket] = {}
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

    def start(self, parts: Sequence[Part], *, on_ready: Callable[[Part, timedelta], None] | None = None) -> None:
        """Starts all parts at once and returns when all are ready; calls `on_ready` with each and its start-up time.

        Raises PartFailed as soon as one fails; the others run until close().
        """
        for part in parts:
            self.log(part.name).unlink(missing_ok=True)
            if part.socket:
                self._listen(part.name, part.socket)
            self._spawn(part)
        pool = ThreadPoolExecutor(max(1, len(parts)), thread_name_prefix="ready")
        try:
            waits = {pool.submit(self._wait_until_ready, part): part for part in parts}
            for wait in as_completed(waits):
                duration = wait.result()
                if on_ready:
                    on_ready(waits[wait], duration)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def watch(self) -> Never:
        """Never returns: raises PartFailed when a part has ended."""
        while True:
            for name in self._parts:
                self._raise_if_ended(name)
            self._closing.wait(0.1)

    def kill(self, name: str) -> None:
        """Ends a part and its workers as a crash would: SIGKILL."""
        self._kill_group(self._processes[name])

    def restart(self, name: str) -> None:
        """Kills a part, starts it again with the same command and waits until it is ready."""
        self.kill(name)
        self._spawn(self._parts[name])
        self._wait_until_ready(self._parts[name])

    def log(self, name: str) -> Path:
        """The file with a part's full output."""
        return self.logs / f"{name}.log"

    def close(self) -> None:
        """Sends SIGTERM to all parts, and SIGKILL to those that have not ended in time. May be called twice."""
        self._closing.set()
        for process in self._processes.values():
            process.terminate()
        deadline = time.monotonic() + self._end_within.total_seconds()
        for process in self._processes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
            self._kill_group(process)
        self._processes.clear()
        for listener in self._sockets.values():
            listener.close()
        self._guard_input.close()
        self._guard.wait()

    def _listen(self, name: str, address: tuple[str, int]) -> None:
        try:
            self._sockets[name] = socket.create_server(address, backlog=BACKLOG)
        except OSError as error:
            raise PartFailed(f"{name} cannot listen at {address[0]}:{address[1]}: {error.strerror}.") from None

    def _spawn(self, part: Part) -> None:
        listener = self._sockets.get(part.name)
        with self.log(part.name).open("ab") as log:
            process = subprocess.Popen(  # noqa: S603  # our own commands, no shell
                part.command,
                cwd=ROOT,
                env={**os.environ, **part.environment},
                stdin=listener.fileno() if listener else subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._parts[part.name] = part
        self._processes[part.name] = process
        self._send_to_guard(f"+{process.pid}")

    def _wait_until_ready(self, part: Part) -> timedelta:
        started = time.monotonic()
        polling = Retrying(
            retry=retry_if_result(operator.not_),
            after=lambda _: self._raise_if_ended(part.name),
            wait=wait_fixed(0.05),
            sleep=sleep_using_event(self._closing),
            stop=stop_after_delay(READY_WITHIN) | stop_when_event_set(self._closing),
        )
        try:
            polling(part.ready)
        except RetryError:
            reason = "was stopped during its start" if self._closing.is_set() else f"was not ready in {READY_WITHIN}"
            raise PartFailed(f"{part.name} {reason}.\n{self._last_lines(part.name)}") from None
        # Another program may answer on the port that this part could not get.
        self._raise_if_ended(part.name)
        return timedelta(seconds=time.monotonic() - started)

    def _raise_if_ended(self, name: str) -> None:
        status = self._processes[name].poll()
        if status is not None and not self._closing.is_set():
            raise PartFailed(f"{name} {_describe_exit(status)}\n{self._last_lines(name)}")

    def _last_lines(self, name: str) -> str:
        lines = self.log(name).read_text(errors="replace").splitlines()[-LAST_LINES:]
        return "\n".join([f"Its last output ({self.log(name)}):", *(f"  | {line}" for line in lines)])

    def _kill_group(self, process: subprocess.Popen[bytes]) -> None:
        # macOS raises PermissionError for a group that has only zombies.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self._send_to_guard(f"-{process.pid}")

    def _send_to_guard(self, line: str) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._guard_input.write(f"{line}\n".encode())


def _describe_exit(status: int) -> str:
    if status < 0:
        return f"was killed by {signal.Signals(-status).name}."
    return f"ended with exit status {status}."
