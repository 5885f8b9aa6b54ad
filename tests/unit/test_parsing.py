"""Headers, body and query of a call."""

import base64
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from common.errors import BrokenBody, InvalidInput, TooLarge, UnsupportedCoding
from common.pipeline.record import Status
from functions.http import parsing
from functions.http.parsing import DEFAULT_PAGE, Paging

LIMIT = 1000
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
POSITION = (datetime(2026, 1, 31, 9, tzinfo=UTC), "0" * 32)


def call(**parts: Any) -> Request:
    return Request(EnvironBuilder(**parts).get_environ())


def call_with_body(body: bytes, *, content_type: str = "application/json", chunked: bool = False) -> Request:
    environ = EnvironBuilder(method="POST", data=body, content_type=content_type).get_environ()
    if chunked:
        environ.pop("CONTENT_LENGTH", None)
        environ |= {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True, "wsgi.input": io.BytesIO(body)}
    return Request(environ)


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunks"])
def test_a_body_may_have_as_many_bytes_as_the_limit(chunked: bool) -> None:
    assert parsing.body(call_with_body(b"x" * LIMIT, chunked=chunked), LIMIT) == b"x" * LIMIT


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunks"])
def test_a_larger_body_is_refused_with_the_limit(chunked: bool) -> None:
    with pytest.raises(TooLarge, match=str(LIMIT)):
        parsing.body(call_with_body(b"x" * (LIMIT + 1), chunked=chunked), LIMIT)


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/x-www-form-urlencoded", "application/json-patch+json", "json"]
)
def test_another_content_type_is_refused(content_type: str) -> None:
    with pytest.raises(InvalidInput, match="application/json"):
        parsing.body(call_with_body(b"{}", content_type=content_type), LIMIT)


def test_a_content_type_may_have_parameters() -> None:
    assert parsing.body(call_with_body(b"{}", content_type="application/json; charset=utf-8"), LIMIT) == b"{}"


@pytest.mark.parametrize("body", [b"", b" ", b"\n"])
@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunks"])
def test_an_optional_body_that_is_empty_needs_no_content_type(body: bytes, chunked: bool) -> None:
    assert parsing.optional_body(call_with_body(body, content_type="", chunked=chunked), LIMIT) == b""


def test_an_optional_body_with_content_needs_a_content_type() -> None:
    with pytest.raises(InvalidInput, match="application/json"):
        parsing.optional_body(call_with_body(b"{}", content_type=""), LIMIT)


def test_an_empty_coding_is_none() -> None:
    request = Request(EnvironBuilder(method="POST", json={}, headers=[("Content-Encoding", "")]).get_environ())

    assert parsing.body(request, LIMIT) == b"{}"


@pytest.mark.parametrize("header", ["Content-Encoding", "Transfer-Encoding"])
@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "zstd", "gzip, br", "identity, gzip", "gzip, chunked"])
def test_an_encoded_body_is_refused_with_its_coding(header: str, coding: str) -> None:
    request = call(method="POST", data=b"{}", content_type="application/json", headers={header: coding})

    with pytest.raises(UnsupportedCoding, match=f"{header}: {coding}"):
        parsing.body(request, LIMIT)


@pytest.mark.parametrize("coding", ["identity", "Identity", " identity "])
def test_a_body_may_say_that_it_is_not_encoded(coding: str) -> None:
    headers = {"Content-Encoding": coding}

    assert parsing.body(call(method="POST", data=b"{}", content_type="application/json", headers=headers), LIMIT)


@pytest.mark.parametrize("terminated", [False, True], ids=["werkzeug", "gunicorn"])
def test_a_body_that_ends_early_is_refused(terminated: bool) -> None:
    request = call_with_body(b"{}")
    request.environ |= {"CONTENT_LENGTH": "3", "wsgi.input_terminated": terminated}

    with pytest.raises(BrokenBody):
        parsing.body(request, LIMIT)


def test_a_body_that_is_announced_as_too_large_is_not_read() -> None:
    request = call_with_body(b"")
    request.environ["CONTENT_LENGTH"] = str(LIMIT + 1)

    with pytest.raises(TooLarge):
        parsing.body(request, LIMIT)


def test_an_idempotency_key_is_optional() -> None:
    assert parsing.idempotency_key(call()) is None


@pytest.mark.parametrize("key", ["k", "k" * 255, "a key with ~ and !"])
def test_an_idempotency_key_has_1_to_255_printable_ascii_characters(key: str) -> None:
    assert parsing.idempotency_key(call(headers={"Idempotency-Key": key})) == key


@pytest.mark.parametrize("key", ["", "k" * 256, "schlüssel", "a\tb", "\x7f"])
def test_another_idempotency_key_is_refused(key: str) -> None:
    with pytest.raises(InvalidInput, match="Idempotency-Key"):
        parsing.idempotency_key(call(headers={"Idempotency-Key": key}))


def test_a_traceparent_is_the_trace() -> None:
    assert parsing.trace(call(headers={"traceparent": TRACEPARENT})) == TRACEPARENT


@pytest.mark.parametrize("traceparent", ["", "x", TRACEPARENT.upper(), TRACEPARENT.replace("0af7", "<b>!")])
def test_a_malformed_traceparent_is_ignored(traceparent: str) -> None:
    assert parsing.trace(call(headers={"traceparent": traceparent})) is None


def test_paging_has_defaults() -> None:
    assert parsing.paging(call()) == Paging(DEFAULT_PAGE, None, None)


def test_paging_reads_limit_status_and_page_token() -> None:
    query = {"limit": "50", "status": "failed", "page_token": parsing.encode_page_token(POSITION)}

    assert parsing.paging(call(query_string=query)) == Paging(50, Status.FAILED, POSITION)


def page_token(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


INVALID_PARAMETERS = {
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
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in INVALID_PARAMETERS.items() for value in values]
)
def test_an_invalid_parameter_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(InvalidInput, match=f"{name}: must be"):
        parsing.paging(call(query_string={name: value}))


@pytest.mark.parametrize("name", ["offset", "Limit"])
def test_an_unknown_parameter_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(InvalidInput, match="the only parameters are limit, page_token, status"):
        parsing.paging(call(query_string={name: "1"}))


def test_a_repeated_parameter_is_refused() -> None:
    with pytest.raises(InvalidInput, match="limit: given more than once"):
        parsing.paging(call(query_string="limit=1&limit=2"))
