"""Cross-origin calls: what a browser lets which page do."""

import pytest

from tests.integration.running import PAGE, Caller

ASK = {"type": "diagnostic", "input": {}}
OTHERS = ["http://evil.example", f"{PAGE}.evil.example", f"{PAGE}:8080", PAGE.replace("http", "https"), "null", "*", ""]


def test_the_page_may_read_the_answer_and_its_headers(caller: Caller) -> None:
    answer = caller.post("/requests", ASK, Origin=PAGE)

    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert set(answer.headers["Access-Control-Expose-Headers"].split(", ")) == {
        "Location",
        "Retry-After",
        "Idempotency-Replayed",
    }


@pytest.mark.parametrize("path", ["/requests?limit=0", "/nothing", f"/requests/{'0' * 32}"])
def test_the_page_may_read_what_was_wrong(caller: Caller, path: str) -> None:
    answer = caller.call("GET", path, headers={"Origin": PAGE})

    assert answer.is_client_error
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE


def test_the_page_may_read_that_its_token_has_expired(caller: Caller) -> None:
    answer = caller.call("GET", "/requests", headers={"Origin": PAGE, "Authorization": "Bearer expired"})

    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (401, PAGE)


@pytest.mark.parametrize("origin", OTHERS)
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_another_page_may_read_nothing(caller: Caller, method: str, origin: str) -> None:
    answer = caller.call(method, "/requests", headers={"Origin": origin, "Access-Control-Request-Method": "POST"})

    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("path", ["/requests", "/requests:batch", f"/requests/{'0' * 32}:cancel", "/requests/mistyped"])
def test_the_page_is_told_beforehand_what_it_may_send(caller: Caller, path: str) -> None:
    asked = {"Origin": PAGE, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}

    answer = caller.http.request("OPTIONS", path, headers=asked)

    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert set(answer.headers["Access-Control-Allow-Methods"].split(", ")) == {"GET", "POST"}
    assert {name.lower() for name in answer.headers["Access-Control-Allow-Headers"].split(", ")} == {
        "authorization",
        "content-type",
        "idempotency-key",
        "traceparent",
    }
    assert int(answer.headers["Access-Control-Max-Age"]) > 0


@pytest.mark.parametrize("origin", [PAGE, "http://evil.example", None])
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_a_cache_keeps_the_answers_for_each_origin_apart(caller: Caller, method: str, origin: str | None) -> None:
    answer = caller.call(method, "/types", headers={} if origin is None else {"Origin": origin})

    assert answer.headers["Vary"] == "Origin"


def test_no_page_is_let_in_with_cookies(caller: Caller) -> None:
    answer = caller.call("GET", "/requests", headers={"Origin": PAGE})

    assert "Access-Control-Allow-Credentials" not in answer.headers
