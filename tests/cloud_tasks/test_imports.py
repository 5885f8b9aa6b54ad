"""The emulator depends on nothing else in this repository, and its engine on no clock, thread or network."""

import ast
from pathlib import Path

import pytest

from local import cloud_tasks
from local.cloud_tasks import engine

ROOT = Path(__file__).parents[2]
PACKAGE = Path(cloud_tasks.__file__).parent
ENGINE = Path(engine.__file__).parent
IN_REPOSITORY = {path.name.removesuffix(".py") for path in ROOT.iterdir()}
WITH_EFFECTS = {"aiohttp", "asyncio", "grpc", "http", "os", "random", "requests", "socket", "threading", "time"}


@pytest.mark.parametrize("module", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.stem)
def test_no_module_imports_from_the_rest_of_the_repository(module: Path) -> None:
    others = {name for name in imports(module) if not name.startswith("local.cloud_tasks")}

    assert {name.partition(".")[0] for name in others} & {*IN_REPOSITORY, ""} == set()


@pytest.mark.parametrize("module", sorted(ENGINE.glob("*.py")), ids=lambda path: path.stem)
def test_no_module_of_the_engine_has_effects_or_reads_the_clock(module: Path) -> None:
    imported = imports(module)

    assert {name.partition(".")[0] for name in imported} & WITH_EFFECTS == set()
    assert all(name.startswith("local.cloud_tasks.engine") for name in imported if name.startswith("local"))
    assert ".now(" not in module.read_text()


def imports(module: Path) -> set[str]:
    """The imported modules; the name of a relative import starts with a dot."""
    found = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found
