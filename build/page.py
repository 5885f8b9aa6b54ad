"""Builds the page when its sources have changed, or runs scripts of its package.json: `python -m build.page [SCRIPT]`.

What it was built from is told by a hash among the built files; any other build removes it with them.
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
from build.node import NoNode
from build.npm import Npm, NpmFailed

WEB = ROOT / "web"
LOG = ROOT / ".local" / "logs" / "web.log"
NOT_SOURCES = frozenset({"node_modules", "dist", "coverage"})
STAMP = ".built-from"


class NoPage(Exception):
    """The page could not be built; the message says why, in one line."""


def built_page(*, tell: Callable[[str], None], web: Path = WEB, log: Path = LOG) -> Path:
    """The folder with the built page, built first if its sources are not those of the last time. Raises NoPage.

    Whoever else wants it meanwhile waits.
    """
    dist = web / "dist"
    with _claimed(web):
        sources = hash_of_sources(web)
        if _built_from(dist) == sources:
            return dist
        tell("Building the page ...")
        started = time.monotonic()
        try:
            npm = Npm(web, tell=tell, log=log)
            npm.install()
            npm.run("build")
        except (NoNode, NpmFailed) as error:
            raise NoPage(f"The page could not be built: {error}") from error
        (dist / STAMP).write_text(sources)
        tell(f"The page is built, in {time.monotonic() - started:.0f} s.")
    return dist


def installed_npm(*, tell: Callable[[str], None], log: Path | None = None) -> Npm:
    """npm with the page's packages in place, to run more. Raises NoNode or NpmFailed."""
    with _claimed(WEB):
        npm = Npm(WEB, tell=tell, log=log)
        npm.install()
    return npm


def hash_of_sources(web: Path) -> str:
    """Of the names and contents of all files from which the page is built."""
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


def _built_from(dist: Path) -> str | None:
    stamp = dist / STAMP
    return stamp.read_text() if stamp.exists() else None


@contextmanager
def _claimed(folder: Path) -> Iterator[None]:
    """Only one process at a time is inside."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m build.page", description=__doc__)
    parser.add_argument("scripts", metavar="SCRIPT", nargs="*", help="of web/package.json, run instead of building")
    given = parser.parse_args()
    try:
        if given.scripts:
            npm = installed_npm(tell=print)
            for script in given.scripts:
                npm.run(script)
        else:
            print(f"The page is in {built_page(tell=print)}.")
    except (NoNode, NoPage, NpmFailed) as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
