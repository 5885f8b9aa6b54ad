"""Shows on the terminal what goes wrong in the parts; the rest of their output stays in the log files."""

import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

TELLING = frozenset({"WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY"})
SHORT = 300


def worth_telling(line: str) -> str | None:
    """A line as the terminal shows it: a function's warnings and errors, and whatever is not one of its events.

    Of a traceback only the errors, not the lines that lead to them.
    """
    try:
        event = json.loads(line)
    except ValueError:
        event = None
    if not isinstance(event, dict):
        return None if line.startswith((" ", "Traceback ")) else line.strip() or None
    if event.get("severity") not in TELLING:
        return None
    last = str(event.pop("exception", "")).strip().rpartition("\n")[2]
    facts = " ".join(f"{name}={value}" for name, value in event.items() if name not in {"severity", "message"})
    return " ".join(filter(None, (event["severity"], str(event.get("message", "")), facts, last)))[:SHORT]


class Echo:
    """A context manager: follows the logs from where they end now, from a thread, until it is left."""

    def __init__(self, logs: Mapping[str, Path], tell: Callable[[str], None]) -> None:
        self._positions = {name: (log, log.stat().st_size) for name, log in logs.items()}
        self._tell = tell
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
                for line in self._new_lines(name):
                    if shown := worth_telling(line):
                        self._tell(f"{name}: {shown}")

    def _new_lines(self, name: str) -> list[str]:
        log, position = self._positions[name]
        with log.open("rb") as file:
            file.seek(position)
            whole, newline, _ = file.read().rpartition(b"\n")
        self._positions[name] = (log, position + len(whole) + len(newline))
        return whole.decode(errors="replace").splitlines()
