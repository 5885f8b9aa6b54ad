"""One real request, followed to its end: whether what is deployed works."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from functions.http.problems import MEDIA_TYPE

WITHIN = timedelta(minutes=5)
EVERY = timedelta(seconds=1)
ENDS = frozenset({"completed", "failed", "cancelled"})
REQUEST = {
    "type": "medical_asset",
    "input": {
        "doctor_name": "Dr. Ann Weber",
        "practice_name": "Lakeside Dental",
        "practice_type": "dentist",
        "channel": "social",
        "primary_message": "Gentle check-ups, also on Saturdays",
    },
}


class NotWorking(Exception):
    """What is deployed does not do what it should; the message says what it did."""


def smoke(
    api: str,
    token: str,
    *,
    invoker: str | None = None,
    tell: Callable[[str], None] = print,
    within: timedelta = WITHIN,
) -> None:
    """Ask for an asset, wait for its end and open its file. Raises NotWorking.

    `invoker` is the ID token of somebody who may invoke an API that is not public; Cloud Run looks for it in a header
    of its own, and leaves Authorization to the application ("Authenticating service-to-service").
    """
    headers = {"Authorization": f"Bearer {token}"}
    if invoker is not None:
        headers["X-Serverless-Authorization"] = f"Bearer {invoker}"
    with httpx.Client(base_url=api, headers=headers, timeout=60) as http:
        patiently = Patience(tell, within)
        key = {"Idempotency-Key": secrets.token_hex(16)}  # asked again, it is the same request
        asked = patiently.ask("POST /requests", lambda: http.post("/requests", json=REQUEST, headers=key), wanted=202)
        path = asked.headers["Location"]
        tell(f"Asked for {path}.")
        request = _followed(http, path, patiently)
        if request["status"] != "completed":
            raise NotWorking(f"It ended {request['status']}: {request.get('error')}")
        for asset in request["result"]["assets"]:
            _open(http, path, asset, patiently)


@dataclass(frozen=True)
class Patience:
    """Fresh grants take minutes, in which a call is repeated that may be answered otherwise later."""

    tell: Callable[[str], None]
    within: timedelta

    def ask(self, what: str, call: Callable[[], httpx.Response], *, wanted: int = 200) -> httpx.Response:
        """The answer, if it is the one that is wanted. Raises NotWorking."""
        deadline, seen = time.monotonic() + self.within.total_seconds(), ""
        while True:
            over = time.monotonic() >= deadline
            try:
                answer = call()
                if answer.status_code == wanted:
                    return answer
                if over or not _may_change(answer):
                    raise NotWorking(f"{what} was answered with {answer.status_code}: {answer.text[:500]}")
                problem = f"{answer.status_code}"
            except httpx.TransportError as error:
                if over:
                    raise NotWorking(f"{what} was not answered within {self.within}: {error}") from error
                problem = type(error).__name__
            if problem != seen:
                seen = problem
                self.tell(f"Not yet: {problem}.")
            time.sleep(EVERY.total_seconds())


def _may_change(answer: httpx.Response) -> bool:
    """While grants are fresh Cloud Run refuses with a page of its own; what the API itself refuses is a problem."""
    own = answer.headers.get("Content-Type", "").startswith(MEDIA_TYPE)
    return answer.is_server_error or (answer.status_code in {401, 403} and not own)


def _followed(http: httpx.Client, path: str, patiently: Patience) -> dict[str, Any]:
    deadline, seen = time.monotonic() + patiently.within.total_seconds(), ""
    while time.monotonic() < deadline:
        request: dict[str, Any] = patiently.ask(f"GET {path}", lambda: http.get(path)).json()
        if request["status"] != seen:
            seen = request["status"]
            patiently.tell(f"It is {seen}.")
        if seen in ENDS:
            return request
        time.sleep(EVERY.total_seconds())
    raise NotWorking(f"It is still {seen} after {patiently.within}.")


def _open(http: httpx.Client, path: str, asset: dict[str, Any], patiently: Patience) -> None:
    link = f"{path}/assets/{asset['name']}"
    url = patiently.ask(f"GET {link}", lambda: http.get(link)).json()["url"]
    opened = patiently.ask(f"Its file {asset['name']}", lambda: httpx.get(url, timeout=60))
    if len(opened.content) != asset["bytes"]:
        raise NotWorking(f"Its file {asset['name']} has {len(opened.content)} bytes instead of {asset['bytes']}")
    patiently.tell(f"Opened {asset['name']}, {len(opened.content)} bytes of {opened.headers['Content-Type']}.")
