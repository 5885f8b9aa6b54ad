"""The problem document of each error."""

import json
from datetime import timedelta

import pytest
from werkzeug.exceptions import BadRequest, HTTPException, MethodNotAllowed
from werkzeug.exceptions import NotFound as NoSuchPath

from common.errors import (
    BrokenBody,
    Erased,
    Expired,
    Fault,
    Forbidden,
    InvalidInput,
    KeyReused,
    NewerRecord,
    NotFound,
    NotSignedIn,
    QuotaExceeded,
    TooLarge,
    TypeNotOffered,
    Unavailable,
    UnsupportedCoding,
    WrongState,
)
from functions.http import problems
from functions.http.problems import PROBLEMS, REPEAT, Problem

ERRORS: list[tuple[Exception, int, str]] = [
    (InvalidInput(Fault("/a", "must be a number")), 422, "invalid_input"),
    (TooLarge("A body may have 5 bytes."), 413, "too_large"),
    (UnsupportedCoding("Content-Encoding: gzip is not supported."), 415, "unsupported_coding"),
    (BrokenBody(), 400, "bad_request"),
    (KeyReused(), 422, "idempotency_key_reused"),
    (NotSignedIn("Send a token."), 401, "not_signed_in"),
    (Forbidden("The token has no tenant."), 403, "forbidden"),
    (NotFound("There is no such request."), 404, "not_found"),
    (WrongState("The request has completed."), 409, "wrong_state"),
    (TypeNotOffered("Requests of this type are no longer accepted."), 409, "type_not_offered"),
    (Erased("The request was erased."), 410, "erased"),
    (Expired("Submit it again."), 410, "expired"),
    (QuotaExceeded(100, timedelta(seconds=4)), 429, "too_many_open_requests"),
    (Unavailable("internal detail"), 503, "unavailable"),
    (NewerRecord("internal detail"), 503, "roll_out"),
]


def problem_of(error: Exception) -> Problem:
    problem = problems.of_error(error)
    assert problem is not None
    return problem


@pytest.mark.parametrize(("error", "status", "code"), ERRORS, ids=[type(each[0]).__name__ for each in ERRORS])
def test_an_error_has_a_status_and_a_code(error: Exception, status: int, code: str) -> None:
    problem = problem_of(error)

    assert (problem.status, problem.code) == (status, code)
    assert problem.detail == (REPEAT if status == 503 else str(error))


def test_every_error_is_tested() -> None:
    assert PROBLEMS.keys() == {type(error) for error, _, _ in ERRORS}


def test_a_bug_has_no_problem_of_its_own() -> None:
    assert problems.of_error(ZeroDivisionError()) is None


@pytest.mark.parametrize(
    ("error", "headers"),
    [
        (NotSignedIn(), {"WWW-Authenticate": "Bearer"}),
        (Unavailable(), {"Retry-After": "5"}),
        (NewerRecord(), {"Retry-After": "5"}),
        (QuotaExceeded(100, timedelta(seconds=3.2)), {"Retry-After": "4"}),
        (QuotaExceeded(100, timedelta(0)), {"Retry-After": "1"}),
        (NotFound(), {}),
    ],
)
def test_an_error_has_headers(error: Exception, headers: dict[str, str]) -> None:
    assert problem_of(error).headers == headers


@pytest.mark.parametrize(
    ("error", "pointers"),
    [
        (InvalidInput(Fault("/a", "must be a number"), Fault("/b", "must be a text")), ["/a", "/b"]),
        (KeyReused("/requests/1"), ["/requests/1"]),
        (KeyReused(), []),
    ],
)
def test_a_problem_has_a_pointer_to_each_fault(error: Exception, pointers: list[str]) -> None:
    assert [fault.pointer for fault in problem_of(error).faults] == pointers


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NoSuchPath(), 404, "not_found"),
        (MethodNotAllowed(["POST"]), 405, "method_not_allowed"),
        (BadRequest(), 400, "bad_request"),
    ],
)
def test_a_call_that_no_operation_serves_has_a_problem(error: HTTPException, status: int, code: str) -> None:
    problem = problems.of_http_error(error)

    assert (problem.status, problem.code) == (status, code)


def test_a_method_that_is_not_allowed_is_answered_with_the_allowed_ones() -> None:
    problem = problems.of_http_error(MethodNotAllowed(["POST", "GET"]))

    assert problem.headers == {"Allow": "GET, OPTIONS, POST"}


def test_a_problem_is_rendered_as_rfc_9457() -> None:
    problem = Problem(422, "invalid_input", "Not valid", "It is.", (Fault("/a", "must be 1"),), {"Retry-After": "1"})

    response = problem.to_response()

    assert (response.status_code, response.headers["Retry-After"]) == (422, "1")
    assert response.content_type == "application/problem+json"
    assert json.loads(response.get_data()) == {
        "type": "about:blank",
        "title": "Not valid",
        "status": 422,
        "code": "invalid_input",
        "detail": "It is.",
        "errors": [{"pointer": "/a", "detail": "must be 1"}],
    }
