"""Prints warnings and errors of the parts on the terminal; all other output is only in the log files."""

import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

SHOWN_SEVERITIES = frozenset({"WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY"})
MAX_LENGTH = 300


def format_line(line: str) -> str | None:
    """The line as the terminal shows it, or None for one that it does not show.

    It shows warnings, errors, and lines that are not events, except the frames of a traceback.
    """
    try:
        event = json.loads(line)
    except ValueError:
        event = None
    if not isinstance(event, dict):
        return None if line.startswith((" ", "Traceback ")) else line.strip() or None
    if event.get("severity") not in SHOWN_SEVERITIES:
        return None
    error = str(event.pop("exception", "")).strip().rpartition("\n")[2]
    fields = " ".join(f"{name}={value}" for name, value in event.items() if name not in {"severity", "message"})
    return " ".join(filter(None, (event["severity"], str(event.get("message", "")), fields, error)))[:MAX_LENGTH]


class Echo:
    """A context manager that follows the logs in a thread, from their present end."""

    def __init__(self, logs: Mapping[str, Path], print_line: Callable[[str], None]) -> None:
        self._positions = {name: (log, log.stat().st_size) for name, log in logs.items()}
        self._print_line = print_line
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="echo", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._ended.wait(0.2):
            for name in self._positions:
                for line in self._read_new_lines(name):
                    if shown := format_line(line):
                        self._print_line(f"{name}: {shown}")

    def _read_new_lines(self, name: str) -> list[str]:
        log, position = self._positions[name]
        with log.open("rb") as file:
            file.seek(position)
            complete, newline, _ = file.read().rpartition(b"\n")
        self._positions[name] = (log, position + len(complete) + len(newline))
        return complete.decode(errors="replace").splitlines()
