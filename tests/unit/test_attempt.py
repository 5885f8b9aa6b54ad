"""The operations of a running attempt: steps, assets, sleep, and the limits of every operation."""

from collections.abc import Callable
from datetime import timedelta
from typing import NoReturn

import pytest

from common.pipeline import lifecycle
from common.pipeline.lifecycle import TOO_LARGE, Transition
from common.pipeline.record import Progress, Record, Status
from common.pipeline.store import Conflict, save
from common.work import Asset, AttemptAborted, JsonObject, PermanentFailure
from tests.unit.attempt_harness import AttemptHarness
from tests.unit.builders import LEASE, NOW, POLICY, SECOND, processing, text_of
from tests.unit.scripted_gateways import CommitFault

TIME_BUDGET = POLICY.time_budget


class Harness(AttemptHarness):
    """An attempt, and the writes of other processes to its record."""

    def __init__(self, record: Record | None = None) -> None:
        super().__init__(record)
        self.done_steps: list[str] = []

    def step(self, name: str, value: str = "done") -> object:
        return self.attempt.step(name, lambda: self._do(name, value))

    def _do(self, name: str, value: str) -> str:
        self.done_steps.append(name)
        return value

    def complete(self) -> Record:
        _, stored = self.attempt.finish(lambda record: lifecycle.complete(record, {}, NOW))
        return stored.record

    def cancel(self) -> None:
        self._write(lambda record: lifecycle.cancel(record, self.clock.now))

    def rescue(self) -> None:
        self._write(lambda record: lifecycle.sweep(record, NOW + LEASE))

    def take_over(self) -> None:
        delivery = lifecycle.Delivery("another task", generation=0, retry_count=0)
        self._write(lambda record: lifecycle.claim(record, delivery, token="theirs", lease=LEASE, now=NOW + LEASE))

    def delete(self) -> None:
        self.documents.inner.stored.clear()

    def _write(self, decide: Callable[[Record], Transition]) -> None:
        stored = self.documents.stored()
        save(self.documents.inner, stored, decide(stored.record))


def test_a_step_is_done_once_and_its_value_is_stored() -> None:
    harness = Harness()

    values = [harness.step("write", "first"), harness.step("write", "second")]

    assert (values, harness.done_steps) == (["first", "first"], ["write"])
    assert harness.record == processing(steps={"write": "first"})


def test_a_step_of_an_earlier_attempt_is_not_repeated() -> None:
    harness = Harness(processing(steps={"write": None}))

    value = harness.step("write")

    assert (value, harness.done_steps, harness.documents.commits) == (None, [], 0)


def test_a_step_is_stored_once_although_the_answer_of_its_commit_was_lost() -> None:
    harness = Harness()
    harness.documents.next_commits = [CommitFault.ANSWER_LOST]

    harness.step("write")
    harness.step("draw")

    assert harness.record.steps == {"write": "done", "draw": "done"}
    assert harness.documents.commits == 2


def test_a_step_that_raises_is_not_stored() -> None:
    harness = Harness()

    def fail() -> NoReturn:
        raise ValueError("no answer")

    with pytest.raises(ValueError, match="no answer"):
        harness.attempt.step("write", fail)

    assert harness.record == processing()


def test_a_step_whose_value_is_too_large_is_a_permanent_failure() -> None:
    harness = Harness()
    harness.attempt.step("write", lambda: text_of(kib=200))

    with pytest.raises(PermanentFailure) as failure:
        harness.attempt.step("draw", lambda: text_of(kib=56))

    assert (failure.value.code, failure.value.message) == ("result_too_large", TOO_LARGE)
    assert harness.record.steps == {"write": text_of(kib=200)}


def test_a_step_whose_value_cannot_be_stored_is_a_permanent_failure() -> None:
    harness = Harness()

    with pytest.raises(PermanentFailure) as failure:
        harness.attempt.step("write", lambda: float("nan"))

    message = "The work returned a value that cannot be stored: /write must be a finite number."
    assert (failure.value.code, failure.value.message) == ("result_not_storable", message)
    assert harness.record == processing()


def test_a_step_that_outlasts_the_time_budget_is_stored_for_the_next_attempt() -> None:
    harness = Harness()

    def write() -> str:
        harness.clock.wait(2 * TIME_BUDGET)
        return "done"

    harness.attempt.step("write", write)

    assert harness.record == processing(steps={"write": "done"})


def test_a_finished_step_returns_its_value_after_the_time_budget_is_spent() -> None:
    harness = Harness(processing(steps={"write": "earlier"}))
    harness.clock.wait(TIME_BUDGET)

    assert harness.step("write") == "earlier"


def test_a_step_is_not_stored_if_the_request_was_cancelled_meanwhile() -> None:
    harness = Harness()

    def write() -> str:
        harness.cancel()
        return "done"

    with pytest.raises(AttemptAborted):
        harness.attempt.step("write", write)

    assert (harness.record.status, harness.record.steps) == (Status.CANCELLED, None)


