"""The diagnostic type: it sleeps, fails and snoozes as its input specifies."""

from datetime import timedelta

import pytest

from common.pipeline.record import Progress
from common.work import PermanentFailure, Snooze, TryAgain
from common.work.diagnostic import Input, run
from tests.unit.attempt_harness import AttemptHarness as Harness
from tests.unit.builders import NOW, SECOND, processing


def test_an_empty_input_completes_at_once() -> None:
    harness = Harness()

    assert run(Input(), harness.attempt) == {"slept_seconds": 0, "attempt": 1}

    assert (harness.clock.now, harness.record.progress) == (NOW, None)


def test_it_sleeps_in_steps_with_progress() -> None:
    harness = Harness()

    assert run(Input(sleep_seconds=3, steps=2), harness.attempt) == {"slept_seconds": 3, "attempt": 1}

    assert harness.clock.now == NOW + 3 * SECOND
    assert harness.record.progress == Progress(percent=50, message="Step 2 of 2")


def test_an_attempt_that_fails_does_so_half_way() -> None:
    harness = Harness()

    with pytest.raises(TryAgain, match="first 1 attempts"):
        run(Input(sleep_seconds=4, steps=4, fail_times=1), harness.attempt)

    assert harness.clock.now == NOW + 2 * SECOND
    assert harness.record.progress == Progress(percent=25, message="Step 2 of 4")


def test_it_succeeds_after_the_given_number_of_failures() -> None:
    with pytest.raises(TryAgain):
        run(Input(fail_times=2), Harness(processing(attempt=2)).attempt)

    assert run(Input(fail_times=2), Harness(processing(attempt=3)).attempt) == {"slept_seconds": 0, "attempt": 3}


def test_its_first_failure_can_be_permanent() -> None:
    with pytest.raises(PermanentFailure):
        run(Input(fail_times=1, permanent=True), Harness().attempt)


def test_it_snoozes_once_before_anything_else() -> None:
    work_input = Input(sleep_seconds=1, fail_times=1, snooze_seconds=90)
    first, second = Harness(), Harness(processing(snoozes=1))

    with pytest.raises(Snooze) as snooze:
        run(work_input, first.attempt)
    with pytest.raises(TryAgain):
        run(work_input, second.attempt)

    assert (snooze.value.delay, first.clock.now) == (timedelta(seconds=90), NOW)
