"""Each package imports only the packages below it, and each room of common/ only the rooms below it."""

import ast
import re
from pathlib import Path

import pytest

from build import ROOT

BELOW = {
    "common": set[str](),
    "functions": {"common"},
    "build": {"common", "functions"},
    "deploy": {"common", "functions", "build"},
    "local": {"common", "build"},
}

# What each folder never imports, as the beginning of a module's name.
NEVER = {
    "common/work": ("common.pipeline", "common.gateways", "google", "flask"),
    "common/pipeline": ("common.gateways", "google", "grpc", "flask"),
    "common/pipeline/lifecycle": tuple(
        f"common.pipeline.{use_case}"
        for use_case in ("store", "submission", "request_service", "worker", "attempt", "sweeper", "enqueue", "quota")
    ),
    "common/gateways": tuple(
        f"common.pipeline.{use_case}"
        for use_case in (
            "lifecycle",
            "submission",
            "request_service",
            "worker",
            "attempt",
            "sweeper",
            "enqueue",
            "quota",
        )
    ),
    "functions/http": ("common.gateways", "google", "grpc"),
}


@pytest.mark.parametrize("package", BELOW)
def test_a_package_imports_only_the_packages_below_it(package: str) -> None:
    ours = {*BELOW, "tests"}

    imported = {name for path in (ROOT / package).rglob("*.py") for name in top_level_imports(path)}

    assert imported & ours <= BELOW[package] | {package}


def top_level_imports(path: Path) -> list[str]:
    return re.findall(r"^\s*(?:from|import) (\w+)", path.read_text(), flags=re.MULTILINE)


@pytest.mark.parametrize("folder", NEVER)
def test_imports_point_one_way_inside_a_package(folder: str) -> None:
    imported = {name for path in (ROOT / folder).rglob("*.py") for name in full_imports(path)}

    assert imported
    assert {name for name in imported if f"{name}.".startswith(tuple(f"{each}." for each in NEVER[folder]))} == set()


def full_imports(path: Path) -> set[str]:
    """The names of the imported modules, and of what is imported from them, since that may be a module too."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    froms = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    return plain | {f"{node.module}.{alias.name}" for node in froms for alias in node.names}
