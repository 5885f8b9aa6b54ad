"""The progress of a running attempt: its bounds, and when it is stored."""

import pytest

from common.pipeline import lifecycle
from common.pipeline.record import Progress
from common.pipeline.store import Update
from tests.unit.attempt_harness import AttemptHarness as Harness
from tests.unit.builders import NOW, SECOND, processing
from tests.unit.conftest import LoggedEvent
from tests.unit.scripted_gateways import CommitFault


def progress(percent: int, message: str) -> Progress:
    return Progress(percent=percent, message=message)


def unreachable() -> Harness:
    """Returns an attempt whose next commit does not land, and whose reads fail."""
    harness = Harness()
    harness.documents.next_commits = [CommitFault.NOT_APPLIED]
    harness.documents.readable = False
    return harness


def test_the_first_progress_is_stored_at_once() -> None:
    harness = Harness()

    harness.attempt.progress(40, "drawing")

    assert harness.record == processing(progress=progress(40, "drawing"))


def test_progress_is_stored_at_most_once_a_second() -> None:
    harness = Harness()

    for percent in range(21):
        harness.attempt.progress(percent, "drawing")
        harness.clock.wait(SECOND / 10)

    assert harness.documents.commits == 3
    assert harness.record.progress == progress(20, "drawing")


def test_progress_whose_commit_landed_before_another_deliverys_mark_is_not_stored_again() -> None:
    harness = Harness()
    first = harness.documents.stored()

    def land_and_mark() -> None:
        reported = first.record.changed(progress=progress(40, "drawing"))
        harness.documents.inner.commit(Update(first, reported), [])
        harness.documents.inner.commit(Update(harness.documents.stored(), reported.changed(reported=1)), [])

    harness.documents.next_commits = [land_and_mark]
    harness.attempt.progress(40, "drawing")

    assert (harness.record.progress, harness.record.reported) == (progress(40, "drawing"), 1)
    assert harness.documents.commits == 2


def test_unchanged_progress_is_not_stored_again() -> None:
    harness = Harness()

    for _ in range(5):
        harness.attempt.progress(40, "drawing")
        harness.clock.wait(10 * SECOND)

    assert harness.documents.commits == 1


def test_the_percentage_never_falls() -> None:
    harness = Harness()
    harness.attempt.progress(40, "drawing")
    harness.clock.wait(SECOND)

    harness.attempt.progress(30, "writing")

    assert harness.record.progress == progress(40, "writing")


@pytest.mark.parametrize(("percent", "stored"), [(-1, 0), (101, 100)])
def test_the_percentage_lies_between_0_and_100(percent: int, stored: int) -> None:
    harness = Harness()

    harness.attempt.progress(percent, "drawing")

    assert harness.record.progress == progress(stored, "drawing")


def test_the_message_is_cut_to_200_characters_that_can_be_stored() -> None:
    harness = Harness()

    harness.attempt.progress(40, "\ud800" + "x" * 200)

    assert harness.record.progress == progress(40, "?" + "x" * 199)


def test_progress_right_after_a_step_is_stored_at_once() -> None:
    harness = Harness()
    harness.clock.wait(SECOND)
    harness.attempt.step("write", lambda: "done")

    harness.attempt.progress(40, "drawing")

    assert harness.record.progress == progress(40, "drawing")


def test_progress_within_a_second_is_stored_with_the_next_step() -> None:
    harness = Harness()
    harness.attempt.progress(40, "drawing")
    harness.attempt.progress(50, "writing")

    harness.attempt.step("write", lambda: "done")

    assert harness.record == processing(progress=progress(50, "writing"), steps={"write": "done"})


def test_progress_within_a_second_is_stored_with_the_outcome() -> None:
    harness = Harness()
    harness.attempt.progress(40, "drawing")
    harness.attempt.progress(100, "done")

    harness.attempt.finish(lambda record: lifecycle.complete(record, {}, NOW))

    assert harness.record == lifecycle.complete(processing(progress=progress(100, "done")), {}, NOW).record


def test_progress_within_a_second_is_stored_during_the_next_sleep() -> None:
    harness = Harness()
    harness.attempt.progress(10, "reading")
    harness.attempt.progress(40, "drawing")

    harness.attempt.sleep(10 * SECOND)

    assert harness.record.progress == progress(40, "drawing")
    assert harness.clock.now == NOW + 10 * SECOND


def test_unstored_progress_does_not_extend_a_short_sleep() -> None:
    harness = Harness()
    harness.attempt.progress(10, "reading")
    harness.attempt.progress(40, "drawing")

    harness.attempt.sleep(SECOND / 4)

    assert (harness.clock.now, harness.documents.commits) == (NOW + SECOND / 4, 1)


def test_progress_keeps_the_steps_of_this_and_of_earlier_attempts() -> None:
    harness = Harness(processing(steps={"read": "earlier"}))
    harness.attempt.step("write", lambda: "done")
    harness.clock.wait(SECOND)

    harness.attempt.progress(50, "drawing")

    assert harness.record.steps == {"read": "earlier", "write": "done"}


def test_progress_that_could_not_be_stored_does_not_stop_the_work() -> None:
    harness = unreachable()
    harness.attempt.progress(40, "drawing")
    harness.documents.readable = True
    harness.clock.wait(SECOND)

    harness.attempt.progress(50, "writing")

    assert harness.record.progress == progress(50, "writing")


def test_progress_that_could_not_be_stored_is_logged(log_events: list[LoggedEvent]) -> None:
    unreachable().attempt.progress(40, "drawing")

    assert log_events == [LoggedEvent("progress.lost", "WARNING", {}, has_traceback=False)]
