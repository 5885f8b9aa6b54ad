"""The smoke test: sends one real request to a deployment and follows it until it has ended."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx

from common.pipeline.record import ENDED
from deploy.retry_policy import RetryPolicy
from functions.http.problems import MEDIA_TYPE

DEFAULT_RETRY = RetryPolicy(within=timedelta(minutes=5), every=timedelta(seconds=1))
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


class SmokeTestError(Exception):
    """The deployment does not work; the message quotes its answer."""


class _NotReadyError(SmokeTestError):
    """The same call may be answered differently in a moment."""


def run_smoke_test(api: str, token: str, *, invoker: str | None = None, retry: RetryPolicy = DEFAULT_RETRY) -> None:
    """Submits a request, waits for its end, and downloads its file. Raises SmokeTestError.

    An API that is not public needs `invoker`, the ID token of an identity that may invoke it. Cloud Run reads it from a
    header of its own and passes Authorization to the application ("Authenticating service-to-service").
    """
    headers = {"Authorization": f"Bearer {token}"}
    if invoker is not None:
        headers["X-Serverless-Authorization"] = f"Bearer {invoker}"
    with httpx.Client(base_url=api, headers=headers, timeout=60) as http:
        path = _submit(http, retry)
        request = _wait_for_end(http, path, retry)
        if request["status"] != "completed":
            raise SmokeTestError(f"The request ended {request['status']}: {request.get('error')}")
        for asset in request["result"]["assets"]:
            _download(http, path, asset, retry)


def _submit(http: httpx.Client, retry: RetryPolicy) -> str:
    key = {"Idempotency-Key": secrets.token_hex(16)}  # a repeated call replays the same request
    accepted = _send("POST /requests", lambda: http.post("/requests", json=REQUEST, headers=key), retry, expected=202)
    path = accepted.headers["Location"]
    retry.report(f"Submitted {path}.")
    return path


def _wait_for_end(http: httpx.Client, path: str, retry: RetryPolicy) -> dict[str, Any]:
    def get_ended_request() -> dict[str, Any]:
        request: dict[str, Any] = _checked(f"GET {path}", lambda: http.get(path)).json()
        if request["status"] not in ENDED:
            raise _NotReadyError(f"The request is {request['status']}.")
        return request

    request = retry.call(get_ended_request, retry_on=_NotReadyError)
    retry.report(f"The request is {request['status']}.")
    return request


def _download(http: httpx.Client, path: str, asset: dict[str, Any], retry: RetryPolicy) -> None:
    link = f"{path}/assets/{asset['name']}"
    url = _send(f"GET {link}", lambda: http.get(link), retry).json()["url"]
    file = _send(f"GET of the file {asset['name']}", lambda: httpx.get(url, timeout=60), retry)
    if len(file.content) != asset["bytes"]:
        raise SmokeTestError(f"The file {asset['name']} has {len(file.content)} bytes instead of {asset['bytes']}.")
    retry.report(f"Downloaded {asset['name']}, {len(file.content)} bytes of {file.headers['Content-Type']}.")


def _send(name: str, call: Callable[[], httpx.Response], retry: RetryPolicy, *, expected: int = 200) -> httpx.Response:
    return retry.call(lambda: _checked(name, call, expected=expected), retry_on=_NotReadyError)


def _checked(name: str, call: Callable[[], httpx.Response], *, expected: int = 200) -> httpx.Response:
    try:
        answer = call()
    except httpx.TransportError as error:
        raise _NotReadyError(f"{name} was not answered: {error}") from error
    if answer.status_code == expected:
        return answer
    error_type = _NotReadyError if _may_change(answer) else SmokeTestError
    raise error_type(f"{name} was answered with {answer.status_code}: {answer.text[:500]}")


def _may_change(answer: httpx.Response) -> bool:
    """While a grant is new, Cloud Run refuses with a page of its own. A refusal by the API itself is final."""
    is_from_api = answer.headers.get("Content-Type", "").startswith(MEDIA_TYPE)
    return answer.is_server_error or (answer.status_code in {401, 403} and not is_from_api)
