"""How the build finds Node.js and Java."""

from pathlib import Path

import pytest

from build.runtimes import (
    JAVA_WHEEL,
    NoRuntime,
    Wheel,
    find_java,
    find_system_node,
    java_version,
    link_programs,
    node_version,
)


@pytest.fixture
def no_java(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)


def program(path: Path, output: str) -> Path:
    path.write_text(f"#!/bin/sh\n/bin/cat >&2 <<'END'\n{output}\nEND\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("output", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', (17,)),
        ('java version "1.8.0_202"', (8,)),
        ('openjdk version "25" 2025-09-16 LTS', (25,)),
        ('openjdk version "26-ea" 2026-03-17', (26,)),
        ("The operation couldn't be completed. Unable to locate a Java Runtime.", ()),
    ],
)
def test_the_version_of_java_is_read_from_its_output(tmp_path: Path, output: str, version: tuple[int, ...]) -> None:
    assert java_version(program(tmp_path / "java", output)) == version


def test_a_program_that_does_not_run_has_no_version(tmp_path: Path) -> None:
    assert java_version(tmp_path / "absent") == node_version(tmp_path / "absent") == ()


@pytest.mark.parametrize(("version", "is_new_enough"), [("v20.18.9", False), ("v20.19.0", True), ("v24.1.0", True)])
def test_the_node_of_the_system_is_used_if_it_is_new_enough(tmp_path: Path, version: str, is_new_enough: bool) -> None:
    program(tmp_path / "node", version)
    program(tmp_path / "npm", "")

    assert find_system_node(str(tmp_path)) == (tmp_path if is_new_enough else None)


def test_a_node_without_npm_is_not_used(tmp_path: Path) -> None:
    program(tmp_path / "node", "v24.1.0")

    assert find_system_node(str(tmp_path)) is None


def test_the_programs_of_the_node_wheel_are_linked_to_its_files(tmp_path: Path) -> None:
    scripts = tmp_path / "wheel" / "lib" / "node_modules" / "npm" / "bin"

    for _ in range(2):
        folder = link_programs(tmp_path / "wheel", folder=tmp_path / "node")

    assert {link.name: link.readlink() for link in folder.iterdir()} == {
        "node": tmp_path / "wheel" / "bin" / "node",
        "npm": scripts / "npm-cli.js",
        "npx": scripts / "npx-cli.js",
    }


def test_the_java_of_the_system_is_used_if_it_is_new_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java = program(tmp_path / "java", 'openjdk version "17.0.15"')
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)

    assert find_java(17, report=print) == str(java)


def test_the_java_of_the_wheel_is_used_otherwise(
    tmp_path: Path, no_java: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "installed_jdk.py").write_text("JAVA = '/venv/java'")
    monkeypatch.syspath_prepend(tmp_path)
    wheel = Wheel(runtime="Java", requirement="installed==1", module="installed_jdk", megabytes=1)

    assert find_java(11, report=print, wheel=wheel) == "/venv/java"


def test_a_version_above_that_of_the_wheel_raises_with_the_remedy(no_java: None) -> None:
    with pytest.raises(NoRuntime, match=r"^Java 99 is needed: put it on PATH\.$"):
        find_java(99, report=print, wheel=JAVA_WHEEL)
