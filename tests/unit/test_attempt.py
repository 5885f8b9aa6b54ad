"""What a type of work may do while it holds a request, and that it may do nothing once it does not."""

from collections.abc import Callable
from datetime import timedelta
from typing import NoReturn

import pytest

from common.pipeline import lifecycle
from common.pipeline.attempt import Attempt
from common.pipeline.lifecycle import TOO_LARGE, Transition
from common.pipeline.record import Progress, Record, Status
from common.pipeline.store import Conflict, save
from common.work import Asset, AttemptAborted, JsonObject, PermanentFailure
from tests.fakes import FakeAssets
from tests.unit.builders import LEASE, NOW, POLICY, Clock, processing, text_of
from tests.unit.conftest import LoggedEvent
from tests.unit.scripted_gateways import CommitFault, ScriptedDocuments

SECOND = timedelta(seconds=1)
BUDGET = POLICY.time_budget


class Bench:
    """An attempt that has just begun, and what it has written."""

    def __init__(self, record: Record | None = None) -> None:
        self.documents = ScriptedDocuments(record or processing())
        self.assets, self.clock = FakeAssets(), Clock()
        self.attempt = Attempt(
            self.documents.stored(),
            documents=self.documents,
            assets=self.assets,
            time_budget=BUDGET,
            clock=self.clock,
            wait=self.clock.wait,
        )
        self.done: list[str] = []

    @property
    def stored(self) -> Record:
        return self.documents["r1"]

    def step(self, name: str, value: str = "done") -> object:
        return self.attempt.step(name, lambda: self._do(name, value))

    def _do(self, name: str, value: str) -> str:
        self.done.append(name)
        return value

    def write(self, decide: Callable[[Record], Transition]) -> None:
        """As another process would."""
        held = self.documents.stored()
        save(self.documents.inner, held, decide(held.record))

    def cancel(self) -> None:
        self.write(lambda record: lifecycle.cancel(record, self.clock.now))

    def rescue(self) -> None:
        self.write(lambda record: lifecycle.sweep(record, NOW + LEASE))

    def take_over(self) -> None:
        delivery = lifecycle.Delivery("another task", generation=0, retry_count=0)
        self.write(lambda record: lifecycle.claim(record, delivery, token="theirs", lease=LEASE, now=NOW + LEASE))

    def delete(self) -> None:
        del self.documents.inner.stored["r1"]


def told(percent: int, message: str) -> Progress:
    return Progress(percent=percent, message=message)


def test_progress_is_stored_at_once() -> None:
    bench = Bench()

    bench.attempt.progress(40, "drawing")

    assert bench.stored == processing(progress=told(40, "drawing"))


def test_progress_is_stored_at_most_once_a_second() -> None:
    bench = Bench()

    for tenth in range(21):
        bench.attempt.progress(tenth, "drawing")
        bench.clock.wait(SECOND / 10)

    assert bench.documents.commits == 3
    assert bench.stored.progress == told(20, "drawing")


def test_progress_that_has_not_changed_is_not_stored_again() -> None:
    bench = Bench()

    for _ in range(5):
        bench.attempt.progress(40, "drawing")
        bench.clock.wait(10 * SECOND)

    assert bench.documents.commits == 1


def test_progress_never_falls() -> None:
    bench = Bench()
    bench.attempt.progress(40, "drawing")
    bench.clock.wait(SECOND)

    bench.attempt.progress(30, "writing")

    assert bench.stored.progress == told(40, "writing")


@pytest.mark.parametrize(("percent", "shown"), [(-1, 0), (101, 100)])
def test_progress_stays_between_0_and_100(percent: int, shown: int) -> None:
    bench = Bench()

    bench.attempt.progress(percent, "x" * 201)

    assert bench.stored.progress == told(shown, "x" * 200)


def test_progress_that_came_too_soon_is_stored_with_the_next_step() -> None:
    bench = Bench()
    bench.attempt.progress(40, "drawing")
    bench.attempt.progress(50, "writing")

    bench.step("write")

    assert bench.stored == processing(progress=told(50, "writing"), steps={"write": "done"})


