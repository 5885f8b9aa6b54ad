"""What Firestore holds of JSON, and how large it counts it."""

import pytest

from common.storable import fault_in, stored_bytes


@pytest.mark.parametrize(
    "value",
    [None, True, 0, -(2**63), 2**63 - 1, 1.5, "", "ä", [], {}, [{"a": [1]}], {"a.b": {"`": None}}],
)
def test_json_is_storable(value: object) -> None:
    assert fault_in(value) is None


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ([[1]], "a list within a list"),
        ({"a": [{"b": [[1]]}]}, "a list within a list"),
        ({"": 1}, "an empty or reserved key"),
        ({"__x__": 1}, "an empty or reserved key"),
        ({1: 1}, "a key that is no text"),
        ({"a": 2**63}, "an integer beyond 64 bits"),
        (float("nan"), "a number that is not finite"),
        (float("-inf"), "a number that is not finite"),
        ("\ud800", "a text with a lone surrogate"),
        ({"\ud800": 1}, "a text with a lone surrogate"),
        (b"bytes", "a bytes, which is not JSON"),
        ((1, 2), "a tuple, which is not JSON"),
    ],
)
def test_what_firestore_would_refuse_or_change_is_told(value: object, fault: str) -> None:
    assert fault_in(value) == fault


def test_nesting_is_bounded() -> None:
    value: object = 0
    for _ in range(30):
        value = {"a": value}

    assert fault_in(value) == "something nested deeper than 16"


@pytest.mark.parametrize(
    ("value", "size"),
    [(None, 1), (True, 1), (0, 8), (1.5, 8), ("", 1), ("ä", 3), ([0, 0], 16), ({"ab": 0}, 11), ({"a": {"b": "c"}}, 6)],
)
def test_the_size_is_what_firestore_counts(value: object, size: int) -> None:
    assert stored_bytes(value) == size
