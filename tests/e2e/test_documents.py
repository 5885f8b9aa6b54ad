"""The client's two ways to a request, its listener and the API, against the real ones."""

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from build.npm import NpmFailed
from build.page import install_npm
from local.stack.stack import Stack
from tests.e2e.asking import Asking
from tests.processes import wait_until

ENDED = {"completed", "failed", "cancelled"}


def test_a_request_from_the_listener_equals_the_apis_answer(stack: Stack, database: str, tmp_path: Path) -> None:
    person, log = f"person-{uuid.uuid4().hex}", tmp_path / "vitest.log"
    asking, in_an_hour = Asking(stack.addresses, person), datetime.now(UTC) + timedelta(hours=1)
    ending = [
        asking.asset("Gentle check-ups, also on Saturdays."),
        asking.diagnostic(sleep_seconds=0.1, steps=3, fail_times=1),
        asking.diagnostic(fail_times=1, permanent=True),
        asking.diagnostic(snooze_seconds=0.1),
    ]
    later = asking.asset("Open on Sundays.", run_at=in_an_hour)
    cancelled = asking.asset("Closed on Mondays.", run_at=in_an_hour.replace(microsecond=0))
    asking.cancel(cancelled)
    wait_until(lambda: all(asking.request(each)["status"] in ENDED for each in ending))
    running = asking.diagnostic(sleep_seconds=30)  # in one step: it stands still while both are asked
    wait_until(lambda: "progress" in asking.request(running))

    _vitest("listener", stack, database, person, log)

    assert f"{len({*ending, running, later, cancelled})} requests are the same" in log.read_text()
    assert asking.request(running)["status"] == "processing"


def test_the_client_hears_what_becomes_of_what_it_asks(stack: Stack, database: str, tmp_path: Path) -> None:
    _vitest("client", stack, database, f"person-{uuid.uuid4().hex}", tmp_path / "vitest.log")


def _vitest(name: str, stack: Stack, database: str, person: str, log: Path) -> None:
    """Runs web/tests/stack/{name}.test.ts as this person. What it says goes to `log`; a failure shows the end of it."""
    told = {
        "API": stack.addresses.api,
        "FIRESTORE": stack.addresses.firestore,
        "DATABASE": database,
        "PROJECT": stack.addresses.project,
        "PERSON": person,
    }
    npm = install_npm(report=print, log=log)
    try:
        npm.call("exec", "--", "vitest", "run", "--config", "tests/stack/vitest.config.ts", name, environment=told)
    except NpmFailed as error:
        error.add_note(log.read_text()[-6000:])
        raise
