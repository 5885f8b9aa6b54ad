"""When the page is built, and what is told; with a Node.js that only notes what it is asked for."""

import os
from pathlib import Path

import pytest

from build.node import linked, system_node
from build.npm import INSTALL
from build.page import NoPage, built_page

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
        self.told: list[str] = []
        self.web.mkdir()
        self.tools.mkdir()
        for name in ("package.json", "package-lock.json", "index.html"):
            (self.web / name).write_text("{}")
        self.tool("node", NODE)
        self.tool("npm", NPM)

    def tool(self, name: str, script: str) -> None:
        (self.tools / name).write_text(script)
        (self.tools / name).chmod(0o755)

    def build(self) -> list[str]:
        """What npm was asked for."""
        calls = self.web.parent / "calls"
        calls.unlink(missing_ok=True)
        built_page(tell=self.told.append, web=self.web, log=self.log)
        return calls.read_text().splitlines() if calls.exists() else []


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    workshop = Workshop(tmp_path)
    monkeypatch.setenv("PATH", f"{workshop.tools}{os.pathsep}{os.environ['PATH']}")
    return workshop


def test_a_first_build_installs_the_packages_and_is_told_with_its_duration(workshop: Workshop) -> None:
    assert workshop.build() == INSTALL_AND_BUILD
    assert workshop.told == ["Building the page ...", "The page is built, in 0 s."]
    assert (workshop.web / "dist" / "index.html").exists()


def test_what_is_built_already_is_not_built_again(workshop: Workshop) -> None:
    workshop.build()

    assert workshop.build() == []


@pytest.mark.parametrize("name", ["index.html", "src/new.ts"])
def test_a_changed_or_new_source_is_built_without_installing_again(workshop: Workshop, name: str) -> None:
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


def test_a_build_by_other_means_is_not_taken_for_ours(workshop: Workshop) -> None:
    workshop.build()
    (workshop.web / "dist" / ".built-from").unlink()

    assert workshop.build() == BUILD


def test_a_build_that_fails_is_told_in_one_line_and_its_words_are_in_the_log(workshop: Workshop) -> None:
    workshop.tool("npm", FAILING_NPM)

    with pytest.raises(NoPage) as failure:
        workshop.build()

    assert str(failure.value) == (
        f"The page could not be built: `npm {' '.join(INSTALL)}` ended with exit status 7; {workshop.log} says why."
    )
    assert workshop.log.read_text() == "no network\n"


@pytest.mark.parametrize(("version", "enough"), [("v20.18.9", False), ("v20.19.0", True), ("v24.1.0", True)])
def test_the_systems_node_is_used_if_it_is_new_enough(workshop: Workshop, version: str, enough: bool) -> None:
    workshop.tool("node", NODE.replace("v22.12.0", version))

    assert system_node(str(workshop.tools)) == (workshop.tools if enough else None)


def test_a_node_without_npm_is_not_used(workshop: Workshop) -> None:
    (workshop.tools / "npm").unlink()

    assert system_node(str(workshop.tools)) is None


def test_the_npm_of_the_wheel_is_run_where_its_files_are(tmp_path: Path) -> None:
    scripts = tmp_path / "wheel" / "lib" / "node_modules" / "npm" / "bin"

    for _ in range(2):
        folder = linked(tmp_path / "wheel", folder=tmp_path / "node")

    assert {link.name: link.readlink() for link in folder.iterdir()} == {
        "node": tmp_path / "wheel" / "bin" / "node",
        "npm": scripts / "npm-cli.js",
        "npx": scripts / "npx-cli.js",
    }
