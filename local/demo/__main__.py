"""`python -m local.demo`: sends requests through the running stack, or its own, and checks all their states."""

import os
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any

import httpx
from google.cloud.firestore import Client
from rich.console import Console

from common.pipeline.record import ENDED
from common.queues import BadPolicy
from local.demo.follow import Follower
from local.demo.scenarios import ASSET, BATCH, CANCELLED, SINGLE, Scenario
from local.emulators.firestore import BadRules, NoEmulator
from local.stack.addresses import Addresses, AlreadyRunning, find_running_stack
from local.stack.loopback import bypass_proxies
from local.stack.signals import interrupt_on_signals
from local.stack.stack import FOLDER, Stack
from local.stack.supervisor import PartFailed
from local.token import unsigned_token

USER = "demo"
WITHIN_SECONDS = 90


class DemoFailed(Exception):
    """A request did not go as expected."""


FAILURES = (AlreadyRunning, BadPolicy, BadRules, DemoFailed, NoEmulator, PartFailed, TimeoutError, httpx.HTTPError)


def main() -> int:
    console = Console(soft_wrap=True, highlight=False)
    bypass_proxies()
    interrupt_on_signals()
    try:
        with _running_stack(console) as addresses:
            run(addresses, console)
    except FAILURES as error:
        console.print(f"{type(error).__name__}: {error}", style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


@contextmanager
def _running_stack(console: Console) -> Iterator[Addresses]:
    if addresses := find_running_stack(FOLDER):
        console.print(f"Using the running stack, {addresses.api}.")
        yield addresses
        return
    console.print("No stack is running; starting one for this demo.")
    with Stack(report=lambda line: console.print(line, markup=False)) as stack:
        yield stack.addresses
        console.print("Stopping the stack ...")


def run(addresses: Addresses, console: Console) -> None:
    """Raises DemoFailed or TimeoutError."""
    total, started = len(SINGLE) + len(BATCH), monotonic()
    console.print(f"\n{total} requests, {len(BATCH)} of them as a batch. Some fail on purpose, and one is cancelled.\n")
    os.environ["FIRESTORE_EMULATOR_HOST"] = addresses.firestore
    api = Api(addresses.api)
    with Follower(Client(project=addresses.project), f"u:{USER}", console) as follower:
        submitted = []
        for scenario, answer in api.submit_all():
            follower.add(scenario.name, answer)
            submitted.append((scenario, answer["id"]))
        ids = {scenario.name: request_id for scenario, request_id in submitted}
        cancelled = ids[CANCELLED.name]
        follower.wait_for(lambda: "processing 1" in follower.states(cancelled), seconds=WITHIN_SECONDS)
        api.post(f"/requests/{cancelled}:cancel", status=200)
        follower.wait_for(
            lambda: all(follower.document(each)["status"] in ENDED for each in ids.values()), seconds=WITHIN_SECONDS
        )
    for scenario, request_id in submitted:
        check(scenario, follower.states(request_id), follower.document(request_id))
    console.print(f"[green]All {total} requests went through the expected states[/] in {monotonic() - started:.1f} s.")
    replayed = api.submit(ASSET, status=200)
    if replayed["id"] != ids[ASSET.name]:
        raise DemoFailed(f"The same call with the same key returned another request: {replayed}")
    console.print("The same call with the same key returned the same request.")
    [asset] = replayed["result"]["assets"]
    console.print(f"{ASSET.name}: {api.download_size(replayed['id'], asset['name']) // 1024} KiB, in")
    console.print(f"  {FOLDER / 'assets' / asset['path']}")


class Api:
    """The API, called as the demo's user. Its idempotency keys are unique to this run."""

    def __init__(self, url: str) -> None:
        headers = {"Authorization": f"Bearer {unsigned_token(USER)}"}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=30)
        self._run = uuid.uuid4().hex

    def submit_all(self) -> Iterator[tuple[Scenario, dict[str, Any]]]:
        """Yields each request as soon as it is accepted: the single ones, then the batch."""
        for scenario in SINGLE:
            yield scenario, self.submit(scenario, status=202)
        batch = {"requests": [scenario.body for scenario in BATCH]}
        answers = self.post("/requests:batch", batch, key="batch", status=202)["requests"]
        yield from zip(BATCH, answers, strict=True)

    def submit(self, scenario: Scenario, *, status: int) -> dict[str, Any]:
        return self.post("/requests", scenario.body, key=scenario.name, status=status)

    def post(
        self, path: str, body: Mapping[str, Any] | None = None, *, key: str | None = None, status: int
    ) -> dict[str, Any]:
        """Returns the body of the answer. Raises DemoFailed at another status."""
        headers = {"Idempotency-Key": f"demo {self._run}: {key}"} if key else {}
        answer = self._http.post(path, json=body, headers=headers)
        if answer.status_code != status:
            raise DemoFailed(f"{answer.request.method} {answer.url} answered {answer.status_code}: {answer.text}")
        content: dict[str, Any] = answer.json()
        return content

    def download_size(self, request_id: str, asset: str) -> int:
        """Downloads the asset by its signed URL, as a browser does. Returns its size in bytes."""
        link = self._http.get(f"/requests/{request_id}/assets/{asset}").raise_for_status().json()
        image = httpx.get(link["url"]).raise_for_status()
        return len(image.content)


def check(scenario: Scenario, states: Sequence[str], document: Mapping[str, Any]) -> None:
    """Raises DemoFailed if the request went through other states or has other errors than expected."""
    actual = (states, (document.get("error") or {}).get("code"), len(document.get("errors") or ()))
    expected = (scenario.states, scenario.error_code, scenario.failed_attempts)
    if actual != expected:
        raise DemoFailed(f"{scenario.name}: states, error code and failed attempts are {actual}, not {expected}")


if __name__ == "__main__":
    sys.exit(main())
