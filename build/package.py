"""Builds the archive that is deployed: `python -m build.package`. The same files give the same bytes.

Its main.py only imports the functions. If the buildpack used functions/main.py, the root, and so `common`, would not be
on sys.path.
"""

import argparse
import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path

from build import ROOT

ARCHIVE = ROOT / "dist" / "functions.zip"
FOLDERS = ("common", "functions")
FILES = ("requirements.txt", "constraints.txt")
MAIN = '''"""The entry points of the deployed functions."""

from functions.main import api, process, sweep

__all__ = ["api", "process", "sweep"]
'''
EPOCH = (1980, 1, 1, 0, 0, 0)
MODE = 0o644 << 16


def contents(root: Path) -> Iterator[tuple[str, bytes]]:
    """Yields the names and contents of the archive's files, sorted by name."""
    files = {"main.py": MAIN.encode()} | {name: (root / name).read_bytes() for name in FILES}
    for folder in FOLDERS:
        for path in (root / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                files[path.relative_to(root).as_posix()] = path.read_bytes()
    yield from sorted(files.items())


def build_archive(archive: Path, *, root: Path = ROOT) -> str:
    """Writes the archive. Returns the SHA-256 of its bytes."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in contents(root):
            entry = zipfile.ZipInfo(name, date_time=EPOCH)
            entry.external_attr = MODE
            packed.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return hashlib.sha256(archive.read_bytes()).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m build.package", description=__doc__)
    parser.add_argument("--archive", type=Path, default=ARCHIVE)
    options = parser.parse_args()
    digest = build_archive(options.archive)
    print(f"{options.archive}  {options.archive.stat().st_size / 1024:.0f} KiB  sha256 {digest}")


if __name__ == "__main__":
    main()
