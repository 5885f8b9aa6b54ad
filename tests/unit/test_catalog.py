"""Which types of work this release offers."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

import common.work
from common.catalog import WorkType, load_catalog
from common.queues import BadPolicy
from common.work import JsonObject, Work, WorkInput
from tests.unit.builders import POLICY, Input

OFF = POLICY.model_copy(update={"enabled": False})


def run(given: WorkInput, work: Work) -> JsonObject:
    return {}


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A type of work as its module."""
    module = ModuleType("common.work.demo", "Makes what was asked for.\n\nMore about it.")
    vars(module).update(Input=Input, run=run)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


@pytest.mark.usefixtures("demo")
def test_an_enabled_type_is_offered_with_its_module_and_policy() -> None:
    catalog = load_catalog({"demo": POLICY})

    assert catalog == {"demo": WorkType("demo", Input, run, POLICY, "Makes what was asked for.")}


def test_a_type_that_is_not_enabled_is_not_even_imported() -> None:
    assert load_catalog({"no_such_module": OFF}) == {}


@pytest.mark.usefixtures("demo")
def test_a_type_can_be_enabled_beside_its_policy() -> None:
    assert load_catalog({"demo": OFF}, also_enabled=["demo"]).keys() == {"demo"}


def test_a_type_without_a_docstring_is_described_by_its_name(demo: ModuleType) -> None:
    demo.__doc__ = None

    assert load_catalog({"demo": POLICY})["demo"].description == "demo"


def test_a_type_without_a_policy_is_a_fault_that_names_the_known_ones() -> None:
    with pytest.raises(BadPolicy, match=r"^other: .*only one, two$"):
        load_catalog({"two": OFF, "one": OFF}, also_enabled=["other"])


def test_a_policy_without_a_module_is_a_fault_that_names_it() -> None:
    with pytest.raises(BadPolicy, match=r"^no_such_module: there is no module common/work/no_such_module$"):
        load_catalog({"no_such_module": POLICY})


def test_a_module_that_lacks_a_package_says_which(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "needy.py").write_text("import no_such_package")
    monkeypatch.setattr(common.work, "__path__", [*common.work.__path__, str(tmp_path)])

    with pytest.raises(ModuleNotFoundError, match="no_such_package"):
        load_catalog({"needy": POLICY})
