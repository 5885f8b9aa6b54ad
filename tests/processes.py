"""Processes of the operating system, and waiting for a condition."""

import subprocess
from collections.abc import Callable
from operator import not_
from pathlib import Path
from typing import TypeVar, cast

import pytest
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

T = TypeVar("T")
WITHIN_SECONDS = 60  # enough for a busy machine
# Runs the rest of a command as `command &` in a script does: with SIGINT ignored.
IN_BACKGROUND = ("/bin/sh", "-c", "trap '' INT; exec \"$@\"", "sh")


def alive(pid: int) -> bool:
    """Whether it runs. A zombie does not: in a container there may be no parent that collects it."""
    if Path("/proc/self/stat").exists():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return False
        return stat.rpartition(")")[2].split()[0] != "Z"
    ps = ("/bin/ps", "-o", "stat=", "-p", str(pid))  # macOS
    state = subprocess.run(ps, capture_output=True, text=True, check=False).stdout
    return state != "" and not state.startswith("Z")


def wait_until(condition: Callable[[], T | None], *, within: float = WITHIN_SECONDS, every: float = 0.02) -> T:
    """Returns the first true value of the condition; fails the test if there is none within so many seconds."""
    polling = Retrying(
        retry=retry_if_result(not_),
        wait=wait_fixed(every),
        stop=stop_after_delay(within),
        retry_error_callback=lambda _: pytest.fail(f"the condition was not met within {within} s"),
    )
    return cast("T", polling(condition))
