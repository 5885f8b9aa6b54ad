"""One real request, followed to its end: whether what is deployed works."""

import secrets
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx

from functions.problems import MEDIA_TYPE

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
        asked = _asked(http, tell=tell, within=within)
        if asked.status_code != 202:
            raise NotWorking(f"POST /requests was answered with {asked.status_code}: {asked.text[:500]}")
        path = asked.headers["Location"]
        tell(f"Asked for {path}.")
        request = _followed(http, path, tell=tell, within=within)
        if request["status"] != "completed":
            raise NotWorking(f"It ended {request['status']}: {request.get('error')}")
        for asset in request["result"]["assets"]:
            _open(http, path, asset, tell=tell)


def _asked(http: httpx.Client, *, tell: Callable[[str], None], within: timedelta) -> httpx.Response:
    """The last answer. Fresh grants take minutes, in which it is asked again, with one key for one request."""
    deadline, seen = time.monotonic() + within.total_seconds(), ""
    headers = {"Idempotency-Key": secrets.token_hex(16)}
    while True:
        over = time.monotonic() >= deadline
        try:
            asked = http.post("/requests", json=REQUEST, headers=headers)
            if over or not _may_change(asked):
                return asked
            problem = f"{asked.status_code}"
        except httpx.TransportError as error:
            if over:
                raise NotWorking(f"POST /requests was not answered within {within}: {error}") from error
            problem = type(error).__name__
        if problem != seen:
            seen = problem
            tell(f"Not yet: {problem}.")
        time.sleep(EVERY.total_seconds())


def _may_change(answer: httpx.Response) -> bool:
    """While grants are fresh Cloud Run refuses with a page of its own; what the API itself refuses is a problem."""
    own = answer.headers.get("Content-Type", "").startswith(MEDIA_TYPE)
    return answer.is_server_error or (answer.status_code in {401, 403} and not own)


def _followed(http: httpx.Client, path: str, *, tell: Callable[[str], None], within: timedelta) -> dict[str, Any]:
    deadline, seen = time.monotonic() + within.total_seconds(), ""
    while time.monotonic() < deadline:
        request: dict[str, Any] = http.get(path).raise_for_status().json()
        if request["status"] != seen:
            seen = request["status"]
            tell(f"It is {seen}.")
        if seen in ENDS:
            return request
        time.sleep(EVERY.total_seconds())
    raise NotWorking(f"It is still {seen} after {within}.")


def _open(http: httpx.Client, path: str, asset: dict[str, Any], *, tell: Callable[[str], None]) -> None:
    url = http.get(f"{path}/assets/{asset['name']}").raise_for_status().json()["url"]
    opened = httpx.get(url, timeout=60)
    if (opened.status_code, len(opened.content)) != (200, asset["bytes"]):
        raise NotWorking(
            f"Its file {asset['name']} was answered with {opened.status_code}, {len(opened.content)} bytes"
        )
    tell(f"Opened {asset['name']}, {len(opened.content)} bytes of {opened.headers['Content-Type']}.")
