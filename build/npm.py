"""Runs npm in the page's folder, with whichever Node.js there is."""

import os
import subprocess
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from build.node import node_folder

INSTALL = ("ci", "--no-audit", "--no-fund")


class NpmFailed(Exception):
    """npm ended with an error; the message says what it was to do, in one line."""


class Npm:
    """npm in the folder `web`. What it says goes to the file `log`, or to the terminal. Raises NoNode."""

    def __init__(self, web: Path, *, tell: Callable[[str], None], log: Path | None = None) -> None:
        self._web = web
        self._log = log
        self._environment = {**os.environ, "PATH": f"{node_folder(tell=tell)}{os.pathsep}{os.environ.get('PATH', '')}"}
        if log is not None:
            log.parent.mkdir(parents=True, exist_ok=True)
            log.unlink(missing_ok=True)

    def install(self) -> None:
        """Puts the listed packages in place, if the list is newer than what is there. Raises NpmFailed."""
        installed = self._web / "node_modules" / ".package-lock.json"
        listed = max((self._web / name).stat().st_mtime for name in ("package.json", "package-lock.json"))
        if not installed.exists() or installed.stat().st_mtime < listed:
            self.call(*INSTALL)

    def run(self, script: str) -> None:
        """Runs a script of package.json. Raises NpmFailed."""
        self.call("run", "--silent", script)

    def call(self, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        """Raises NpmFailed."""
        with ExitStack() as stack:
            output = None if self._log is None else stack.enter_context(self._log.open("ab"))
            status = subprocess.run(  # noqa: S603  # commands of our own, no shell
                ("npm", *arguments),  # noqa: S607  # the one beside the chosen Node.js, which comes first
                cwd=self._web,
                env={**self._environment, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                check=False,
            ).returncode
        if status:
            where = "" if self._log is None else f"; {self._log} says why"
            raise NpmFailed(f"`npm {' '.join(arguments)}` ended with exit status {status}{where}.")
