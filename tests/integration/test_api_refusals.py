"""Bad input: each has a problem with a stable code and pointers, and leaves nothing behind."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.integration.running import Caller, Service

ASK: dict[str, Any] = {"type": "diagnostic", "input": {}}
ASSET: dict[str, Any] = {
    "doctor_name": "Dr. Amara Okafor",
    "practice_name": "Harbour Street Dental",
    "practice_type": "Dental practice",
    "channel": "social",
    "primary_message": "New patients are welcome.",
}
LIMIT = 256 * 1024


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of an answer that is a problem document as it should be, with nothing of our insides."""
    told = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert told["status"] == answer.status_code
    assert told["type"] == "about:blank"
    assert told["title"]
    assert "Traceback" not in answer.text
    assert "pydantic" not in answer.text
    return answer.status_code, str(told["code"])


def pointers(answer: httpx.Response) -> list[str]:
    return [error["pointer"] for error in answer.json()["errors"]]


@pytest.fixture
def caller(service: Service) -> Iterator[Caller]:
    """Somebody of whom nothing may be stored or enqueued in the end."""
    new = service.caller()
    yield new
    assert service.stored_by(new) == []
    assert service.enqueued_by(new) == []


BAD_REQUESTS: dict[str, tuple[Any, list[str]]] = {
    "a list": ([], [""]),
    "a text": ("diagnostic", [""]),
    "null": (None, [""]),
    "an empty object": ({}, ["/type"]),
    "no type": ({"input": {}}, ["/type"]),
    "an unknown type": ({**ASK, "type": "juggling"}, ["/type"]),
    "an internal type": ({**ASK, "type": "webhook"}, ["/type"]),
    "a type of another case": ({**ASK, "type": "Diagnostic"}, ["/type"]),
    "a type that is a number": ({**ASK, "type": 7}, ["/type"]),
    "a type that is a list": ({**ASK, "type": ["diagnostic"]}, ["/type"]),
    "no input": ({"type": "diagnostic"}, ["/input"]),
    "an input that is null": ({**ASK, "input": None}, ["/input"]),
    "an input that is a text": ({**ASK, "input": "{}"}, ["/input"]),
    "an extra field": ({**ASK, "status": "completed"}, ["/status"]),
    "an extra field with a slash and a tilde": ({**ASK, "a/b~c": 1}, ["/a~1b~0c"]),
    "an extra field named like a type": ({**ASK, "diagnostic": 1}, ["/diagnostic"]),
    "an extra field in the input": ({**ASK, "input": {"speed": 1}}, ["/input/speed"]),
    "a number as text": ({**ASK, "input": {"steps": "2"}}, ["/input/steps"]),
    "a fraction for a whole number": ({**ASK, "input": {"steps": 1.5}}, ["/input/steps"]),
    "a boolean for a number": ({**ASK, "input": {"steps": True}}, ["/input/steps"]),
    "a number out of bounds": ({**ASK, "input": {"steps": 0}}, ["/input/steps"]),
    "a number beyond 64 bits": ({**ASK, "input": {"steps": 2**64}}, ["/input/steps"]),
    "a number for a boolean": ({**ASK, "input": {"permanent": 1}}, ["/input/permanent"]),
    "several faults": ({**ASK, "input": {"steps": 0, "permanent": 1}}, ["/input/steps", "/input/permanent"]),
    "a missing field": ({"type": "medical_asset", "input": {**ASSET, "channel": None}}, ["/input/channel"]),
    "a notification": ({**ASK, "notify": [{"type": "email", "to": "a@b.example"}]}, ["/notify"]),
    "a notification that is a text": ({**ASK, "notify": "a@b.example"}, ["/notify"]),
    "the input of another type": ({**ASK, "input": ASSET}, [f"/input/{name}" for name in ASSET]),
}


@pytest.mark.parametrize("case", BAD_REQUESTS)
def test_a_bad_request_is_refused_with_pointers_to_its_faults(caller: Caller, case: str) -> None:
    body, expected = BAD_REQUESTS[case]

    answer = caller.post("/requests", body) if body is not None else caller.send("/requests", b"null")

    assert problem(answer) == (422, "invalid_input")
    assert pointers(answer) == expected


