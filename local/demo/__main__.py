"""`python -m local.demo`: real requests through the running stack, or one of its own. Ends with 0 if all is right."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from time import monotonic
from typing import Any

import httpx
from google.cloud.firestore import Client
from PIL import Image
from rich.console import Console

from common.queues import BadPolicy
from local.demo.follow import Followed, Follower
from local.demo.scenarios import ASSET, BATCH, SCENARIOS, Scenario
from local.emulators.firestore import BadRules, NoEmulator
from local.stack.addresses import Addresses, AlreadyRunning, find_running_stack
from local.stack.loopback import bypass_proxies
from local.stack.signals import interrupt_on_signals
from local.stack.stack import FOLDER, Stack
from local.stack.supervisor import PartFailed
from local.token import unsigned_token

PERSON = "demo"
WITHIN_SECONDS = 90
COUNT = FOLDER / "demo-runs"


class Wrong(Exception):
    """Something is not as it must be."""


def main() -> int:
    console = Console()
    bypass_proxies()
    interrupt_on_signals()
    try:
        with _stack(console) as addresses:
            Demo(addresses, console).run()
    except (Wrong, PartFailed, NoEmulator, AlreadyRunning, BadPolicy, BadRules, TimeoutError, httpx.HTTPError) as error:
        console.print(f"{type(error).__name__}: {error}", style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


@contextmanager
def _stack(console: Console) -> Iterator[Addresses]:
    """The running stack, or one for as long as the demo takes."""
    if (addresses := find_running_stack(FOLDER)) is not None:
        console.print(f"Using the running stack, {addresses.api}.", highlight=False)
        yield addresses
        return
    console.print("No stack is running; starting one for this demo.")
    with Stack(report=lambda line: console.print(line, highlight=False, markup=False, soft_wrap=True)) as stack:
        yield stack.addresses
        console.print("Ending the stack ...")


class Demo:
    """One run. Its identifiers hold the number of the run, which counts up by itself."""

    def __init__(self, addresses: Addresses, console: Console) -> None:
        self._addresses = addresses
        self._console = console
        self._run = _next_run()
        token = unsigned_token(PERSON)
        self._http = httpx.Client(base_url=addresses.api, headers={"Authorization": f"Bearer {token}"}, timeout=30)

    def run(self) -> None:
        """Raises Wrong."""
        self._console.print(
            f"\nRun {self._run}: {len(SCENARIOS)} requests, and a batch of {len(BATCH)}. "
            "Some fail on purpose, and one is cancelled at work.\n",
            soft_wrap=True,
        )
        os.environ["FIRESTORE_EMULATOR_HOST"] = self._addresses.firestore
        client = Client(project=self._addresses.project)
        with Follower(client, f"u:{PERSON}", self._console) as follower:
            started = monotonic()
            followed = []
            for each in self._submit():
                follower.add(each)
                followed.append(each)
            accepted_in = monotonic() - started
            in_time = follower.follow(WITHIN_SECONDS, self._cancel_when_working)
        if not in_time:
            raise Wrong(f"Not all requests ended within {WITHIN_SECONDS} s.")
        for each in followed:
            check(each)
        self._replay(followed[0])
        self._show_asset(followed[0])
        self._console.print(
            f"[green]All {len(followed)} requests went through every state that they had to, and no other.[/] "
            f"Accepted in {accepted_in * 1000 / (len(SCENARIOS) + 1):.0f} ms a call, "
            f"ended after {monotonic() - started:.1f} s.",
            soft_wrap=True,
        )

    def _submit(self) -> Iterator[Followed]:
        """Each as soon as it is accepted: the single ones, then the batch."""
        for scenario in SCENARIOS:
            answer = self._post("/requests", scenario.body, key=scenario.name)
            yield _followed(scenario, _expect(answer, 202))
        body = {"requests": [scenario.body for scenario in BATCH]}
        accepted = _expect(self._post("/requests:batch", body, key="batch"), 202)
        for scenario, request in zip(BATCH, accepted["requests"], strict=True):
            yield _followed(scenario, request)

    def _cancel_when_working(self, followed: Followed) -> None:
        if followed.scenario.cancel and followed.document["status"] == "processing":
            _expect(self._http.post(f"/requests/{followed.id}:cancel"), 200)

    def _replay(self, followed: Followed) -> None:
        """The same call again must find the same request, not make another."""
        answer = self._post("/requests", followed.scenario.body, key=followed.scenario.name)
        if _expect(answer, 200)["id"] != followed.id or answer.headers.get("Idempotency-Replayed") != "true":
            raise Wrong(f"The replay of {followed.id} was answered with another request: {answer.text}")
        self._console.print(f"\nThe same call with the same key found {followed.id[:8]} again.", highlight=False)

    def _show_asset(self, followed: Followed) -> None:
        """Fetch the picture by its signed URL, as a browser would."""
        [asset] = followed.document["result"]["assets"]
        link = _expect(self._http.get(f"/requests/{followed.id}/assets/{asset['name']}"), 200)
        picture = httpx.get(link["url"])
        with Image.open(BytesIO(_bytes(picture))) as image:
            width, height = image.size
        path = FOLDER / "assets" / asset["path"]
        self._console.print(
            f"{ASSET.name}: {width} x {height}, {len(picture.content) // 1024} KiB, in", highlight=False
        )
        self._console.print(f"  {path}", highlight=False, soft_wrap=True)

    def _post(self, path: str, body: Mapping[str, Any], *, key: str) -> httpx.Response:
        return self._http.post(path, json=body, headers={"Idempotency-Key": f"demo {self._run}: {key}"})


def _followed(scenario: Scenario, request: dict[str, Any]) -> Followed:
    followed = Followed(scenario, request["id"], request)
    followed.see(request)
    return followed


def check(followed: Followed) -> None:
    scenario, document = followed.scenario, followed.document
    if followed.seen != scenario.states:
        raise Wrong(f"{scenario.name} ({followed.id}) was seen as {followed.seen}; expected {scenario.states}")
    code = (document.get("error") or {}).get("code")
    if code != scenario.error_code:
        raise Wrong(f"{scenario.name} ({followed.id}) ended with the code {code}; expected {scenario.error_code}")
    if (failed := len(document.get("errors") or ())) != scenario.failed_attempts:
        raise Wrong(
            f"{scenario.name} ({followed.id}) tells of {failed} failed attempts, not {scenario.failed_attempts}"
        )


def _expect(answer: httpx.Response, status: int) -> dict[str, Any]:
    if answer.status_code != status:
        raise Wrong(f"{answer.request.method} {answer.request.url} was answered {answer.status_code}: {answer.text}")
    body: dict[str, Any] = answer.json()
    return body


def _bytes(answer: httpx.Response) -> bytes:
    if answer.status_code != 200 or answer.headers["Content-Type"] != "image/png":
        raise Wrong(f"The asset server answered {answer.status_code}, {answer.headers.get('Content-Type')}")
    return answer.content


def _next_run() -> str:
    """1, 2, 3 and so on, kept beside the stack's files."""
    COUNT.parent.mkdir(parents=True, exist_ok=True)
    said = COUNT.read_text().strip() if COUNT.exists() else ""
    run = int(said) + 1 if said.isdigit() else 1
    COUNT.write_text(f"{run}\n")
    return str(run)


if __name__ == "__main__":
    sys.exit(main())
