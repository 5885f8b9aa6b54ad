"""Makes a release: `python -m build.release VERSION`.

Moves the unreleased changes of CHANGELOG.md into a section of the version, sets the version, commits both and tags.
"""

import argparse
import re
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

from build import ROOT

VERSION_FILE = Path("common/version.py")
CHANGELOG = Path("CHANGELOG.md")
SEMANTIC = re.compile(r"(\d+)\.(\d+)\.(\d+)")
UNRELEASED = "## [Unreleased]\n"


class ReleaseError(Exception):
    """The release cannot be made; the message has the remedy."""


def release(version: str, *, root: Path = ROOT, today: date) -> str:
    """Commits and tags `version`. Returns the tag's name. Raises ReleaseError before anything has changed."""
    tag = f"v{version}"
    source, changelog = (root / VERSION_FILE).read_text(), (root / CHANGELOG).read_text()
    _check_repository(root, tag)
    _check_version(version, current=_current(source))
    (root / CHANGELOG).write_text(_close_section(changelog, version, today))
    (root / VERSION_FILE).write_text(source.replace(f'"{_current(source)}"', f'"{version}"'))
    _git(root, "commit", "--quiet", "--message", f"Release {version}", f"{VERSION_FILE}", f"{CHANGELOG}")
    _git(root, "tag", "--annotate", "--message", f"Release {version}", tag)
    return tag


def _check_repository(root: Path, tag: str) -> None:
    if (branch := _git(root, "branch", "--show-current")) != "main":
        raise ReleaseError(f"Releases are made on main, not on {branch or 'a detached HEAD'}: git switch main")
    if _git(root, "status", "--porcelain"):
        raise ReleaseError("The working tree is not clean: commit or stash your changes.")
    if _git(root, "tag", "--list", tag):
        raise ReleaseError(f"The tag {tag} exists already: choose a higher version.")


def _check_version(version: str, *, current: str) -> None:
    if SEMANTIC.fullmatch(version) is None:
        raise ReleaseError(f"{version!r} is not a version like 1.2.3.")
    if _numbers(version) < _numbers(current):
        raise ReleaseError(f"{version} is lower than the current version, {current}.")


def _close_section(changelog: str, version: str, today: date) -> str:
    """Returns the changelog with a section for the version. It has the changes that were unreleased."""
    _, found, rest = changelog.partition(UNRELEASED)
    if not found or not re.search(r"^- ", rest.partition("\n## ")[0], re.MULTILINE):
        raise ReleaseError(f"{CHANGELOG} lists no change under Unreleased: describe there what this release changes.")
    return changelog.replace(UNRELEASED, f"{UNRELEASED}\n## [{version}] - {today.isoformat()}\n", 1)


def _current(source: str) -> str:
    [version] = re.findall(r'^VERSION = "(.*)"$', source, re.MULTILINE)
    return str(version)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))


def _git(root: Path, *arguments: str) -> str:
    command = ("git", *arguments)
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603  # no shell


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m build.release", description=__doc__)
    parser.add_argument("version", help="such as 1.2.0")
    given = parser.parse_args()
    try:
        tag = release(given.version, today=datetime.now(UTC).date())
    except ReleaseError as error:
        sys.exit(str(error))
    except subprocess.CalledProcessError as error:
        sys.exit(error.stderr or str(error))
    print(f"Tagged {tag}. Publish it: git push --follow-tags origin main")


if __name__ == "__main__":
    main()