def test_progress_that_came_too_soon_is_stored_with_the_end() -> None:
    bench = Bench()
    bench.attempt.progress(40, "drawing")
    bench.attempt.progress(100, "done")

    bench.attempt.finish(lambda record: lifecycle.complete(record, {}, NOW))

    assert bench.stored == lifecycle.complete(processing(progress=told(100, "done")), {}, NOW).record


def test_progress_keeps_the_steps_of_this_and_earlier_attempts() -> None:
    bench = Bench(processing(steps={"read": "earlier"}))
    bench.step("write")
    bench.clock.wait(SECOND)

    bench.attempt.progress(50, "drawing")

    assert bench.stored.steps == {"read": "earlier", "write": "done"}


def test_progress_that_cannot_be_stored_does_not_stop_the_work() -> None:
    bench = Bench()
    bench.documents.next_commits = [CommitFault.NOT_APPLIED]
    bench.documents.readable = False

    bench.attempt.progress(40, "drawing")
    bench.documents.readable = True
    bench.clock.wait(timedelta(seconds=1))
    bench.attempt.progress(50, "writing")

    assert bench.stored.progress == told(50, "writing")


def test_progress_whose_answer_was_lost_is_recognised_as_mine() -> None:
    bench = Bench()
    bench.documents.next_commits = [CommitFault.ANSWER_LOST]
    bench.documents.readable = False
    bench.attempt.progress(40, "drawing")
    bench.documents.readable = True

    bench.step("write")

    assert bench.stored == processing(progress=told(40, "drawing"), steps={"write": "done"})


def test_the_end_is_stored_over_progress_whose_answer_was_lost() -> None:
    bench = Bench()
    bench.documents.next_commits = [CommitFault.ANSWER_LOST]
    bench.documents.readable = False
    bench.attempt.progress(40, "drawing")
    bench.documents.readable = True

    _, stored = bench.attempt.finish(lambda record: lifecycle.complete(record, {}, NOW))

    assert stored.record == lifecycle.complete(processing(progress=told(40, "drawing")), {}, NOW).record


def test_a_step_is_done_once_and_its_result_kept() -> None:
    bench = Bench()

    results = [bench.step("write", "first"), bench.step("write", "second")]

    assert (results, bench.done) == (["first", "first"], ["write"])
    assert bench.stored == processing(steps={"write": "first"})


def test_a_step_of_an_earlier_attempt_is_not_repeated() -> None:
    bench = Bench(processing(steps={"write": None}))

    result = bench.step("write")

    assert (result, bench.done, bench.documents.commits) == (None, [], 0)


def test_a_step_whose_answer_was_lost_is_kept() -> None:
    bench = Bench()
    bench.documents.next_commits = [CommitFault.ANSWER_LOST]

    bench.step("write")
    bench.step("draw")

    assert bench.stored.steps == {"write": "done", "draw": "done"}
    assert bench.documents.commits == 2


def test_a_step_that_raises_is_not_kept() -> None:
    bench = Bench()

    def fail() -> NoReturn:
        raise ValueError("no answer")

    with pytest.raises(ValueError, match="no answer"):
        bench.attempt.step("write", fail)

    assert bench.stored == processing()


def test_a_step_too_large_to_store_is_a_permanent_failure() -> None:
    bench = Bench()
    bench.attempt.step("write", lambda: text_of(kib=200))

    with pytest.raises(PermanentFailure) as failure:
        bench.attempt.step("draw", lambda: text_of(kib=56))

    assert (failure.value.code, failure.value.message) == ("result_too_large", TOO_LARGE)
    assert bench.stored.steps == {"write": text_of(kib=200)}


def test_an_asset_lies_under_the_claim_of_its_own_attempt() -> None:
    bench = Bench()

    asset = bench.attempt.save("post.png", "image/png", b"PNG")

    assert asset == Asset(name="post.png", content_type="image/png", bytes=3, path="r1/mine/post.png")
    assert bench.assets.files == {"r1/mine/post.png": ("image/png", b"PNG")}


