"""The demo notices every state that is missing, wrong or superfluous."""

import pytest

from local.demo.__main__ import DemoFailed, check
from local.demo.scenarios import Scenario

STATES = ("queued 0", "processing 1", "failed 1")
SCENARIO = Scenario("one", {}, STATES, error_code="permanent")
DOCUMENT = {"error": {"code": "permanent"}, "errors": [{}]}


def test_the_expected_states_and_errors_pass() -> None:
    check(SCENARIO, STATES, DOCUMENT)


@pytest.mark.parametrize(
    "states",
    [
        ("queued 0", "failed 1"),
        ("processing 1", "failed 1"),
        ("queued 0", "processing 1"),
        ("queued 0", "processing 1", "queued 1", "failed 1"),
        ("queued 0", "processing 2", "failed 1"),
    ],
    ids=["one missing", "no first", "no last", "one superfluous", "wrong attempt"],
)
def test_other_states_fail(states: tuple[str, ...]) -> None:
    with pytest.raises(DemoFailed, match="states"):
        check(SCENARIO, states, DOCUMENT)


@pytest.mark.parametrize(
    ("field", "value"), [("error", {"code": "attempts"}), ("errors", [])], ids=["wrong code", "no failed attempt"]
)
def test_another_error_code_or_number_of_failed_attempts_fails(field: str, value: object) -> None:
    with pytest.raises(DemoFailed):
        check(SCENARIO, STATES, {**DOCUMENT, field: value})