BAD_BATCHES: dict[str, tuple[Any, list[str]]] = {
    "a list": ([ASK], [""]),
    "no list": ({}, ["/requests"]),
    "an empty list": ({"requests": []}, ["/requests"]),
    "eleven requests": ({"requests": [ASK] * 11}, ["/requests"]),
    "an extra field": ({"requests": [ASK], "atomic": True}, ["/atomic"]),
    "an object for the list": ({"requests": {"0": ASK}}, ["/requests"]),
    "a bad second request": (
        {"requests": [ASK, {"type": "medical_asset", "input": {**ASSET, "channel": "smoke"}}]},
        ["/requests/1/input/channel"],
    ),
    "a second request without a type": ({"requests": [ASK, {"input": {}}]}, ["/requests/1/type"]),
    "a second request of an unknown type": ({"requests": [ASK, {**ASK, "type": "x"}]}, ["/requests/1/type"]),
    "a second request that is null": ({"requests": [ASK, None]}, ["/requests/1"]),
    "a last request for a far future": (
        {"requests": [ASK, ASK, {**ASK, "run_at": "2999-01-01T00:00:00Z"}]},
        ["/requests/2/run_at"],
    ),
    "faults in two requests": (
        {"requests": [{**ASK, "x": 1}, ASK, {**ASK, "input": {"steps": 0}}]},
        ["/requests/0/x", "/requests/2/input/steps"],
    ),
}


@pytest.mark.parametrize("case", BAD_BATCHES)
def test_a_bad_batch_is_refused_as_a_whole_with_pointers_to_its_faults(caller: Caller, case: str) -> None:
    body, expected = BAD_BATCHES[case]

    answer = caller.post("/requests:batch", body)

    assert problem(answer) == (422, "invalid_input")
    assert pointers(answer) == expected


BAD_MOMENTS = {
    "no offset": "2026-01-31T09:00:00",
    "a date": "2026-01-31",
    "no seconds": "2026-01-31T09:00Z",
    "a space": "2026-01-31 09:00:00Z",
    "a number": 1769850000,
    "a number as text": "1769850000",
    "a fraction": 1769850000.5,
    "a boolean": True,
    "an empty text": "",
    "words": "tomorrow",
    "the 30th of February": "2026-02-30T00:00:00Z",
    "an offset of a hundred hours": "2026-01-31T09:00:00+99:59",
    "other digits": "\N{ARABIC-INDIC DIGIT TWO}026-01-31T09:00:00Z",
    "a line after it": "2026-01-31T09:00:00Z\n",
    "year 1 with an offset": "0001-01-01T00:00:00+23:59",
    "year 9999 with an offset": "9999-12-31T23:59:59-23:59",
    "year 0": "0000-01-01T00:00:00Z",
    "over a year ahead": (datetime.now(UTC) + timedelta(days=367)).isoformat(),
}


@pytest.mark.parametrize("case", BAD_MOMENTS)
def test_a_time_that_is_not_a_moment_within_a_year_is_refused(caller: Caller, case: str) -> None:
    answer = caller.post("/requests", {**ASK, "run_at": BAD_MOMENTS[case]})

    assert problem(answer) == (422, "invalid_input")
    assert pointers(answer) == ["/run_at"]