@pytest.mark.parametrize("name", ["", ".hidden", "../x", "a/b", "a b", "ä.png", "x" * 101, "a\n"])
def test_an_asset_has_a_plain_name(name: str) -> None:
    bench = Bench()

    with pytest.raises(ValueError, match="name of an asset"):
        bench.attempt.save(name, "image/png", b"PNG")

    assert bench.assets.files == {}


def test_sleep_waits_that_long() -> None:
    bench = Bench()

    bench.attempt.sleep(20 * SECOND)

    assert bench.clock.now == NOW + 20 * SECOND


def test_sleep_ends_with_the_time_budget_and_the_attempt_with_it() -> None:
    bench = Bench()

    with pytest.raises(AttemptAborted):
        bench.attempt.sleep(2 * BUDGET)

    assert bench.clock.now == NOW + BUDGET


def test_the_time_left_falls_to_nothing_and_not_below() -> None:
    bench = Bench()
    left = []

    for _ in range(3):
        left.append(bench.attempt.time_left())
        bench.clock.wait(BUDGET * 3 / 4)

    assert left == [BUDGET, BUDGET / 4, timedelta(0)]


def test_the_work_is_told_its_key_and_how_often_it_was_begun() -> None:
    attempt = Bench(processing(redrive=2, attempt=3, snoozes=4)).attempt

    assert (attempt.effect_key, attempt.attempt, attempt.snoozes) == ("r1-r2", 3, 4)


THINGS: dict[str, Callable[[Bench], object]] = {
    "progress": lambda bench: bench.attempt.progress(60, "painting"),
    "a step": lambda bench: bench.step("write"),
    "an asset": lambda bench: bench.attempt.save("post.png", "image/png", b"PNG"),
    "a sleep": lambda bench: bench.attempt.sleep(SECOND),
}
LOSSES: dict[str, Callable[[Bench], None]] = {
    "cancelled": Bench.cancel,
    "taken over": Bench.take_over,
    "rescued": Bench.rescue,
    "deleted": Bench.delete,
}


def lost(loss: Callable[[Bench], None]) -> Bench:
    """An attempt that has learned, by its progress, that the request is no longer its own."""
    bench = Bench()
    loss(bench)
    with pytest.raises(AttemptAborted):
        bench.attempt.progress(40, "drawing")
    return bench


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("thing", THINGS.values(), ids=THINGS)
def test_nothing_begins_after_the_request_was_lost(
    loss: Callable[[Bench], None], thing: Callable[[Bench], object]
) -> None:
    bench = lost(loss)
    before = dict(bench.documents.inner.stored)

    with pytest.raises(AttemptAborted):
        thing(bench)

    assert (bench.documents.inner.stored, bench.done, bench.assets.files, bench.clock.now) == (before, [], {}, NOW)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_an_attempt_that_has_lost_its_request_cannot_end_it(loss: Callable[[Bench], None]) -> None:
    bench = lost(loss)
    before, reads = dict(bench.documents.inner.stored), bench.documents.reads

    with pytest.raises(Conflict) as conflict:
        bench.attempt.finish(lambda record: lifecycle.complete(record, {}, NOW))

    assert conflict.value.current == before.get("r1")
    assert (bench.documents.inner.stored, bench.documents.reads) == (before, reads)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_an_attempt_that_does_not_know_yet_cannot_end_it_either(loss: Callable[[Bench], None]) -> None:
    bench = Bench()
    loss(bench)
    before = dict(bench.documents.inner.stored)

    with pytest.raises(Conflict) as conflict:
        bench.attempt.finish(lambda record: lifecycle.complete(record, {}, NOW))

    assert conflict.value.current == before.get("r1")
    assert bench.documents.inner.stored == before


@pytest.mark.parametrize("thing", THINGS.values(), ids=THINGS)
def test_nothing_begins_after_the_time_budget(thing: Callable[[Bench], object]) -> None:
    bench = Bench()
    bench.clock.wait(BUDGET)

    with pytest.raises(AttemptAborted):
        thing(bench)

    assert (bench.stored, bench.done, bench.assets.files) == (processing(), [], {})


