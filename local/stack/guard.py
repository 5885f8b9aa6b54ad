"""Kills a stack's parts when their supervisor could not: it was killed itself.

Runs as a process of its own in its own session and reads `+GROUP` and `-GROUP` lines. The end of its input
means that the supervisor is gone, however that happened, so this needs no help of the operating system and
works on macOS as on Linux. Standard library only: it is started by its path, isolated.
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
