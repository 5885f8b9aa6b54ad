"""The engine stays what it is: no clock, no thread, no network of its own."""

import ast
from pathlib import Path

import pytest

from local.cloud_tasks import engine

MODULES = sorted(Path(engine.__file__).parent.glob("*.py"))
OUTSIDE = {"aiohttp", "asyncio", "grpc", "http", "os", "random", "requests", "socket", "threading", "time"}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_no_module_of_the_engine_reaches_outside(module: Path) -> None:
    tree = ast.walk(ast.parse(module.read_text()))
    imported = {name for node in tree for name in _imported(node)}

    assert {name.partition(".")[0] for name in imported} & OUTSIDE == set()
    assert all(name.startswith("local.cloud_tasks.engine") for name in imported if name.startswith("local"))
    assert ".now(" not in module.read_text()


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
