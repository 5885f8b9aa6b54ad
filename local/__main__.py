"""Runs the whole service on this machine until Ctrl-C:  python -m local"""

import argparse
import signal
import sys
from pathlib import Path

from build.page import NoPage, built_page
from common.queues import BadPolicy
from local.emulators.firestore import NoEmulator
from local.stack.addresses import AlreadyRunning
from local.stack.loopback import bypass_proxies
from local.stack.stack import FOLDER, SOURCE, Stack
from local.stack.supervisor import PartFailed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("--ports", choices=["usual", "free"], default="usual", help="the usual ones, or any free ones")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="for stack.json, logs and assets")
    parser.add_argument("--source", type=Path, default=SOURCE, help="the file with the functions")
    parser.add_argument("--page", type=Path, help="the folder with a built page (default: web/dist, built if need be)")
    given = parser.parse_args()
    bypass_proxies()
    for ending in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(ending) is not signal.SIG_IGN:
            signal.signal(ending, signal.default_int_handler)
    try:
        page = given.page or _built_page()
        with Stack(ports=given.ports, folder=given.folder, source=given.source, page=page, tell=_tell) as stack:
            _tell(f"Everything is up; logs are in {given.folder / 'logs'}. Ctrl-C ends it.")
            if page:
                _tell(f"\n  The page: {stack.addresses.page}\n")
            stack.wait()
    except KeyboardInterrupt:
        _tell("Everything has ended.")
        return 0
    except (AlreadyRunning, BadPolicy, NoEmulator, PartFailed) as failure:
        print(failure, file=sys.stderr)
        return 1


def _built_page() -> Path | None:
    """None where it cannot be had, which is told: all else works without it."""
    try:
        return built_page(tell=_tell)
    except NoPage as failure:
        print(failure, file=sys.stderr)
        return None


def _tell(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
