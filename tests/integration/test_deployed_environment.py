"""Which variables each function reads once it is deployed, held against those that Terraform gives it.

terraform/tests/code.json is where the two meet: this test reads the variables off the code, Terraform's off its plan.
"""

import json
from importlib import import_module
from typing import Any

import google.auth
import pytest
from google.auth.credentials import AnonymousCredentials

from common.lifecycle.ending import RETENTION
from common.queues import DISPATCH_MARGIN
from common.sweeper import TIME_BUDGET
from functions.settings import Settings
from local.supervisor import ROOT

CODE = json.loads((ROOT / "terraform" / "tests" / "code.json").read_text())
LOCAL_ONLY = {
    "ENABLE_TYPES",
    "ASSETS_FOLDER",
    "ASSETS_URL",
    "ASSETS_SIGNING_KEY",
    "FIRESTORE_EMULATOR_HOST",
    "CLOUD_TASKS_EMULATOR_HOST",
}
DEPLOYED = {"GOOGLE_CLOUD_PROJECT": "practice-assets", "ASSETS_BUCKET": "practice-assets-assets"}


class Watched(Settings):
    """Settings that know what was read of them."""

    def __getattribute__(self, name: str) -> object:
        if name in Settings.model_fields:
            READ.add(str(Settings.model_fields[name].alias))
        return super().__getattribute__(name)


READ: set[str] = set()


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the functions consist of, deployed. Clients are made, and nothing is called."""
    for name in LOCAL_ONLY:
        monkeypatch.delenv(name, raising=False)
    for name, value in DEPLOYED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(google.auth, "default", lambda **_: (AnonymousCredentials(), None))
    found = import_module("functions.main").Parts()
    found.__dict__["settings"] = Watched.model_validate(DEPLOYED)
    READ.clear()
    return found


@pytest.mark.parametrize("function", ["api", "process", "sweep"])
def test_a_function_is_given_the_variables_that_it_reads(parts: Any, function: str) -> None:
    _ = parts.catalog, getattr(parts, function)

    assert set(CODE["environment"][function]) == READ - LOCAL_ONLY


def test_every_variable_is_either_deployed_or_of_the_local_stack() -> None:
    known = {str(field.alias) for field in Settings.model_fields.values()}

    assert known == LOCAL_ONLY.union(*CODE["environment"].values())


def test_the_times_that_terraform_repeats_are_those_of_the_code() -> None:
    assert CODE["dispatch_margin_seconds"] == DISPATCH_MARGIN.total_seconds()
    assert CODE["sweep_budget_seconds"] == TIME_BUDGET.total_seconds()
    assert CODE["retention_days"] == RETENTION.days
