"""The environment variables that each deployed function reads are those that Terraform sets.

Both sides are compared with terraform/tests/code.json: the code here, the plan in the tests of Terraform. This test
observes Settings, so nothing else may read the environment.
"""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from build import ROOT
from common.pipeline.sweeper import TIME_BUDGET
from common.queues import DISPATCH_MARGIN, MAX_DISPATCH_DEADLINE
from common.work import DEAD_LETTERS
from functions.dependencies import Dependencies
from functions.settings import Settings

CODE = json.loads((ROOT / "terraform" / "tests" / "code.json").read_text())
LOCAL_ONLY = {
    "ALLOWED_HOSTS",
    "ENABLE_TYPES",
    "ASSETS_FOLDER",
    "ASSETS_URL",
    "ASSETS_SIGNING_KEY",
    "FIRESTORE_EMULATOR_HOST",
    "CLOUD_TASKS_EMULATOR_HOST",
}
SET_BY_CLOUD_RUN = {"K_SERVICE"}  # ("Container runtime contract")
DEPLOYED = {"GOOGLE_CLOUD_PROJECT": "practice-assets", "ASSETS_BUCKET": "practice-assets-assets"}

CREDENTIALS = {"type": "authorized_user", "client_id": "id", "client_secret": "none", "refresh_token": "none"}


class RecordingSettings(Settings):
    """Settings that record which variables are read."""

    def __getattribute__(self, name: str) -> object:
        if name in Settings.model_fields:
            READ.add(str(Settings.model_fields[name].alias))
        return super().__getattribute__(name)


READ: set[str] = set()


@pytest.fixture
def dependencies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The dependencies of the deployed functions. Building the clients calls nothing."""
    for name in LOCAL_ONLY:
        monkeypatch.delenv(name, raising=False)
    for name, value in DEPLOYED.items():
        monkeypatch.setenv(name, value)
    credentials = tmp_path / "credentials.json"
    credentials.write_text(json.dumps(CREDENTIALS))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(credentials))
    dependencies = Dependencies(RecordingSettings.model_validate(DEPLOYED))
    READ.clear()
    return dependencies


@pytest.mark.parametrize("function", ["api", "process", "sweep"])
def test_a_function_gets_exactly_the_variables_that_it_reads(dependencies: Any, function: str) -> None:
    _ = dependencies.catalog, getattr(dependencies, function)

    assert set(CODE["environment"][function]) == READ - LOCAL_ONLY - SET_BY_CLOUD_RUN


def test_every_variable_is_set_by_terraform_the_local_stack_or_cloud_run() -> None:
    known = {str(field.alias) for field in Settings.model_fields.values()}

    assert known == (LOCAL_ONLY | SET_BY_CLOUD_RUN).union(*CODE["environment"].values())


def test_the_durations_in_terraform_are_those_of_the_code() -> None:
    assert CODE["dispatch_margin_seconds"] == DISPATCH_MARGIN.total_seconds()
    assert CODE["max_dispatch_deadline_seconds"] == MAX_DISPATCH_DEADLINE.total_seconds()
    assert CODE["sweep_budget_seconds"] == TIME_BUDGET.total_seconds()


def test_the_alert_on_dead_letters_counts_their_codes() -> None:
    assert set(CODE["dead_letter_codes"]) == DEAD_LETTERS


def uses_of_the_environment(file: Path) -> Iterator[str]:
    """Yields the line of each use, or the name of the function whose argument it is."""
    tree = ast.parse(file.read_text())
    callees = {argument: node.func for node in ast.walk(tree) if isinstance(node, ast.Call) for argument in node.args}
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="os"), attr="environ") if isinstance(
                callee := callees.get(node), ast.Name
            ):
                yield callee.id
            case ast.Attribute(value=ast.Name(id="os"), attr="environ" | "environb" | "getenv" | "getenvb"):
                yield str(node.lineno)
            case ast.ImportFrom(module="os") | ast.Import(names=[ast.alias(name="os", asname=str())]):
                yield str(node.lineno)


def test_nothing_else_reads_the_environment() -> None:
    files = [file for folder in ("common", "functions") for file in (ROOT / folder).rglob("*.py")]

    uses = {(file.relative_to(ROOT).as_posix(), use) for file in files for use in uses_of_the_environment(file)}

    assert uses == {("functions/main.py", "read_settings")}
