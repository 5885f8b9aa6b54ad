"""Kills the parts of a stack whose supervisor was killed.

A process in its own session. It reads lines `+GROUP` and `-GROUP`; the end of its input means that the supervisor is
dead, on macOS as on Linux. Standard library only: the supervisor starts it by its path, isolated.
"""

import contextlib
import os
import signal
import sys


def main() -> None:
    groups: set[int] = set()
    for line in sys.stdin:
        (groups.add if line.startswith("+") else groups.discard)(int(line[1:]))
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
