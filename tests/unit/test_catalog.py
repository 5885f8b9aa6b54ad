"""The types of work that a release loads."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

import common.work
from common.catalog import WorkType, load_catalog
from common.queues import BadPolicy, Policy
from common.work import JsonObject, Work, WorkInput
from tests.unit.builders import POLICY, Input

OFF = POLICY.model_copy(update={"enabled": False})
DRAINING = POLICY.model_copy(update={"enabled": "draining"})


def run(work_input: WorkInput, work: Work) -> JsonObject:
    return {}


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module of a type of work."""
    module = ModuleType("common.work.demo", "Makes a demo.\n\nMore about it.")
    vars(module).update(Input=Input, run=run)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


@pytest.mark.usefixtures("demo")
def test_an_enabled_type_is_loaded_with_its_policy_and_the_first_line_of_its_docstring() -> None:
    catalog = load_catalog({"demo": POLICY})

    assert catalog == {"demo": WorkType("demo", Input, run, POLICY, "Makes a demo.")}


def test_a_type_that_is_not_enabled_is_not_imported() -> None:
    assert load_catalog({"no_such_module": OFF}) == {}


@pytest.mark.usefixtures("demo")
def test_also_enabled_types_are_loaded() -> None:
    assert load_catalog({"demo": OFF}, also_enabled=["demo"]).keys() == {"demo"}


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize("also_enabled", [[], ["demo"]], ids=["as deployed", "with ENABLE_TYPES"])
def test_a_draining_type_is_loaded_but_not_offered_even_if_it_is_also_enabled(also_enabled: list[str]) -> None:
    catalog = load_catalog({"demo": DRAINING}, also_enabled)

    assert {name: work_type.is_offered for name, work_type in catalog.items()} == {"demo": False}


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize("policy", [POLICY, OFF], ids=["enabled", "disabled"])
def test_a_type_that_is_also_enabled_is_offered_unless_it_is_draining(policy: Policy) -> None:
    assert load_catalog({"demo": policy}, ["demo"])["demo"].is_offered


def test_a_type_without_a_docstring_is_described_by_its_name(demo: ModuleType) -> None:
    demo.__doc__ = None

    assert load_catalog({"demo": POLICY})["demo"].description == "demo"


def test_a_type_without_a_policy_raises_with_the_known_names() -> None:
    with pytest.raises(BadPolicy, match=r"^other: .*only one, two$"):
        load_catalog({"two": OFF, "one": OFF}, also_enabled=["other"])


def test_a_policy_without_a_module_raises_with_its_name() -> None:
    with pytest.raises(BadPolicy, match=r"^no_such_module: there is no module common/work/no_such_module$"):
        load_catalog({"no_such_module": POLICY})


def test_a_missing_import_of_a_type_raises_with_its_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import no_such_package")
    monkeypatch.setattr(common.work, "__path__", [*common.work.__path__, str(tmp_path)])

    with pytest.raises(ModuleNotFoundError, match="no_such_package"):
        load_catalog({"broken": POLICY})
