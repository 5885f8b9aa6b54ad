"""Invalid calls: each kind of error has its status and code, and stores and enqueues nothing.

Which calls are invalid is proven by the unit tests of parsing, bodies, JSON values, routes and problems.
"""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from common.pipeline.submission import MAX_REQUEST_BYTES
from functions.http.bodies import MAX_BATCH
from tests.integration.running import Caller, Service

REQUEST: dict[str, Any] = {"type": "diagnostic", "input": {}}
INVALID: dict[str, Any] = {"type": "diagnostic", "input": {"steps": 0}}
TOO_LATE: dict[str, Any] = {**REQUEST, "run_at": "2999-01-01T00:00:00Z"}
BODIES = {"/requests": REQUEST, "/requests:batch": {"requests": [REQUEST]}}
LIMITS = [("/requests", MAX_REQUEST_BYTES), ("/requests:batch", MAX_BATCH * MAX_REQUEST_BYTES)]
BY_ID = [("GET", ""), ("POST", ":cancel"), ("POST", ":retry"), ("GET", "/assets/a.png")]


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Returns the status and the code of a well-formed problem document."""
    document = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert document["status"] == answer.status_code
    return answer.status_code, str(document["code"])


def pointers(answer: httpx.Response) -> list[str]:
    return [error["pointer"] for error in answer.json()["errors"]]


@pytest.fixture
def caller(service: Service) -> Iterator[Caller]:
    """A new caller. At the end of the test, the caller must have no request and no task."""
    new = service.caller()
    yield new
    assert service.stored_by(new) == []
    assert service.enqueued_by(new) == []


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/requests", INVALID, "/input/steps"),
        ("/requests:batch", {"requests": [REQUEST, INVALID]}, "/requests/1/input/steps"),
        ("/requests", {**REQUEST, "run_at": "2999-01-01T00:00:00Z"}, "/run_at"),
        (
            "/requests:batch",
            {"requests": [REQUEST, {**REQUEST, "run_at": "2999-01-01T00:00:00Z"}]},
            "/requests/1/run_at",
        ),
    ],
)
def test_an_invalid_body_is_refused_with_a_pointer(caller: Caller, path: str, body: Any, expected: str) -> None:
    answer = caller.post(path, body)

    assert problem(answer) == (422, "invalid_input")
    assert pointers(answer) == [expected]


@pytest.mark.parametrize("path", BODIES)
def test_a_body_that_is_not_json_is_refused(caller: Caller, path: str) -> None:
    answer = caller.send(path, b"{")

    assert problem(answer) == (422, "invalid_input")
    assert pointers(answer) == [""]


@pytest.mark.parametrize("path", BODIES)
def test_another_content_type_is_refused(caller: Caller, path: str) -> None:
    answer = caller.send(path, json.dumps(BODIES[path]).encode(), Content_Type="text/plain")

    assert problem(answer) == (422, "invalid_input")


@pytest.mark.parametrize("path", BODIES)
def test_an_invalid_idempotency_key_is_refused(caller: Caller, path: str) -> None:
    answer = caller.post(path, BODIES[path], key="k" * 256)

    assert problem(answer) == (422, "invalid_input")
    assert "Idempotency-Key" in answer.json()["detail"]


@pytest.mark.parametrize(("path", "limit"), LIMITS)
def test_a_body_above_the_limit_is_refused(caller: Caller, path: str, limit: int) -> None:
    answer = caller.send(path, b"x" * (limit + 1))

    assert problem(answer) == (413, "too_large")
    assert str(limit) in answer.json()["detail"]


def test_a_chunked_body_above_the_limit_is_refused(caller: Caller) -> None:
    chunks = (b"x" * 1000 for _ in range(MAX_REQUEST_BYTES // 1000 + 1))

    answer = caller.send("/requests", chunks)

    assert "Content-Length" not in answer.request.headers
    assert problem(answer) == (413, "too_large")


@pytest.mark.parametrize(("method", "suffix"), BY_ID)
def test_an_unknown_id_is_not_found(caller: Caller, method: str, suffix: str) -> None:
    assert problem(caller.call(method, f"/requests/{uuid4().hex}{suffix}")) == (404, "not_found")


@pytest.mark.parametrize("malformed", ["x", "%2E%2E", "%00", "%ff", "a%2Fb", "0" * 5000])
def test_a_malformed_id_is_not_found(caller: Caller, malformed: str) -> None:
    assert problem(caller.get(f"/requests/{malformed}")) == (404, "not_found")


def test_an_unknown_path_is_not_found(caller: Caller) -> None:
    assert problem(caller.get("/nothing")) == (404, "not_found")


@pytest.mark.parametrize(("name", "value"), [("limit", "0"), ("status", "open"), ("page_token", "x"), ("offset", "1")])
def test_an_invalid_parameter_is_refused(caller: Caller, name: str, value: str) -> None:
    answer = caller.get("/requests", **{name: value})

    assert problem(answer) == (422, "invalid_input")


def test_another_method_is_refused_with_the_allowed_ones(caller: Caller) -> None:
    answer = caller.call("DELETE", "/requests")

    assert problem(answer) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
