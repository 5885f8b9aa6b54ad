"""Asks the operating system about processes, and waits for what becomes of them."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

WITHIN_SECONDS = 20


def alive(pid: int) -> bool:
    """Whether it runs. A zombie does not: where it ends up, nobody may collect it."""
    if Path("/proc/self/stat").exists():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return False
        return stat.rpartition(")")[2].split()[0] != "Z"
    ps = ("/bin/ps", "-o", "stat=", "-p", str(pid))  # macOS
    state = subprocess.run(ps, capture_output=True, text=True, check=False).stdout  # a number
    return state != "" and not state.startswith("Z")


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not within {WITHIN_SECONDS} s"
        time.sleep(0.01)
