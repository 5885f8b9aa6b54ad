"""Firestore stores every JSON value without a fault, and returns it unchanged."""

import json
from typing import Any

import pytest
from google.cloud.firestore import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from common.errors import InvalidInput
from common.json_values import MAX_DEPTH, MAX_PATH_BYTES, faults, parse

NAMES = st.text(max_size=8) | st.sampled_from(["a.b", "`", "__x", "x__", "__x__", "", "ä" * 350, "é" * 698, "~/"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([2**63 - 1, 2**63, -(2**63), -0.0, 5e-324, 1.7e308, "\0", "\ud800", "\uffff", "x" * 2000])
)
VALUES = st.dictionaries(
    NAMES,
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)),
    max_size=4,
)


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth - 1):
        value = {"a": [value]} if depth % 2 else {"a": value}
    return value


@pytest.fixture(scope="module")
def client(firestore_emulator: str) -> Client:
    return Client(project="demo-stored-json")


@given(VALUES)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(nested(MAX_DEPTH))
@example({"n" * 700: [{"n" * (MAX_PATH_BYTES - 702): 1}]})
def test_a_value_without_a_fault_is_stored_unchanged(client: Client, value: dict[str, Any]) -> None:
    try:
        sent = parse(json.dumps(value).encode())
    except InvalidInput:
        return
    assert list(faults(sent)) == []
    document = client.collection("values").document()

    document.create({"input": sent})

    assert (document.get().to_dict() or {})["input"] == sent
