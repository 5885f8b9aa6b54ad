"""Which variables each function reads once it is deployed, held against those that Terraform gives it.

terraform/tests/code.json is where the two meet: this test reads the variables off the code, Terraform's off its plan.
It sees what Settings tell, and so nothing else may read the environment.
"""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import google.auth
import pytest
from google.auth.credentials import AnonymousCredentials

from build import ROOT
from common.pipeline.sweeper import TIME_BUDGET
from common.queues import DISPATCH_MARGIN
from functions.dependencies import Dependencies
from functions.settings import Settings

CODE = json.loads((ROOT / "terraform" / "tests" / "code.json").read_text())
LOCAL_ONLY = {
    "ENABLE_TYPES",
    "ASSETS_FOLDER",
    "ASSETS_URL",
    "ASSETS_SIGNING_KEY",
    "FIRESTORE_EMULATOR_HOST",
    "CLOUD_TASKS_EMULATOR_HOST",
}
OF_CLOUD_RUN = {"K_SERVICE"}  # set by Cloud Run itself ("Container runtime contract")
DEPLOYED = {"GOOGLE_CLOUD_PROJECT": "practice-assets", "ASSETS_BUCKET": "practice-assets-assets"}


class Watched(Settings):
    """Settings that know what was read of them."""

    def __getattribute__(self, name: str) -> object:
        if name in Settings.model_fields:
            READ.add(str(Settings.model_fields[name].alias))
        return super().__getattribute__(name)


READ: set[str] = set()


@pytest.fixture
def dependencies(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the functions consist of, deployed. Clients are made, and nothing is called."""
    for name in LOCAL_ONLY:
        monkeypatch.delenv(name, raising=False)
    for name, value in DEPLOYED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(google.auth, "default", lambda **_: (AnonymousCredentials(), None))
    dependencies = Dependencies(Watched.model_validate(DEPLOYED))
    READ.clear()
    return dependencies


@pytest.mark.parametrize("function", ["api", "process", "sweep"])
def test_a_function_is_given_the_variables_that_it_reads(dependencies: Any, function: str) -> None:
    _ = dependencies.catalog, getattr(dependencies, function)

    assert set(CODE["environment"][function]) == READ - LOCAL_ONLY - OF_CLOUD_RUN


def test_every_variable_is_either_deployed_or_of_the_local_stack() -> None:
    known = {str(field.alias) for field in Settings.model_fields.values()}

    assert known == (LOCAL_ONLY | OF_CLOUD_RUN).union(*CODE["environment"].values())


def test_the_times_that_terraform_repeats_are_those_of_the_code() -> None:
    assert CODE["dispatch_margin_seconds"] == DISPATCH_MARGIN.total_seconds()
    assert CODE["sweep_budget_seconds"] == TIME_BUDGET.total_seconds()


def uses_of_the_environment(file: Path) -> Iterator[str]:
    """The line of each, or what it is given to where that is all that happens to it."""
    tree = ast.parse(file.read_text())
    given = {argument: node.func for node in ast.walk(tree) if isinstance(node, ast.Call) for argument in node.args}
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="os"), attr="environ") if isinstance(to := given.get(node), ast.Name):
                yield to.id
            case ast.Attribute(value=ast.Name(id="os"), attr="environ" | "environb" | "getenv" | "getenvb"):
                yield str(node.lineno)
            case ast.ImportFrom(module="os") | ast.Import(names=[ast.alias(name="os", asname=str())]):
                yield str(node.lineno)


def test_nothing_else_reads_the_environment() -> None:
    files = [file for folder in ("common", "functions") for file in (ROOT / folder).rglob("*.py")]

    uses = {(file.relative_to(ROOT).as_posix(), use) for file in files for use in uses_of_the_environment(file)}

    assert uses == {("functions/main.py", "read_settings")}
