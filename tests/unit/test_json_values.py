"""The JSON values that can be stored, and their sizes."""

import pytest

from common.errors import Fault, InvalidInput
from common.json_values import MAX_FAULTS, faults, json_bytes, parse, pointer, stored_bytes


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -(2**63),
        2**63 - 1,
        1.5,
        "",
        "ä",
        [],
        {},
        [{"a": [1]}],
        {"a.b": {"`": None}},
        {"__x": {"x__": 1}},
        {"a": {"ä" * 698: 1}},
    ],
)
def test_a_value_that_firestore_can_store_has_no_fault(value: object) -> None:
    assert list(faults(value)) == []


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ([[1]], Fault("/0", "must not be a list within a list")),
        ({"a": [{"b": [[1]]}]}, Fault("/a/0/b/0", "must not be a list within a list")),
        ({"": 1}, Fault("", "has a name that is empty, or that begins and ends with '__'")),
        ({"a": {"__x__": 1}}, Fault("/a", "has a name that is empty, or that begins and ends with '__'")),
        ({"a": {"ä" * 699: 1}}, Fault("/a", "has names that are longer than 1400 bytes together")),
        ({1: 1}, Fault("", "must have string names")),
        ({"a": 2**63}, Fault("/a", "must fit into 64 bits")),
        (float("nan"), Fault("", "must be a finite number")),
        (float("-inf"), Fault("", "must be a finite number")),
        ("\ud800", Fault("", "must be Unicode text without NUL")),
        ("a\0", Fault("", "must be Unicode text without NUL")),
        ({"\ud800": 1}, Fault("", "has a name that is not Unicode text without NUL")),
        (b"bytes", Fault("", "must be JSON, not a value of type bytes")),
        ((1, 2), Fault("", "must be JSON, not a value of type tuple")),
    ],
)
def test_a_fault_has_a_pointer_and_a_message(value: object, fault: Fault) -> None:
    assert list(faults(value)) == [fault]


@pytest.mark.parametrize("depth", [16, 17])
def test_nesting_is_limited_to_sixteen_levels(depth: int) -> None:
    value: object = 0
    for _ in range(depth):
        value = {"a": value}

    expected = [] if depth == 16 else [Fault("/a" * 16, "must not be nested deeper than 16 levels")]
    assert list(faults(value)) == expected


def test_parsing_stops_after_twenty_faults() -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse(b"[" + b",".join([b"[]"] * 100) + b"]")

    assert len(refusal.value.faults) == MAX_FAULTS


def test_a_whole_number_with_a_fraction_of_zero_is_an_integer() -> None:
    assert repr(parse(b"[46.0, 0.5, 1e300]")) == "[46, 0.5, 1e+300]"


@pytest.mark.parametrize(
    ("value", "size"),
    [(None, 1), (True, 1), (0, 8), (1.5, 8), ("", 1), ("ä", 3), ([0, 0], 16), ({"ab": 0}, 11), ({"a": {"b": "c"}}, 6)],
)
def test_the_stored_size_is_the_size_in_firestore(value: object, size: int) -> None:
    assert stored_bytes(value) == size


def test_the_json_size_is_the_size_in_utf_8_without_spaces() -> None:
    assert json_bytes({"ä": [1, "x"]}) == len(b'{"xx":[1,"x"]}')


def test_a_pointer_escapes_names_and_cuts_long_ones() -> None:
    assert pointer("a/b~c", 0, "x" * 101) == f"/a~1b~0c/0/{'x' * 100}…"


NOT_JSON = {
    "an empty body": b"",
    "an unclosed object": b'{"a":{}',
    "two values": b"{} {}",
    "a trailing comma": b'{"a":1,}',
    "a comment": b"{} // please",
    "single quotes": b"{'a':1}",
    "a form": b"a=1&b=",
    "a repeated name": b'{"a":1,"a":1}',
    "a repeated name in an inner object": b'{"a":{"b":1,"b":2}}',
    "a repeated name, once escaped": b'{"ab":1,"\\u0061b":2}',
    "100,000 nested lists": b"[" * 100_000 + b"]" * 100_000,
    "40,000 nested objects": b'{"a":' * 40_000 + b"1" + b"}" * 40_000,
    "invalid UTF-8": b'{"\xff":1}',
    "a surrogate in UTF-8": b'{"\xed\xa0\x80":1}',
    "overlong UTF-8": b'{"\xc0\xaf":1}',
    "UTF-16": "{}".encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    "a number of 5,000 digits": b'{"a":' + b"1" * 5000 + b"}",
    "NaN": b'{"a":NaN}',
    "Infinity": b'{"a":Infinity}',
    "minus Infinity": b'{"a":-Infinity}',
}


@pytest.mark.parametrize("case", NOT_JSON)
def test_a_body_that_is_not_plain_json_is_refused_as_a_whole(case: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse(NOT_JSON[case])

    assert [fault.pointer for fault in refusal.value.faults] == [""]


NOT_STORABLE = {
    "a number too large for a double": (b'{"a":1e999}', "/a"),
    "an integer beyond 64 bits": (b'{"a":9223372036854775808}', "/a"),
    "a lone surrogate": (rb'{"a":"\ud800"}', "/a"),
    "reversed surrogates": (rb'{"a":"\ude00\ud83d"}', "/a"),
    "a surrogate in a name": (rb'{"a":{"\udfff":1}}', "/a"),
    "NUL": (rb'{"a":"b\u0000c"}', "/a"),
    "NUL in a name": (rb'{"a":{"\u0000":1}}', "/a"),
}


@pytest.mark.parametrize("case", NOT_STORABLE)
def test_json_that_cannot_be_stored_is_refused_at_its_place(case: str) -> None:
    body, expected = NOT_STORABLE[case]

    with pytest.raises(InvalidInput) as refusal:
        parse(body)

    assert [fault.pointer for fault in refusal.value.faults] == [expected]
