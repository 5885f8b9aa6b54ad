"""Runs npm in the page's folder."""

import os
import subprocess
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from build.runtimes import find_node

INSTALL = ("ci", "--no-audit", "--no-fund")


class NpmFailed(Exception):
    """npm ended with an error; the message has its command, in one line."""


class Npm:
    """npm in the folder `web`. Its output goes to the file `log`, else to the terminal. Raises NoRuntime."""

    def __init__(self, web: Path, *, report: Callable[[str], None], log: Path | None = None) -> None:
        self._web = web
        self._log = log
        path = f"{find_node(report=report)}{os.pathsep}{os.environ.get('PATH', '')}"
        self._environment = {**os.environ, "PATH": path}
        if log is not None:
            log.parent.mkdir(parents=True, exist_ok=True)
            log.unlink(missing_ok=True)

    def install(self) -> None:
        """Installs the listed packages if the list is newer than the installed ones. Raises NpmFailed."""
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
            status = subprocess.run(  # noqa: S603  # our own commands, no shell
                ("npm", *arguments),  # noqa: S607  # the chosen Node.js comes first on PATH
                cwd=self._web,
                env={**self._environment, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                check=False,
            ).returncode
        if status:
            where = "" if self._log is None else f"; see {self._log}"
            raise NpmFailed(f"`npm {' '.join(arguments)}` ended with exit status {status}{where}.")
