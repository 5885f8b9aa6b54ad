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
        ({1: 1}, Fault("", "must have names that are texts")),
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