BAD_JSON = {
    "nothing": b"",
    "an open object": b'{"type":"diagnostic","input":{}',
    "two values": b'{"type":"diagnostic","input":{}} {}',
    "a trailing comma": b'{"type":"diagnostic","input":{},}',
    "a comment": b'{"type":"diagnostic","input":{}} // please',
    "single quotes": b"{'type':'diagnostic','input':{}}",
    "a form": b"type=diagnostic&input=",
    "a name that stands twice": b'{"type":"diagnostic","type":"diagnostic","input":{}}',
    "a name that stands twice within": b'{"type":"diagnostic","input":{"steps":1,"steps":2}}',
    "a name that stands twice, once escaped": b'{"type":"diagnostic","input":{"steps":1,"\\u0073teps":2}}',
    "deep lists": b'{"type":"diagnostic","input":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep objects": b'{"type":"diagnostic","input":' + b'{"a":' * 40_000 + b"1" + b"}" * 40_000 + b"}",
    "invalid UTF-8": b'{"type":"diagnostic","input":{"\xff":1}}',
    "UTF-8 of a surrogate": b'{"type":"diagnostic","input":{"\xed\xa0\x80":1}}',
    "overlong UTF-8": b'{"type":"diagnostic","input":{"\xc0\xaf":1}}',
    "UTF-16": '{"type":"diagnostic","input":{}}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"type":"diagnostic","input":{}}',
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    "a number of 5000 digits": b'{"type":"diagnostic","input":{"steps":' + b"1" * 5000 + b"}}",
}


@pytest.mark.parametrize("path", ["/requests", "/requests:batch"])
@pytest.mark.parametrize("case", BAD_JSON)
def test_what_is_not_plain_json_is_refused(caller: Caller, case: str, path: str) -> None:
    answer = caller.send(path, BAD_JSON[case])

    assert problem(answer) == (422, "invalid_input")
    assert pointers(answer) == [""]


BAD_VALUES = {
    "NaN": (b'{"type":"diagnostic","input":{"sleep_seconds":NaN}}', ""),
    "Infinity": (b'{"type":"diagnostic","input":{"sleep_seconds":Infinity}}', ""),
    "-Infinity": (b'{"type":"diagnostic","input":{"sleep_seconds":-Infinity}}', ""),
    "a number too large": (b'{"type":"diagnostic","input":{"sleep_seconds":1e999}}', "/input/sleep_seconds"),
    "a lone surrogate": (rb'{"type":"medical_asset","input":{"contact":"\ud800"}}', "/input/contact"),
    "surrogates the wrong way round": (
        rb'{"type":"medical_asset","input":{"contact":"\ude00\ud83d"}}',
        "/input/contact",
    ),
    "a surrogate in a name": (rb'{"type":"diagnostic","input":{"\udfff":1}}', "/input"),
    "NUL": (rb'{"type":"medical_asset","input":{"contact":"a\u0000b"}}', "/input/contact"),
    "NUL in a name": (rb'{"type":"diagnostic","input":{"\u0000":1}}', "/input"),
}


@pytest.mark.parametrize("case", BAD_VALUES)
def test_a_value_that_cannot_be_stored_is_refused_where_it_stands(caller: Caller, case: str) -> None:
    body, expected = BAD_VALUES[case]

    answer = caller.send("/requests", body)

    assert problem(answer) == (422, "invalid_input")
    assert pointers(answer) == [expected]


def test_nesting_that_firestore_could_not_store_is_refused(caller: Caller) -> None:
    deep: Any = {}
    for _ in range(20):
        deep = {"a": deep}

    assert problem(caller.post("/requests", {**ASK, "input": deep})) == (422, "invalid_input")


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/x-www-form-urlencoded", "application/json-patch+json", "json"]
)
def test_another_content_type_is_refused(caller: Caller, content_type: str) -> None:
    answer = caller.send("/requests", json.dumps(ASK).encode(), Content_Type=content_type)

    assert problem(answer) == (422, "invalid_input")


@pytest.mark.parametrize("key", [b"", b"k" * 256, "schlüssel".encode(), "schlüssel".encode("latin-1"), b"a\tb"])
@pytest.mark.parametrize("path", ["/requests", "/requests:batch"])
def test_a_bad_idempotency_key_is_refused(caller: Caller, path: str, key: bytes) -> None:
    body = {"requests": [ASK]} if path.endswith("batch") else ASK
    headers: Any = {"Idempotency-Key": key}

    answer = caller.call("POST", path, json=body, headers=headers)

    assert problem(answer) == (422, "invalid_input")
    assert "Idempotency-Key" in answer.json()["detail"]


TOO_LARGE = [("/requests", LIMIT), ("/requests:batch", 10 * LIMIT)]


@pytest.mark.parametrize(("path", "limit"), TOO_LARGE)
def test_a_body_that_is_too_large_is_refused_with_the_limit(caller: Caller, path: str, limit: int) -> None:
    answer = caller.send(path, b"x" * (limit + 1))

    assert problem(answer) == (413, "too_large")
    assert str(limit) in answer.json()["detail"]


@pytest.mark.parametrize(("path", "limit"), TOO_LARGE)
def test_a_chunked_body_that_is_too_large_is_refused_with_the_limit(caller: Caller, path: str, limit: int) -> None:
    chunks = (b"x" * 1000 for _ in range(limit // 1000 + 1))

    answer = caller.send(path, chunks)

    assert "Content-Length" not in answer.request.headers
    assert problem(answer) == (413, "too_large")
    assert str(limit) in answer.json()["detail"]


def test_a_body_of_many_times_the_limit_is_refused(caller: Caller) -> None:
    assert problem(caller.send("/requests", b"x" * 20 * 1024 * 1024)) == (413, "too_large")


def test_a_megabyte_of_faults_is_told_in_a_few_kilobytes(caller: Caller) -> None:
    many = {f"{number}{'x' * 200}": number for number in range(10_000)}

    answer = caller.post("/requests:batch", {"requests": [{**ASK, "input": many}]})

    assert problem(answer) == (422, "invalid_input")
    assert len(answer.json()["errors"]) == 20
    assert len(answer.content) < 20_000


def test_a_type_of_a_hundred_kilobytes_is_not_sent_back(caller: Caller) -> None:
    answer = caller.post("/requests", {**ASK, "type": "x" * 100_000})

    assert problem(answer) == (422, "invalid_input")
    assert len(answer.content) < 1000


MALFORMED_IDS = [
    "x",
    "0" * 31,
    "0" * 33,
    "A" * 32,
    "__all__",
    "%2E%2E",
    "%00",
    "%ff",
    "a%2Fb",
    "0" * 5000,
    "é" * 32,
    "'; DROP TABLE requests; --",
]


@pytest.mark.parametrize(("method", "suffix"), [("GET", ""), ("POST", ":cancel"), ("POST", ":retry")])
@pytest.mark.parametrize("malformed", MALFORMED_IDS)
def test_what_is_not_an_id_is_not_found(caller: Caller, malformed: str, method: str, suffix: str) -> None:
    answer = caller.call(method, f"/requests/{malformed}{suffix}")

    assert problem(answer) == (404, "not_found")


@pytest.mark.parametrize(("method", "suffix"), [("GET", ""), ("POST", ":cancel"), ("POST", ":retry")])
def test_an_id_of_nothing_is_not_found(caller: Caller, method: str, suffix: str) -> None:
    assert problem(caller.call(method, f"/requests/{uuid4().hex}{suffix}")) == (404, "not_found")


def page_token(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


BAD_QUERIES = {
    "limit": ["", "0", "51", "-1", "+5", "1.5", "ten", "1e1", " 10", "٣", "0000000001000", "9" * 5000],
    "status": ["", "open", "QUEUED", "queued,failed", "\0"],
    "page_token": [
        "",
        "x",
        "é",
        "=",
        "%%%",
        page_token(),
        page_token("2026-01-31T09:00:00+00:00"),
        page_token("2026-01-31T09:00:00+00:00", 7),
        page_token("2026-01-31T09:00:00", "0" * 32),
        page_token("0001-01-01T00:00:00+23:59", "0" * 32),
        page_token("9999-12-31T23:59:59-23:59", "0" * 32),
        page_token("2026-01-31T09:00:00+00:00", "x"),
        page_token("2026-01-31T09:00:00+00:00", "0" * 2000),
        page_token("2026-01-31T09:00:00+00:00", "a/b"),
        page_token("2026-01-31T09:00:00+00:00", "0" * 32, "more"),
        base64.urlsafe_b64encode(b"[" * 10_000).decode(),
    ],
    "offset": ["1"],
    "Limit": ["1"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD_QUERIES.items() for value in values])
def test_a_bad_parameter_of_a_list_is_refused(caller: Caller, name: str, value: str) -> None:
    answer = caller.get("/requests", **{name: value})

    assert problem(answer) == (422, "invalid_input")
    assert name.lower() in answer.json()["detail"] or "the only parameters are" in answer.json()["detail"]


def test_a_parameter_that_is_given_twice_is_refused(caller: Caller) -> None:
    assert problem(caller.call("GET", "/requests?limit=1&limit=2")) == (422, "invalid_input")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/requests", "GET, HEAD, OPTIONS, POST"),
        ("PUT", "/requests", "GET, HEAD, OPTIONS, POST"),
        ("GET", "/requests:batch", "OPTIONS, POST"),
        ("DELETE", f"/requests/{'0' * 32}", "GET, HEAD, OPTIONS"),
        ("POST", f"/requests/{'0' * 32}", "GET, HEAD, OPTIONS"),
        ("GET", f"/requests/{'0' * 32}:cancel", "OPTIONS, POST"),
        ("POST", "/health", "GET, HEAD, OPTIONS"),
        ("TRACE", "/types", "GET, HEAD, OPTIONS"),
        ("BREW", "/types", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_method_that_is_not_there_is_told_with_those_that_are(
    caller: Caller, method: str, path: str, allowed: str
) -> None:
    answer = caller.call(method, path)

    assert problem(answer) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == allowed


@pytest.mark.parametrize(
    "path",
    ["/", "/nothing", "/requests/", f"/requests/{'0' * 32}/", f"/requests/{'0' * 32}/assets", "/Requests", "/types/x"],
)
def test_a_path_that_is_not_there_is_not_found(caller: Caller, path: str) -> None:
    assert problem(caller.get(path)) == (404, "not_found")


def test_head_has_the_headers_of_get_and_no_body(caller: Caller) -> None:
    head, get = caller.call("HEAD", "/types"), caller.get("/types")

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Type"] == get.headers["Content-Type"]
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


def test_options_tells_the_methods_of_a_path(caller: Caller) -> None:
    answer = caller.call("OPTIONS", "/requests")

    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


@pytest.mark.parametrize("path", ["/requests", "/types", "/nothing"])
def test_no_answer_is_stored_or_guessed_at_by_a_browser(caller: Caller, path: str) -> None:
    headers = caller.get(path).headers

    assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
