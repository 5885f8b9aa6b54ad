"""The one version number, and the command that raises it, on a Git repository of its own."""

import subprocess
import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from build import ROOT
from build.release import CHANGELOG, SEMANTIC, VERSION_FILE, ReleaseError, release
from common.catalog import load_catalog
from common.queues import load_policies
from common.version import VERSION
from functions.http.bodies import bodies_for
from functions.http.openapi import openapi_document

TODAY = date(2026, 12, 1)
UNRELEASED = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- A type of work.\n\n## [1.0.0] - 2026-11-01\n\n- First.\n"
RELEASED = UNRELEASED.replace("## [Unreleased]\n", "## [Unreleased]\n\n## [1.1.0] - 2026-12-01\n")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """At version 1.0.0, with one change that is not released."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    (tmp_path / VERSION_FILE).parent.mkdir()
    (tmp_path / VERSION_FILE).write_text('"""The version."""\n\nVERSION = "1.0.0"\n')
    (tmp_path / CHANGELOG).write_text(UNRELEASED)
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "config", "user.name", "Ann")
    git(tmp_path, "config", "user.email", "ann@clinic.example")
    commit(tmp_path)
    return tmp_path


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True).stdout.strip()


def commit(root: Path) -> None:
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "Change")


def test_a_release_sets_the_version_closes_the_section_commits_and_tags(repository: Path) -> None:
    tag = release("1.1.0", root=repository, today=TODAY)

    assert (repository / VERSION_FILE).read_text() == '"""The version."""\n\nVERSION = "1.1.0"\n'
    assert (repository / CHANGELOG).read_text() == RELEASED
    assert git(repository, "log", "-1", "--format=%s") == "Release 1.1.0"
    assert git(repository, "status", "--porcelain") == ""
    assert (tag, git(repository, "cat-file", "-t", tag)) == ("v1.1.0", "tag")
    assert git(repository, "rev-parse", f"{tag}^{{commit}}") == git(repository, "rev-parse", "HEAD")


def test_a_version_that_has_no_tag_yet_can_be_released_as_it_is(repository: Path) -> None:
    assert release("1.0.0", root=repository, today=TODAY) == "v1.0.0"


def on_a_branch(root: Path) -> None:
    git(root, "switch", "--quiet", "--create", "feature")


def with_an_uncommitted_file(root: Path) -> None:
    (root / "draft.txt").touch()


def with_its_tag(root: Path) -> None:
    git(root, "tag", "v1.9.0")


def without_a_change(root: Path) -> None:
    (root / CHANGELOG).write_text(UNRELEASED.replace("- A type of work.\n", ""))
    commit(root)


def without_a_section(root: Path) -> None:
    (root / CHANGELOG).write_text("# Changelog\n\n- First.\n")
    commit(root)


def with_a_higher_version(root: Path) -> None:
    (root / VERSION_FILE).write_text('VERSION = "1.10.0"\n')
    commit(root)


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (on_a_branch, "made on main, not on feature"),
        (with_an_uncommitted_file, "not clean"),
        (with_its_tag, r"v1\.9\.0 exists already"),
        (without_a_change, "lists no change"),
        (without_a_section, "lists no change"),
        (with_a_higher_version, r"lower than the current version, 1\.10\.0"),
    ],
)
def test_a_refused_release_changes_nothing(prepare: Callable[[Path], None], message: str, repository: Path) -> None:
    prepare(repository)
    before = state(repository)

    with pytest.raises(ReleaseError, match=message):
        release("1.9.0", root=repository, today=TODAY)

    assert state(repository) == before


def state(root: Path) -> tuple[str, ...]:
    return git(root, "show-ref"), git(root, "status", "--porcelain"), (root / VERSION_FILE).read_text()


@pytest.mark.parametrize("version", ["1.1", "v1.1.0", "1.1.0-rc1", ""])
def test_a_version_has_three_numbers(version: str, repository: Path) -> None:
    with pytest.raises(ReleaseError, match=r"not a version like 1\.2\.3"):
        release(version, root=repository, today=TODAY)


def test_the_version_is_defined_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "common.version.VERSION"}
    assert SEMANTIC.fullmatch(VERSION)


def test_the_openapi_document_states_the_version() -> None:
    document = openapi_document(bodies_for(load_catalog(load_policies())))

    assert document["info"]["version"] == VERSION