def test_a_finished_step_is_known_even_after_the_time_budget() -> None:
    bench = Bench(processing(steps={"write": "earlier"}))
    bench.clock.wait(BUDGET)

    assert bench.step("write") == "earlier"


def test_a_step_that_outlasts_the_time_budget_is_kept_for_the_next_attempt() -> None:
    bench = Bench()

    def write() -> str:
        bench.clock.wait(2 * BUDGET)
        return "done"

    bench.attempt.step("write", write)

    assert bench.stored == processing(steps={"write": "done"})


def test_a_step_during_which_the_request_was_cancelled_is_dropped() -> None:
    bench = Bench()

    def cancel() -> str:
        bench.cancel()
        return "done"

    with pytest.raises(AttemptAborted):
        bench.attempt.step("write", cancel)

    assert (bench.stored.status, bench.stored.steps) == (Status.CANCELLED, None)


def test_stopped_cannot_be_swallowed_by_a_types_own_retry_loop() -> None:
    bench = lost(Bench.cancel)

    def run() -> JsonObject:
        try:
            return {"asset": bench.attempt.save("post.png", "image/png", b"PNG").name}
        except Exception:  # what such a loop would catch
            return {"asset": None}

    with pytest.raises(AttemptAborted):
        run()


def test_progress_told_right_after_a_step_is_stored_at_once() -> None:
    bench = Bench()
    bench.clock.wait(SECOND)
    bench.step("write")

    bench.attempt.progress(40, "drawing")

    assert bench.stored.progress == told(40, "drawing")


def test_progress_within_a_second_is_stored_when_the_work_sleeps_on() -> None:
    bench = Bench()
    bench.attempt.progress(10, "begun")
    bench.attempt.progress(40, "drawing")

    bench.attempt.sleep(10 * SECOND)

    assert bench.stored.progress == told(40, "drawing")
    assert bench.clock.now == NOW + 10 * SECOND


def test_the_time_budget_runs_from_the_claim() -> None:
    bench = Bench(processing(started_at=NOW - BUDGET / 2))

    assert bench.attempt.time_left() == BUDGET / 2


@pytest.mark.parametrize("value", [[[1]], {"": 1}, 2**70, float("nan"), "\ud800"])
def test_a_step_that_cannot_be_stored_fails_for_good(value: object) -> None:
    bench = Bench()

    with pytest.raises(PermanentFailure) as failure:
        bench.attempt.step("write", lambda: value)  # type: ignore[arg-type, return-value]  # what a faulty type may return

    assert failure.value.code == "result_not_storable"
    assert bench.stored == processing()


def test_words_of_progress_that_cannot_be_stored_are_replaced() -> None:
    bench = Bench()

    bench.attempt.progress(40, "draw\ud800ing")

    assert bench.stored.progress == told(40, "draw?ing")


def test_progress_that_could_not_be_stored_is_logged(log_events: list[LoggedEvent]) -> None:
    bench = Bench()
    bench.documents.next_commits = [CommitFault.NOT_APPLIED]
    bench.documents.readable = False

    bench.attempt.progress(40, "drawing")

    assert log_events == [LoggedEvent("progress.lost", "WARNING", {}, has_traceback=False)]


def test_unstored_progress_does_not_extend_a_short_sleep() -> None:
    bench = Bench()
    bench.attempt.progress(10, "reading")
    bench.attempt.progress(40, "drawing")

    bench.attempt.sleep(SECOND / 4)

    assert (bench.clock.now, bench.documents.commits) == (NOW + SECOND / 4, 1)


def test_the_failure_of_a_step_states_the_value_that_cannot_be_stored() -> None:
    bench = Bench()

    with pytest.raises(PermanentFailure) as failure:
        bench.attempt.step("write", lambda: float("nan"))

    assert failure.value.message == "The work returned a value that cannot be stored: /write must be a finite number."
