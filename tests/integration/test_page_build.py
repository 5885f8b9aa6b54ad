"""When the page is built; with a Node.js that only records its calls."""

import os
from pathlib import Path

import pytest

from build.npm import INSTALL
from build.page import NoPage, build_page

NODE = """#!/bin/sh
echo v22.12.0
"""
NPM = """#!/bin/sh
echo "$@" >> ../calls
case "$1" in
  ci) mkdir -p node_modules && touch node_modules/.package-lock.json ;;
  run) rm -rf dist && mkdir dist && cp index.html dist ;;
esac
"""
FAILING_NPM = """#!/bin/sh
echo no network
exit 7
"""
BUILD = ["run --silent build"]
INSTALL_AND_BUILD = [" ".join(INSTALL), *BUILD]


class Workshop:
    """A page's sources, and a folder with tools."""

    def __init__(self, folder: Path) -> None:
        self.web = folder / "web"
        self.log = folder / "logs" / "web.log"
        self.tools = folder / "tools"
        self.reported: list[str] = []
        self.web.mkdir()
        self.tools.mkdir()
        for name in ("package.json", "package-lock.json", "index.html"):
            (self.web / name).write_text("{}")
        self.write_tool("node", NODE)
        self.write_tool("npm", NPM)

    def write_tool(self, name: str, script: str) -> None:
        (self.tools / name).write_text(script)
        (self.tools / name).chmod(0o755)

    def build(self) -> list[str]:
        """Returns the commands that npm got."""
        calls = self.web.parent / "calls"
        calls.unlink(missing_ok=True)
        build_page(report=self.reported.append, web=self.web, log=self.log)
        return calls.read_text().splitlines() if calls.exists() else []


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    workshop = Workshop(tmp_path)
    monkeypatch.setenv("PATH", f"{workshop.tools}{os.pathsep}{os.environ['PATH']}")
    return workshop


def test_a_first_build_installs_the_packages_and_reports_its_duration(workshop: Workshop) -> None:
    assert workshop.build() == INSTALL_AND_BUILD
    assert workshop.reported == ["Building the page ...", "The page was built in 0 s."]
    assert (workshop.web / "dist" / "index.html").exists()


def test_unchanged_sources_are_not_built_again(workshop: Workshop) -> None:
    workshop.build()

    assert workshop.build() == []


@pytest.mark.parametrize("name", ["index.html", "src/new.ts"])
def test_a_changed_or_new_source_is_built_without_another_install(workshop: Workshop, name: str) -> None:
    workshop.build()
    file = workshop.web / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("changed")

    assert workshop.build() == BUILD


def test_a_changed_list_of_packages_is_installed(workshop: Workshop) -> None:
    workshop.build()
    lock = workshop.web / "package-lock.json"
    lock.write_text('{"changed": true}')
    installed = (workshop.web / "node_modules" / ".package-lock.json").stat().st_mtime
    os.utime(lock, (installed + 1, installed + 1))

    assert workshop.build() == INSTALL_AND_BUILD


def test_a_build_by_other_means_is_replaced(workshop: Workshop) -> None:
    workshop.build()
    (workshop.web / "dist" / ".built-from").unlink()

    assert workshop.build() == BUILD


def test_a_build_that_fails_has_its_reason_in_one_line_and_its_output_in_the_log(workshop: Workshop) -> None:
    workshop.write_tool("npm", FAILING_NPM)

    with pytest.raises(NoPage) as failure:
        workshop.build()

    assert str(failure.value) == (
        f"The page could not be built: `npm {' '.join(INSTALL)}` ended with exit status 7; see {workshop.log}."
    )
    assert workshop.log.read_text() == "no network\n"
