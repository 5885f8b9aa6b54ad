"""The diagnostic type: it sleeps, fails and snoozes as it is told."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import JsonValue

from common.work import Asset, PermanentFailure, Snooze, TryAgain
from common.work.diagnostic import Input, run


class Attempt:
    """Notes what it is asked to do."""

    effect_key = "r1-r0"

    def __init__(self, attempt: int = 1, snoozes: int = 0) -> None:
        self.attempt = attempt
        self.snoozes = snoozes
        self.done: list[Any] = []

    def progress(self, percent: int, message: str) -> None:
        self.done.append((percent, message))

    def step(self, name: str, do: Callable[[], JsonValue]) -> Any:
        raise AssertionError(f"no step, but {name}: {do()}")

    def save(self, name: str, content_type: str, content: bytes) -> Asset:
        raise AssertionError(f"no file, but {name}: {content_type}, {len(content)}")

    def sleep(self, duration: timedelta) -> None:
        self.done.append(duration.total_seconds())

    def time_left(self) -> timedelta:
        return timedelta(minutes=1)


def test_without_any_wishes_it_ends_at_once() -> None:
    attempt = Attempt()

    assert run(Input(), attempt) == {"slept_seconds": 0, "attempt": 1}
    assert attempt.done == []


def test_it_sleeps_in_parts_and_tells_of_each() -> None:
    attempt = Attempt()

    run(Input(sleep_seconds=3, steps=2), attempt)

    assert attempt.done == [(0, "Step 1 of 2"), 1.5, (50, "Step 2 of 2"), 1.5]


def test_it_fails_half_way_so_that_progress_was_seen() -> None:
    attempt = Attempt()

    with pytest.raises(TryAgain, match="first 1 attempts"):
        run(Input(sleep_seconds=4, steps=4, fail_times=1), attempt)

    assert attempt.done == [(0, "Step 1 of 4"), 1, (25, "Step 2 of 4"), 1]


def test_it_fails_as_often_as_told_and_then_succeeds() -> None:
    given = Input(fail_times=2)

    with pytest.raises(TryAgain):
        run(given, Attempt(attempt=2))
    assert run(given, Attempt(attempt=3)) == {"slept_seconds": 0, "attempt": 3}


def test_its_first_failure_can_be_for_good() -> None:
    with pytest.raises(PermanentFailure):
        run(Input(fail_times=1, permanent=True), Attempt())


def test_it_snoozes_once_and_before_all_else() -> None:
    given = Input(sleep_seconds=1, fail_times=1, snooze_seconds=90)
    attempt = Attempt()

    with pytest.raises(Snooze) as snoozed:
        run(given, attempt)
    with pytest.raises(TryAgain):
        run(given, Attempt(snoozes=1))

    assert (snoozed.value.delay, attempt.done) == (timedelta(seconds=90), [])