def test_an_asset_is_stored_under_the_claim_of_its_attempt() -> None:
    harness = Harness()

    asset = harness.attempt.save("post.png", "image/png", b"PNG")

    made_at = "2026-01-01T12:00:00Z"
    assert asset == Asset(name="post.png", content_type="image/png", bytes=3, path="r1/mine/post.png", made_at=made_at)
    assert harness.assets.files == {"r1/mine/post.png": ("image/png", b"PNG")}


@pytest.mark.parametrize("name", ["", ".hidden", "../x", "a/b", "a b", "ä.png", "x" * 101, "a\n"])
def test_an_asset_with_an_invalid_name_is_refused(name: str) -> None:
    harness = Harness()

    with pytest.raises(ValueError, match="name of an asset"):
        harness.attempt.save(name, "image/png", b"PNG")

    assert harness.assets.files == {}


def test_sleep_waits_for_its_duration() -> None:
    harness = Harness()

    harness.attempt.sleep(20 * SECOND)

    assert harness.clock.now == NOW + 20 * SECOND


def test_sleep_ends_when_the_time_budget_is_spent_and_aborts_the_attempt() -> None:
    harness = Harness()

    with pytest.raises(AttemptAborted):
        harness.attempt.sleep(2 * TIME_BUDGET)

    assert harness.clock.now == NOW + TIME_BUDGET


def test_the_time_left_falls_to_zero() -> None:
    harness = Harness()
    left = []

    for _ in range(3):
        left.append(harness.attempt.time_left())
        harness.clock.wait(TIME_BUDGET * 3 / 4)

    assert left == [TIME_BUDGET, TIME_BUDGET / 4, timedelta(0)]


def test_the_work_can_read_its_effect_key_its_attempt_and_its_snoozes() -> None:
    attempt = Harness(processing(redrive=2, attempt=3, snoozes=4)).attempt

    assert (attempt.effect_key, attempt.attempt, attempt.snoozes) == ("r1-r2", 3, 4)


OPERATIONS: dict[str, Callable[[Harness], object]] = {
    "progress": lambda harness: harness.attempt.progress(60, "painting"),
    "step": lambda harness: harness.step("write"),
    "save": lambda harness: harness.attempt.save("post.png", "image/png", b"PNG"),
    "sleep": lambda harness: harness.attempt.sleep(SECOND),
}
LOSSES: dict[str, Callable[[Harness], None]] = {
    "cancelled": Harness.cancel,
    "taken over": Harness.take_over,
    "rescued": Harness.rescue,
    "deleted": Harness.delete,
}


def aborted(loss: Callable[[Harness], None]) -> Harness:
    """Returns an attempt whose progress met the loss of its request."""
    harness = Harness()
    loss(harness)
    with pytest.raises(AttemptAborted):
        harness.attempt.progress(40, "drawing")
    return harness


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_no_operation_starts_after_the_attempt_was_aborted(operation: Callable[[Harness], object]) -> None:
    harness = aborted(Harness.cancel)
    before = harness.record

    with pytest.raises(AttemptAborted):
        operation(harness)

    assert (harness.record, harness.done_steps, harness.assets.files, harness.clock.now) == (before, [], {}, NOW)


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_no_operation_starts_after_the_time_budget_is_spent(operation: Callable[[Harness], object]) -> None:
    harness = Harness()
    harness.clock.wait(TIME_BUDGET)

    with pytest.raises(AttemptAborted):
        operation(harness)

    assert (harness.record, harness.done_steps, harness.assets.files) == (processing(), [], {})


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_an_aborted_attempt_cannot_end_its_request(loss: Callable[[Harness], None]) -> None:
    harness = aborted(loss)
    before, reads = dict(harness.documents.inner.stored), harness.documents.reads

    with pytest.raises(Conflict) as conflict:
        harness.complete()

    assert conflict.value.current == before.get("r1")
    assert (harness.documents.inner.stored, harness.documents.reads) == (before, reads)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_an_attempt_that_has_lost_its_request_unnoticed_cannot_end_it(loss: Callable[[Harness], None]) -> None:
    harness = Harness()
    loss(harness)
    before = dict(harness.documents.inner.stored)

    with pytest.raises(Conflict) as conflict:
        harness.complete()

    assert conflict.value.current == before.get("r1")
    assert harness.documents.inner.stored == before


def test_a_retry_loop_of_a_type_does_not_catch_the_abort() -> None:
    harness = aborted(Harness.cancel)

    def run() -> JsonObject:
        try:
            return {"asset": harness.attempt.save("post.png", "image/png", b"PNG").name}
        except Exception:  # as a retry loop would
            return {"asset": None}

    with pytest.raises(AttemptAborted):
        run()


def test_an_outcome_is_stored_after_progress_whose_answer_was_lost() -> None:
    harness = Harness()
    harness.documents.next_commits = [CommitFault.ANSWER_LOST]
    harness.documents.readable = False
    harness.attempt.progress(40, "drawing")
    harness.documents.readable = True

    record = harness.complete()

    progress = Progress(percent=40, message="drawing")
    assert record == lifecycle.complete(processing(progress=progress), {}, NOW).record
