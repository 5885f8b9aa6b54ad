"""The outcomes that a type of work can raise. They contain only values that can be stored."""

from datetime import timedelta

import pytest

from common.work import LONGEST_DELAY, MAX_MESSAGE_CHARACTERS, PermanentFailure, RetryAfter, Snooze, TryAgain


def test_characters_that_cannot_be_stored_are_replaced() -> None:
    assert PermanentFailure("no \ud800").message == "no ?"


def test_an_exception_as_the_message_is_converted_to_its_text() -> None:
    assert TryAgain(ValueError("busy")).message == "busy"  # type: ignore[arg-type]  # a type may make this mistake


def test_a_long_message_is_cut() -> None:
    assert TryAgain("x" * 10_000).message == "x" * MAX_MESSAGE_CHARACTERS


@pytest.mark.parametrize("code", ["", "No", "a b", "1st", "x" * 65])
def test_an_invalid_code_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="error code"):
        TryAgain("busy", code=code)


@pytest.mark.parametrize(
    ("delay", "limited"), [(timedelta.max, LONGEST_DELAY), (timedelta(-1), timedelta(0)), (timedelta(5), timedelta(5))]
)
def test_a_delay_is_limited_to_between_zero_and_a_year(delay: timedelta, limited: timedelta) -> None:
    assert Snooze(delay).delay == limited
    assert RetryAfter(delay, "busy").delay == limited
