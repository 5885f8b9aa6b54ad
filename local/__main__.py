"""Runs the whole service on this machine until Ctrl-C:  python -m local"""

import argparse
import signal
import sys
from pathlib import Path

from common.queues import BadPolicy
from local.addresses import AlreadyRunning
from local.firestore import NoEmulator
from local.stack import FOLDER, SOURCE, Stack
from local.supervisor import PartFailed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("--ports", choices=["usual", "free"], default="usual", help="the usual ones, or any free ones")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="for stack.json, logs and assets")
    parser.add_argument("--source", type=Path, default=SOURCE, help="the file with the functions")
    given = parser.parse_args()
    for ending in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(ending) is not signal.SIG_IGN:
            signal.signal(ending, signal.default_int_handler)
    try:
        with Stack(ports=given.ports, folder=given.folder, source=given.source, tell=_tell) as stack:
            _tell(f"Everything is up; logs are in {given.folder / 'logs'}. Ctrl-C ends it.")
            stack.wait()
    except KeyboardInterrupt:
        _tell("Everything has ended.")
        return 0
    except (AlreadyRunning, BadPolicy, NoEmulator, PartFailed) as failure:
        print(failure, file=sys.stderr)
        return 1


def _tell(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
