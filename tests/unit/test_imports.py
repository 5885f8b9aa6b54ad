"""Each package imports only the packages below it."""

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


@pytest.mark.parametrize("package", BELOW)
def test_a_package_imports_only_the_packages_below_it(package: str) -> None:
    ours = {*BELOW, "tests"}

    imported = {name for path in (ROOT / package).rglob("*.py") for name in top_level_imports(path)}

    assert imported & ours <= BELOW[package] | {package}


def top_level_imports(path: Path) -> list[str]:
    return re.findall(r"^\s*(?:from|import) (\w+)", path.read_text(), flags=re.MULTILINE)
