"""Runs the whole service on this machine until Ctrl-C:  python -m local"""

import argparse
import sys
from pathlib import Path

from build.page import NoPage, build_page
from common.queues import BadPolicy
from local.emulators.firestore import BadRules, NoEmulator
from local.stack.addresses import AlreadyRunning
from local.stack.loopback import bypass_proxies
from local.stack.signals import interrupt_on_signals
from local.stack.stack import FOLDER, SOURCE, Stack
from local.stack.supervisor import PartFailed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("--ports", choices=["usual", "free"], default="usual", help="the usual ports or any free ones")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="for stack.json, logs and assets")
    parser.add_argument("--source", type=Path, default=SOURCE, help="the file with the functions")
    parser.add_argument("--page", type=Path, help="the folder with a built page (default: web/dist, which is built)")
    options = parser.parse_args()
    bypass_proxies()
    interrupt_on_signals()
    try:
        page = options.page or _build_page()
        stack = Stack(ports=options.ports, folder=options.folder, source=options.source, page=page, report=_print_line)
        with stack:
            _print_line(f"Everything is running. Logs are in {options.folder / 'logs'}. Press Ctrl-C to stop.")
            if page:
                _print_line(f"\n  Page: {stack.addresses.page}\n")
            stack.wait()
    except KeyboardInterrupt:
        _print_line("Everything has stopped.")
        return 0
    except (AlreadyRunning, BadPolicy, BadRules, NoEmulator, PartFailed) as failure:
        print(failure, file=sys.stderr)
        return 1


def _build_page() -> Path | None:
    """None if the page cannot be built: the rest works without it."""
    try:
        return build_page(report=_print_line)
    except NoPage as failure:
        print(failure, file=sys.stderr)
        return None


def _print_line(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
