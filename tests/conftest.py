"""Fixtures for all tests: one emulator of each kind for the whole run."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.emulators.firestore import PROJECT, RULES, load_rules
from local.stack.parts import firestore_part
from local.stack.ports import free_port
from local.stack.supervisor import Supervisor
from tests.e2e.chromium import NO_CHROMIUM
from tests.shared import SharedEmulators, request_emulator

EMULATORS = pytest.StashKey[SharedEmulators]()


def start_firestore(supervisor: Supervisor) -> str:
    if address := os.environ.get("FIRESTORE_EMULATOR_HOST"):
        load_rules(address, RULES)
        return address
    port = free_port()
    supervisor.start([firestore_part(port, report=print)])
    return f"127.0.0.1:{port}"


STARTS = {"firestore": start_firestore}


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.stash[EMULATORS] = SharedEmulators(STARTS)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["emulators"] = str(node.config.stash[EMULATORS].folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    if EMULATORS in config.stash:
        config.stash[EMULATORS].end()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """Replaces the skip lines of the browser tests with one line at the end."""
    skipped = terminalreporter.stats.get("skipped", [])
    browserless = [report for report in skipped if NO_CHROMIUM in str(report.longrepr)]
    terminalreporter.stats["skipped"] = [report for report in skipped if report not in browserless]
    try:
        return (yield)
    finally:
        terminalreporter.stats["skipped"] = skipped
        if browserless:
            terminalreporter.write_line(f"{len(browserless)} browser tests were not run: {NO_CHROMIUM}")


@pytest.fixture(scope="session")
def emulators(pytestconfig: pytest.Config) -> Path:
    """The folder for tests.shared.request_emulator()."""
    worker: dict[str, str] | None = getattr(pytestconfig, "workerinput", None)
    return Path(worker["emulators"]) if worker else pytestconfig.stash[EMULATORS].folder


@pytest.fixture(scope="session")
def firestore_emulator(emulators: Path) -> Iterator[str]:
    """host:port of the Firestore emulator with the project's rules, also in FIRESTORE_EMULATOR_HOST. Use random ids."""
    address = request_emulator(emulators, "firestore")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIRESTORE_EMULATOR_HOST", address)
        patch.setenv("GOOGLE_CLOUD_PROJECT", PROJECT)
        yield address
