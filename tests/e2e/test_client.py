"""The page's client against the API and Firestore of the local stack."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from build.npm import NpmFailed
from build.page import install_npm
from common.pipeline.record import ENDED
from local.stack.stack import Stack
from tests.e2e.api_client import ApiClient, new_uid
from tests.processes import wait_until


def test_the_listener_and_the_api_return_the_same_requests(stack: Stack, database: str, tmp_path: Path) -> None:
    uid, log = new_uid(), tmp_path / "vitest.log"
    api, in_an_hour = ApiClient(stack.addresses, uid), datetime.now(UTC) + timedelta(hours=1)
    ending = [
        api.submit_asset("Gentle check-ups, also on Saturdays."),
        api.submit_diagnostic(sleep_seconds=0.1, steps=3, fail_times=1),
        api.submit_diagnostic(fail_times=1, permanent=True),
        api.submit_diagnostic(snooze_seconds=0.1),
    ]
    later = api.submit_asset("Open on Sundays.", run_at=in_an_hour)
    cancelled = api.submit_asset("Closed on Mondays.", run_at=in_an_hour.replace(microsecond=0))
    api.cancel(cancelled)
    wait_until(lambda: all(api.get(each)["status"] in ENDED for each in ending))
    running = api.submit_diagnostic(sleep_seconds=30)  # in one step, so it does not change between the two answers
    wait_until(lambda: "progress" in api.get(running))

    _run_vitest("listener", stack, database, uid, log)

    assert f"{len({*ending, running, later, cancelled})} requests are the same" in log.read_text()
    assert api.get(running)["status"] == "processing"


def test_the_client_follows_submitted_requests_to_their_end(stack: Stack, database: str, tmp_path: Path) -> None:
    _run_vitest("client", stack, database, new_uid(), tmp_path / "vitest.log")


def _run_vitest(name: str, stack: Stack, database: str, uid: str, log: Path) -> None:
    """Runs web/tests/stack/{name}.test.ts as this user. The output is in `log`; a failure shows the end of it."""
    environment = {
        "API": stack.addresses.api,
        "FIRESTORE": stack.addresses.firestore,
        "DATABASE": database,
        "PROJECT": stack.addresses.project,
        "USER_ID": uid,
    }
    npm = install_npm(report=print, log=log)
    try:
        npm.call(
            "exec", "--", "vitest", "run", "--config", "tests/stack/vitest.config.ts", name, environment=environment
        )
    except NpmFailed as error:
        error.add_note(log.read_text()[-6000:])
        raise
