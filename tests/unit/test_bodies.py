"""Request bodies: the submissions that they become, and the faults of invalid ones."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from common.catalog import load_catalog
from common.errors import Fault, InvalidInput
from common.pipeline.submission import Submission
from common.queues import load_policies
from common.work import JsonObject
from functions.http.bodies import MAX_BATCH, Bodies, bodies_for, parse_redrive

REQUEST: dict[str, Any] = {"type": "diagnostic", "input": {}}
ASSET: dict[str, Any] = {
    "doctor_name": "Dr. Amara Okafor",
    "practice_name": "Harbour Street Dental",
    "practice_type": "Dental practice",
    "channel": "social",
    "primary_message": "New patients are welcome.",
}


@pytest.fixture(scope="module")
def bodies() -> Bodies:
    return bodies_for(load_catalog(load_policies(), ["diagnostic"]))


def encode(body: Any) -> bytes:
    return json.dumps(body).encode()


def pointers(refusal: pytest.ExceptionInfo[InvalidInput]) -> list[str]:
    return [fault.pointer for fault in refusal.value.faults]


def test_the_input_is_kept_as_sent_without_defaults(bodies: Bodies) -> None:
    assert bodies.parse_one(encode({**REQUEST, "input": {"steps": 2}})) == Submission("diagnostic", {"steps": 2})


def test_a_batch_keeps_its_order(bodies: Bodies) -> None:
    inputs: list[JsonObject] = [{"steps": steps} for steps in range(MAX_BATCH, 0, -1)]

    submissions = bodies.parse_batch(encode({"requests": [{**REQUEST, "input": each} for each in inputs]}))

    assert submissions == [Submission("diagnostic", each) for each in inputs]


def test_an_empty_list_of_notifications_is_absent(bodies: Bodies) -> None:
    assert bodies.parse_one(encode({**REQUEST, "notify": []})).notify is None


INVALID_REQUESTS: dict[str, tuple[Any, list[str]]] = {
    "a list": ([], [""]),
    "a text": ("diagnostic", [""]),
    "null": (None, [""]),
    "an empty object": ({}, ["/type"]),
    "no type": ({"input": {}}, ["/type"]),
    "an unknown type": ({**REQUEST, "type": "juggling"}, ["/type"]),
    "an internal type": ({**REQUEST, "type": "webhook"}, ["/type"]),
    "a type in another case": ({**REQUEST, "type": "Diagnostic"}, ["/type"]),
    "a number as type": ({**REQUEST, "type": 7}, ["/type"]),
    "a list as type": ({**REQUEST, "type": ["diagnostic"]}, ["/type"]),
    "no input": ({"type": "diagnostic"}, ["/input"]),
    "null as input": ({**REQUEST, "input": None}, ["/input"]),
    "a text as input": ({**REQUEST, "input": "{}"}, ["/input"]),
    "an extra field": ({**REQUEST, "status": "completed"}, ["/status"]),
    "an extra field with a slash and a tilde": ({**REQUEST, "a/b~c": 1}, ["/a~1b~0c"]),
    "an extra field named like a type": ({**REQUEST, "diagnostic": 1}, ["/diagnostic"]),
    "an extra field in the input": ({**REQUEST, "input": {"speed": 1}}, ["/input/speed"]),
    "a text as number": ({**REQUEST, "input": {"steps": "2"}}, ["/input/steps"]),
    "a fraction as whole number": ({**REQUEST, "input": {"steps": 1.5}}, ["/input/steps"]),
    "a boolean as number": ({**REQUEST, "input": {"steps": True}}, ["/input/steps"]),
    "a number out of bounds": ({**REQUEST, "input": {"steps": 0}}, ["/input/steps"]),
    "a number as boolean": ({**REQUEST, "input": {"permanent": 1}}, ["/input/permanent"]),
    "two faults": ({**REQUEST, "input": {"steps": 0, "permanent": 1}}, ["/input/steps", "/input/permanent"]),
    "null as a required field": ({"type": "medical_asset", "input": {**ASSET, "channel": None}}, ["/input/channel"]),
    "a notification": ({**REQUEST, "notify": [{"type": "email", "to": "a@b.example"}]}, ["/notify"]),
    "a text as notifications": ({**REQUEST, "notify": "a@b.example"}, ["/notify"]),
    "the input of another type": ({**REQUEST, "input": ASSET}, [f"/input/{name}" for name in ASSET]),
}


@pytest.mark.parametrize("case", INVALID_REQUESTS)
def test_an_invalid_request_is_refused_with_pointers_to_its_faults(bodies: Bodies, case: str) -> None:
    body, expected = INVALID_REQUESTS[case]

    with pytest.raises(InvalidInput) as refusal:
        bodies.parse_one(encode(body))

    assert pointers(refusal) == expected


INVALID_BATCHES: dict[str, tuple[Any, list[str]]] = {
    "a list": ([REQUEST], [""]),
    "no requests": ({}, ["/requests"]),
    "an empty list": ({"requests": []}, ["/requests"]),
    "eleven requests": ({"requests": [REQUEST] * 11}, ["/requests"]),
    "an extra field": ({"requests": [REQUEST], "atomic": True}, ["/atomic"]),
    "an object in place of the list": ({"requests": {"0": REQUEST}}, ["/requests"]),
    "an invalid second request": (
        {"requests": [REQUEST, {"type": "medical_asset", "input": {**ASSET, "channel": "smoke"}}]},
        ["/requests/1/input/channel"],
    ),
    "a second request without a type": ({"requests": [REQUEST, {"input": {}}]}, ["/requests/1/type"]),
    "a second request of an unknown type": ({"requests": [REQUEST, {**REQUEST, "type": "x"}]}, ["/requests/1/type"]),
    "null as second request": ({"requests": [REQUEST, None]}, ["/requests/1"]),
    "faults in two requests": (
        {"requests": [{**REQUEST, "x": 1}, REQUEST, {**REQUEST, "input": {"steps": 0}}]},
        ["/requests/0/x", "/requests/2/input/steps"],
    ),
}


@pytest.mark.parametrize("case", INVALID_BATCHES)
def test_an_invalid_batch_is_refused_with_pointers_to_its_faults(bodies: Bodies, case: str) -> None:
    body, expected = INVALID_BATCHES[case]

    with pytest.raises(InvalidInput) as refusal:
        bodies.parse_batch(encode(body))

    assert pointers(refusal) == expected


def test_an_unknown_type_is_answered_with_the_known_types(bodies: Bodies) -> None:
    with pytest.raises(InvalidInput) as refusal:
        bodies.parse_one(encode({**REQUEST, "type": "x" * 100_000}))

    assert refusal.value.faults == (Fault("/type", "must be one of diagnostic, medical_asset"),)


def test_a_body_with_a_thousand_faults_is_refused_with_twenty_short_ones(bodies: Bodies) -> None:
    unknown = {f"{number}{'x' * 200}": number for number in range(1000)}

    with pytest.raises(InvalidInput) as refusal:
        bodies.parse_batch(encode({"requests": [{**REQUEST, "input": unknown}]}))

    assert len(refusal.value.faults) == 20
    assert len(str(refusal.value)) < 10_000


@pytest.mark.parametrize(
    ("run_at", "moment"),
    [
        ("2026-01-31T09:00:00Z", datetime(2026, 1, 31, 9, tzinfo=UTC)),
        ("2026-01-31t09:00:00z", datetime(2026, 1, 31, 9, tzinfo=UTC)),
        ("2026-01-31T14:30:00+05:30", datetime(2026, 1, 31, 9, tzinfo=UTC)),
        ("2020-02-29T12:00:00.123456789-08:00", datetime(2020, 2, 29, 20, 0, 0, 123456, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("1969-12-31T23:00:00-01:00", datetime(1970, 1, 1, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2016-12-31t23:59:60.25z", datetime(2017, 1, 1, 0, 0, 0, 250_000, tzinfo=UTC)),
        ("2015-07-01T05:29:60+05:30", datetime(2015, 7, 1, tzinfo=UTC)),
    ],
)
def test_a_time_is_parsed_to_utc(bodies: Bodies, run_at: str, moment: datetime) -> None:
    assert bodies.parse_one(encode({**REQUEST, "run_at": run_at})).run_at == moment


INVALID_TIMES = {
    "no offset": "2026-01-31T09:00:00",
    "a date": "2026-01-31",
    "no seconds": "2026-01-31T09:00Z",
    "a blank in place of T": "2026-01-31 09:00:00Z",
    "a number": 1769850000,
    "a number in a text": "1769850000",
    "a fraction": 1769850000.5,
    "a boolean": True,
    "an empty text": "",
    "a word": "tomorrow",
    "30 February": "2026-02-30T00:00:00Z",
    "an offset of a hundred hours": "2026-01-31T09:00:00+99:59",
    "digits outside ASCII": "\N{ARABIC-INDIC DIGIT TWO}026-01-31T09:00:00Z",
    "a line break at the end": "2026-01-31T09:00:00Z\n",
    "year 0": "0000-01-01T00:00:00Z",
    "year 1 with an offset": "0001-01-01T00:00:00+23:59",
    "an offset of 60 minutes": "2026-01-31T09:00:00+00:60",
    "year 1969": "1969-12-31T23:59:59Z",
    "year 1969 in UTC": "1970-01-01T00:00:00+01:00",
    "year 9001 in UTC": "9000-12-31T23:59:59-00:01",
    "year 9001 after a leap second": "9000-12-31T23:59:60Z",
    "a leap second at the end of the calendar": "9999-12-31T23:59:60Z",
    "a leap second at noon": "2016-12-31T12:00:60Z",
    "a leap second within a month": "2016-12-30T23:59:60Z",
    "a leap second by local time": "2016-12-31T23:59:60+01:00",
    "second 61": "2016-12-31T23:59:61Z",
    "minute 60": "2016-12-31T23:60:00Z",
    "year 9999 with an offset": "9999-12-31T23:59:59-23:59",
}


@pytest.mark.parametrize("case", INVALID_TIMES)
def test_an_invalid_time_is_refused(bodies: Bodies, case: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        bodies.parse_one(encode({**REQUEST, "run_at": INVALID_TIMES[case]}))

    assert pointers(refusal) == ["/run_at"]


def with_draining(*draining: str) -> Bodies:
    policies = {
        name: policy.model_copy(update={"enabled": "draining"}) if name in draining else policy
        for name, policy in load_policies().items()
    }
    return bodies_for(load_catalog(policies, ["diagnostic"]))


@pytest.mark.parametrize(
    ("draining", "message"),
    [
        (["diagnostic"], "must be one of medical_asset"),
        (["diagnostic", "medical_asset"], "this deployment accepts no requests at present"),
    ],
    ids=["one type", "every type"],
)
def test_a_submission_of_a_draining_type_is_refused(draining: list[str], message: str) -> None:
    bodies = with_draining(*draining)

    with pytest.raises(InvalidInput, match=message):
        bodies.parse_one(encode(REQUEST))
    with pytest.raises(InvalidInput, match=message):
        bodies.parse_batch(encode({"requests": [REQUEST]}))


@pytest.mark.parametrize(
    ("body", "redrive"), [(b"", None), (b"{}", None), (b'{"redrive": 0}', 0), (b'{"redrive": 7}', 7)]
)
def test_the_redrive_that_the_caller_saw_is_optional(body: bytes, redrive: int | None) -> None:
    assert parse_redrive(body) == redrive


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b'{"redrive": -1}', "/redrive"),
        (b'{"redrive": "1"}', "/redrive"),
        (b'{"redrive": 1.5}', "/redrive"),
        (b'{"redrive": true}', "/redrive"),
        (b'{"redrive": null}', "/redrive"),
        (b'{"redrive": [1]}', "/redrive"),
        (b'{"redrive": 1, "attempt": 1}', "/attempt"),
        (b"null", ""),
        (b"1", ""),
        (b"[]", ""),
        (b"{", ""),
        (b" ", ""),
    ],
)
def test_a_body_of_another_shape_than_a_redrive_is_refused(body: bytes, pointer: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse_redrive(body)

    assert pointer in pointers(refusal)
