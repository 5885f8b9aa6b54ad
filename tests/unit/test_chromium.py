"""How the browser tests find a Chromium."""

from pathlib import Path

import pytest

from tests.e2e.chromium import find_chromium


def program(path: Path, *, status: int) -> str:
    path.write_text(f"#!/bin/sh\nexit {status}\n")
    path.chmod(0o755)
    return str(path)


def test_the_first_program_that_runs_is_used(tmp_path: Path) -> None:
    broken, works = program(tmp_path / "broken", status=1), program(tmp_path / "works", status=0)
    places = (str(tmp_path / "absent"), broken, works)

    assert find_chromium(program(tmp_path / "bundled", status=0), places=places) == works


def test_playwrights_chromium_is_used_where_the_system_has_none(tmp_path: Path) -> None:
    bundled = program(tmp_path / "bundled", status=0)

    assert find_chromium(bundled, places=()) == bundled


def test_a_program_is_found_on_path_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    works = program(tmp_path / "chromium", status=0)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert find_chromium(places=("chromium",)) == works


def test_without_a_program_that_runs_there_is_no_chromium(tmp_path: Path) -> None:
    assert find_chromium(str(tmp_path / "absent"), places=()) is None
