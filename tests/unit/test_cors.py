"""Cross-origin calls: the headers by which a browser allows a page to call the API."""

import pytest
from flask import Request, Response
from werkzeug.test import EnvironBuilder

from functions.http.cors import Cors

PAGE = "http://page.example"
CORS = Cors(frozenset({PAGE}))
OTHERS = [
    "http://evil.example",
    f"{PAGE}.evil.example",
    f"{PAGE}:8080",
    PAGE.replace("http", "https"),
    PAGE.upper(),
    "null",
    "*",
    "",
    None,
]


def call(origin: str | None, method: str = "GET") -> Request:
    headers = [] if origin is None else [("Origin", origin)]
    return Request(EnvironBuilder(method=method, headers=headers).get_environ())


def cors_headers(response: Response) -> dict[str, str]:
    return {name: value for name, value in response.headers if name.startswith("Access-Control-")}


def test_a_configured_page_may_read_the_answer_and_its_headers() -> None:
    assert cors_headers(CORS.allow(call(PAGE), Response())) == {
        "Access-Control-Allow-Origin": PAGE,
        "Access-Control-Expose-Headers": "Location, Retry-After, Idempotency-Replayed",
    }


def test_a_preflight_states_the_methods_and_headers_that_a_page_may_send() -> None:
    response = CORS.preflight(call(PAGE, "OPTIONS"), ["POST"])

    assert (response.status_code, response.headers["Allow"]) == (204, "OPTIONS, POST")
    assert cors_headers(response) == {
        "Access-Control-Allow-Origin": PAGE,
        "Access-Control-Expose-Headers": "Location, Retry-After, Idempotency-Replayed",
        "Access-Control-Allow-Methods": "DELETE, GET, POST",
        "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, Traceparent",
        "Access-Control-Max-Age": "3600",
    }


@pytest.mark.parametrize("origin", OTHERS)
def test_another_page_may_read_nothing(origin: str | None) -> None:
    answers = [CORS.allow(call(origin), Response()), CORS.preflight(call(origin, "OPTIONS"), ["POST"])]

    assert [cors_headers(answer) for answer in answers] == [{}, {}]


@pytest.mark.parametrize("origin", [PAGE, "http://evil.example", None])
def test_caches_store_an_answer_for_each_origin(origin: str | None) -> None:
    answers = [CORS.allow(call(origin), Response()), CORS.preflight(call(origin, "OPTIONS"), ["POST"])]

    assert [answer.headers["Vary"] for answer in answers] == ["Origin", "Origin"]
