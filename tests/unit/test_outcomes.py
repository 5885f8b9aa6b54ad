"""Outcomes hold only what can be stored, whatever a type puts into them."""

from datetime import timedelta

import pytest

from common.work import LONGEST_DELAY, MAX_MESSAGE_CHARACTERS, PermanentFailure, RetryAfter, Snooze, TryAgain


def test_words_that_cannot_be_stored_are_replaced() -> None:
    assert PermanentFailure("no \ud800").message == "no ?"


def test_an_exception_given_as_words_is_told_by_its_text() -> None:
    assert TryAgain(ValueError("busy")).message == "busy"  # type: ignore[arg-type]  # what a careless type may do


def test_long_words_are_cut() -> None:
    assert TryAgain("x" * 10_000).message == "x" * MAX_MESSAGE_CHARACTERS


@pytest.mark.parametrize("code", ["", "No", "a b", "1st", "x" * 65])
def test_a_code_must_be_one_that_callers_can_rely_on(code: str) -> None:
    with pytest.raises(ValueError, match="error code"):
        TryAgain("busy", code=code)


@pytest.mark.parametrize(
    ("given", "kept"), [(timedelta.max, LONGEST_DELAY), (timedelta(-1), timedelta(0)), (timedelta(5), timedelta(5))]
)
def test_a_delay_lies_between_now_and_a_year(given: timedelta, kept: timedelta) -> None:
    assert Snooze(given).delay == kept
    assert RetryAfter(given, "busy").delay == kept
