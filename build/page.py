"""Builds the page when its sources have changed, or runs scripts of its package.json: `python -m build.page [SCRIPT]`.

A file among the built ones has a hash of their sources; any other build deletes it together with them.
"""

import argparse
import fcntl
import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from build import ROOT
from build.npm import Npm, NpmFailed
from build.runtimes import NoRuntime

WEB = ROOT / "web"
LOG = ROOT / ".local" / "logs" / "web.log"
NOT_SOURCES = frozenset({"node_modules", "dist", "coverage"})
STAMP = ".built-from"


class NoPage(Exception):
    """The page could not be built; the message has the reason, in one line."""


def build_page(*, report: Callable[[str], None], web: Path = WEB, log: Path = LOG) -> Path:
    """Returns the folder with the built page; builds it if its sources have changed. Raises NoPage.

    Only one process builds at a time; the others wait.
    """
    dist = web / "dist"
    with _locked(web):
        sources = hash_sources(web)
        if _read_stamp(dist) == sources:
            return dist
        report("Building the page ...")
        started = time.monotonic()
        try:
            npm = Npm(web, report=report, log=log)
            npm.install()
            npm.run("build")
        except (NoRuntime, NpmFailed) as error:
            raise NoPage(f"The page could not be built: {error}") from error
        (dist / STAMP).write_text(sources)
        report(f"The page was built in {time.monotonic() - started:.0f} s.")
    return dist


def install_npm(*, report: Callable[[str], None], log: Path | None = None) -> Npm:
    """Returns npm with the page's packages installed. Raises NoRuntime or NpmFailed."""
    with _locked(WEB):
        npm = Npm(WEB, report=report, log=log)
        npm.install()
    return npm


def hash_sources(web: Path) -> str:
    """Returns a hash of the names and contents of all files from which the page is built."""
    digest = hashlib.sha256()
    for path in sorted(_sources(web)):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(web).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()


def _sources(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in NOT_SOURCES or path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _sources(path)
        else:
            yield path


def _read_stamp(dist: Path) -> str | None:
    stamp = dist / STAMP
    return stamp.read_text() if stamp.exists() else None


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Locks the folder: only one process at a time is inside."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m build.page", description=__doc__)
    parser.add_argument("scripts", metavar="SCRIPT", nargs="*", help="of web/package.json, run instead of building")
    options = parser.parse_args()
    try:
        if options.scripts:
            npm = install_npm(report=print)
            for script in options.scripts:
                npm.run(script)
        else:
            print(f"The page is in {build_page(report=print)}.")
    except (NoPage, NoRuntime, NpmFailed) as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
