"""One delivery, from the claim to the end: what is stored, what is enqueued, and the verdict."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from common import log
from common.errors import NewerRecord, Unavailable
from common.pipeline import lifecycle
from common.pipeline.lifecycle import Delivery, Verdict
from common.pipeline.record import Claim, Failure, Record, Status, child_id, due_key
from common.pipeline.store import Stored, save
from common.pipeline.task_payload import TaskPayload
from common.pipeline.worker import Worker
from common.work import JsonObject, PermanentFailure, RetryAfter, Snooze, TryAgain, Work
from tests.fakes import FakeAssets
from tests.unit.builders import LEASE, NOW, POLICY, TASK, Clock, Input, catalog, ended, processing, queued, text_of
from tests.unit.conftest import LoggedEvent
from tests.unit.scripted_gateways import CommitFault, ScriptedDocuments, ScriptedTasks

FIRST = Delivery(TASK, generation=0, retry_count=0)
AGAIN = Delivery(TASK, generation=0, retry_count=1, eta=NOW, previous_response=424)
DELAY = timedelta(minutes=10)
TWO_MINUTES = timedelta(seconds=120)
NOTIFY = ({"type": "email", "to": "ann@clinic.example"},)
CHILD = child_id(parent="r1", redrive=0, index=0)
Run = Callable[[Input, Work], JsonObject]


class House:
    """A worker, what it works with, and how often the work was begun."""

    def __init__(self, record: Record | None = None, *, run: Run = lambda _given, _work: {"done": True}) -> None:
        self.documents = ScriptedDocuments(*[record] if record else [])
        self.tasks, self.assets, self.clock = ScriptedTasks(), FakeAssets(), Clock()
        self.began: list[Input] = []
        self._run = run
        self.worker = Worker(
            documents=self.documents,
            tasks=self.tasks,
            assets=self.assets,
            catalog=catalog(self._work),
            clock=self.clock,
            wait=self.clock.wait,
            new_token=lambda: "mine",
        )

    def _work(self, given: Input, work: Work) -> JsonObject:
        self.began.append(given)
        return self._run(given, work)

    @property
    def stored(self) -> Record:
        return self.documents["r1"]

    def deliver(self, delivery: Delivery = FIRST, *, body: Stored | None = None) -> Verdict:
        with log.bound():
            return self.worker.deliver(TaskPayload("r1", delivery.generation, body), delivery)

    def deliver_first(self) -> Verdict:
        """With the body that was stored when the task was made."""
        return self.deliver(body=self.documents.stored())

    def cancel(self) -> None:
        held = self.documents.stored()
        save(self.documents.inner, held, lifecycle.cancel(held.record, self.clock.now))


def raising(error: BaseException) -> Run:
    def run(_given: Input, _work: Work) -> JsonObject:
        raise error

    return run


def test_the_first_delivery_of_plain_work_costs_two_writes_and_no_read() -> None:
    house = House(queued())

    verdict = house.deliver_first()

    assert (verdict, house.documents.commits, house.documents.reads) == (Verdict.COMPLETED, 2, 0)


def test_work_is_done_on_what_was_asked_and_its_result_stored() -> None:
    house = House(queued(input={"text": "hello"}), run=lambda given, work: {"text": given.text, "key": work.effect_key})

    house.deliver_first()

    result: JsonObject = {"text": "hello", "key": "r1-r0"}
    assert house.stored == lifecycle.complete(processing(input={"text": "hello"}), result, NOW).record


def test_a_later_delivery_reads_first_whatever_its_body_says() -> None:
    house = House(queued())
    body = replace(house.documents.stored(), record=queued(input={"text": "stale"}))

    verdict = house.deliver(AGAIN, body=body)

    assert (verdict, house.documents.reads, house.began) == (Verdict.COMPLETED, 1, [Input()])


def test_a_body_that_is_out_of_date_is_not_believed() -> None:
    house = House(queued())
    body = house.documents.stored()
    house.cancel()

    verdict = house.deliver(body=body)

    assert (verdict, house.began, house.stored.status) == (Verdict.ENDED, [], Status.CANCELLED)


def test_a_delivery_without_a_body_reads_the_document() -> None:
    house = House(queued())

    assert (house.deliver(), house.documents.reads) == (Verdict.COMPLETED, 1)


@pytest.mark.parametrize(
    ("record", "delivery", "verdict"),
    [
        (processing(), AGAIN, Verdict.BUSY),
        (ended(Status.COMPLETED), AGAIN, Verdict.ENDED),
        (ended(Status.CANCELLED), FIRST, Verdict.ENDED),
        (queued(generation=1), AGAIN, Verdict.SUPERSEDED),
        (None, AGAIN, Verdict.MISSING),
    ],
    ids=lambda value: str(value) if isinstance(value, Verdict) else None,
)
def test_what_cannot_be_claimed_is_not_touched(record: Record | None, delivery: Delivery, verdict: Verdict) -> None:
    house = House(record)

    assert house.deliver(delivery) is verdict

    assert (house.began, house.documents.commits, house.tasks.names) == ([], 0, set())


def test_a_claim_whose_answer_was_lost_is_mine() -> None:
    house = House(queued())
    house.documents.next_commits = [CommitFault.ANSWER_LOST]

    assert house.deliver_first() is Verdict.COMPLETED

    assert (len(house.began), house.stored.attempt) == (1, 1)


def test_a_claim_of_unknown_outcome_starts_no_work() -> None:
    house = House(queued())
    house.documents.next_commits = [CommitFault.ANSWER_LOST]
    house.documents.readable = False

    with pytest.raises(Unavailable):
        house.deliver_first()

    assert house.began == []


def test_of_two_deliveries_at_once_one_does_the_work() -> None:
    house = House(queued())
    body = house.documents.stored()
    other = House(run=lambda _given, _work: {"done": "by the other"})
    other.documents.inner = house.documents.inner
    house.documents.next_commits = [lambda: other.deliver(body=body)]

    assert house.deliver(body=body) is Verdict.ENDED

    assert (house.began, house.stored.result) == ([], {"done": "by the other"})


def test_a_budget_that_is_spent_ends_it_without_work() -> None:
    house = House(queued(attempt=3, notify=NOTIFY))

    assert house.deliver() is Verdict.FAILED

    assert house.began == []
    assert house.stored.error == Failure(code="attempts", message="All 3 attempts failed.", attempt=3, at=NOW)
    assert house.tasks.names == {f"{CHILD}-g0"}


@pytest.mark.parametrize("body", [True, False])
def test_a_type_that_is_not_known_is_not_touched(body: bool) -> None:
    record = queued(type="newer")
    house = House(record)

    with pytest.raises(NewerRecord, match="r1 is of type newer"):
        house.deliver(body=house.documents.stored() if body else None)

    assert (house.stored, house.documents.commits) == (record, 0)


def error(code: str, message: str) -> Failure:
    return Failure(code=code, message=message, attempt=1, started_at=NOW, at=NOW)


def test_a_permanent_failure_ends_it_with_the_types_own_words() -> None:
    house = House(queued(), run=raising(PermanentFailure("The brief says nothing.", code="no_brief")))

    assert house.deliver_first() is Verdict.FAILED

    assert house.stored == lifecycle.fail_permanently(processing(), "no_brief", "The brief says nothing.", NOW).record


@pytest.mark.parametrize(
    ("outcome", "code", "message"),
    [
        (TryAgain("No answer from the printer.", code="printer"), "printer", "No answer from the printer."),
        (ValueError("postgres://user:secret@10.0.0.1"), "attempt_failed", "The attempt failed unexpectedly."),
        (SystemError(), "attempt_failed", "The attempt failed unexpectedly."),
    ],
)
def test_a_failed_attempt_is_queued_again_under_its_task(outcome: Exception, code: str, message: str) -> None:
    house = House(queued(), run=raising(outcome))

    assert house.deliver_first() is Verdict.ATTEMPT_FAILED

    assert house.stored == processing(
        status=Status.QUEUED, errors=(error(code, message),), due=due_key("r1", NOW + TWO_MINUTES)
    )
    assert house.tasks.names == set()


def test_the_text_of_a_foreign_exception_is_never_stored() -> None:
    house = House(queued(max_attempts=1), run=raising(ValueError("postgres://user:secret@10.0.0.1")))

    house.deliver_first()

    assert house.stored.status is Status.FAILED
    assert "secret" not in json.dumps(house.stored.to_json())


def test_a_foreign_exception_is_logged_with_its_traceback(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(queued(), run=raising(ValueError("no such table")))
    logger = logging.getLogger(log.LOGGER_NAME)
    monkeypatch.setattr(logger, "handlers", [caplog.handler])
    monkeypatch.setattr(logger, "propagate", False)

    house.deliver_first()

    assert [(record.getMessage(), bool(record.exc_info)) for record in caplog.records] == [("attempt.failed", True)]


def test_an_input_that_its_type_no_longer_takes_is_a_failed_attempt() -> None:
    house = House(queued(input={"words": "hello"}))

    assert house.deliver_first() is Verdict.ATTEMPT_FAILED

    assert (house.began, house.stored.errors) == ([], (error("attempt_failed", "The attempt failed unexpectedly."),))


def test_retry_after_puts_it_off_under_a_new_task() -> None:
    house = House(queued(), run=raising(RetryAfter(DELAY, "Busy.", code="busy")))

    assert house.deliver_first() is Verdict.RESCHEDULED

    assert house.stored == processing(
        status=Status.QUEUED,
        generation=1,
        errors=(error("busy", "Busy."),),
        scheduled_at=NOW + DELAY,
        due=due_key("r1", NOW + DELAY + TWO_MINUTES),
    )
    assert house.tasks.names == {"r1-g1"}


def test_the_task_of_a_rescheduled_request_carries_the_stored_record() -> None:
    house = House(queued(), run=raising(Snooze(DELAY)))

    house.deliver_first()

    assert house.tasks.stored("r1-g1") == house.documents.stored()


def test_a_snooze_puts_it_off_and_gives_the_attempt_back() -> None:
    house = House(queued(), run=raising(Snooze(DELAY)))

    assert house.deliver_first() is Verdict.RESCHEDULED

    assert house.stored == processing(
        status=Status.QUEUED,
        generation=1,
        attempt=0,
        snoozes=1,
        scheduled_at=NOW + DELAY,
        due=due_key("r1", NOW + DELAY + TWO_MINUTES),
    )


def test_a_snooze_beyond_29_days_is_left_to_the_sweeper() -> None:
    house = House(queued(), run=raising(Snooze(timedelta(days=30))))

    assert house.deliver_first() is Verdict.RESCHEDULED

    assert house.tasks.names == set()


def test_a_task_that_cannot_be_made_is_left_to_the_sweeper() -> None:
    house = House(queued(), run=raising(Snooze(DELAY)))
    house.tasks.errors["r1"] = Unavailable("no answer")

    assert house.deliver_first() is Verdict.RESCHEDULED

    assert house.stored.generation == 1


def test_the_notifications_of_an_end_are_stored_and_enqueued() -> None:
    house = House(queued(notify=NOTIFY))

    assert house.deliver_first() is Verdict.COMPLETED

    [child] = lifecycle.notifications(house.stored, NOW)
    assert house.documents[CHILD] == child
    assert house.tasks.stored(f"{CHILD}-g0") == house.documents.stored(CHILD)


def test_notifications_that_cannot_be_read_are_left_to_the_sweeper() -> None:
    house = House(queued(notify=NOTIFY))
    house.documents.readable = False

    assert house.deliver_first() is Verdict.COMPLETED

    assert house.documents[CHILD].status is Status.QUEUED


def test_an_end_whose_answer_was_lost_is_mine_and_notifies() -> None:
    house = House(queued(notify=NOTIFY))
    house.documents.next_commits = [lambda: None, CommitFault.ANSWER_LOST]

    assert house.deliver_first() is Verdict.COMPLETED

    assert (house.stored.status, house.tasks.names) == (Status.COMPLETED, {f"{CHILD}-g0"})


def test_an_end_of_unknown_outcome_is_not_answered() -> None:
    house = House(queued())
    house.documents.next_commits = [lambda: None, *[CommitFault.NOT_APPLIED] * 4]

    with pytest.raises(Unavailable):
        house.deliver_first()


def test_a_result_too_large_to_store_fails_it() -> None:
    house = House(queued(), run=lambda _given, _work: {"text": text_of(kib=256)})

    assert house.deliver_first() is Verdict.FAILED

    assert house.stored.error == error("result_too_large", lifecycle.TOO_LARGE)


def test_a_step_too_large_to_store_fails_it() -> None:
    house = House(queued(), run=lambda _given, work: {"text": work.step("write", lambda: text_of(kib=256))})

    assert house.deliver_first() is Verdict.FAILED

    assert house.stored.error == error("result_too_large", lifecycle.TOO_LARGE)


def test_a_step_that_an_earlier_attempt_finished_is_not_repeated() -> None:
    written: list[int] = []

    def run(_given: Input, work: Work) -> JsonObject:
        work.step("write", lambda: written.append(work.attempt))
        if work.attempt == 1:
            raise TryAgain("No answer.")
        return {}

    house = House(queued(), run=run)

    assert [house.deliver_first(), house.deliver(AGAIN)] == [Verdict.ATTEMPT_FAILED, Verdict.COMPLETED]

    assert written == [1]


def test_an_attempt_out_of_time_is_a_failed_attempt() -> None:
    def run(_given: Input, work: Work) -> JsonObject:
        work.sleep(2 * POLICY.time_budget)
        return {}

    house = House(queued(), run=run)

    assert house.deliver_first() is Verdict.ATTEMPT_FAILED

    message = "The attempt exceeded its time budget."
    assert house.stored.errors == (
        Failure(code="timeout", message=message, attempt=1, started_at=NOW, at=NOW + POLICY.time_budget),
    )


def test_a_cancelled_worker_starts_nothing_more_and_its_result_is_dropped() -> None:
    effects: list[str] = []

    def run(_given: Input, work: Work) -> JsonObject:
        house.cancel()
        work.progress(40, "drawing")
        effects.append("drawn")
        return {"done": True}

    house = House(queued(), run=run)

    assert house.deliver_first() is Verdict.ENDED

    assert (effects, house.stored) == ([], lifecycle.cancel(processing(), NOW).record)


def test_a_cancel_that_the_work_does_not_notice_drops_its_result() -> None:
    def run(_given: Input, _work: Work) -> JsonObject:
        house.cancel()
        return {"done": True}

    house = House(queued(notify=NOTIFY), run=run)

    assert house.deliver_first() is Verdict.ENDED

    assert house.stored == lifecycle.cancel(processing(notify=NOTIFY), NOW).record
    assert house.tasks.names == set()


def test_a_late_attempt_cannot_overwrite_a_newer_one() -> None:
    def zombie(_given: Input, work: Work) -> JsonObject:
        house.clock.wait(LEASE)
        assert other.deliver(AGAIN) is Verdict.COMPLETED
        return {"done": "by the zombie"}

    house = House(queued(), run=zombie)
    other = House(run=lambda _given, _work: {"done": "by the other"})
    other.documents.inner, other.clock.now = house.documents.inner, NOW + LEASE

    assert house.deliver_first() is Verdict.ENDED

    assert house.stored.result == {"done": "by the other"}


@pytest.mark.parametrize(
    ("record", "verdict"),
    [
        (processing(claim=Claim(token="theirs", task=TASK, retry_count=1)), Verdict.BUSY),
        (queued(generation=1), Verdict.SUPERSEDED),
        (queued(), Verdict.BUSY),
        (ended(Status.FAILED), Verdict.ENDED),
        (None, Verdict.MISSING),
    ],
    ids=["taken over", "rescued", "queued again", "ended", "deleted"],
)
def test_whoever_has_lost_the_request_tells_what_became_of_it(record: Record | None, verdict: Verdict) -> None:
    def run(_given: Input, _work: Work) -> JsonObject:
        del house.documents.inner.stored["r1"]
        if record is not None:
            house.documents.inner.stored["r1"] = Stored(record, "later")
        return {"done": True}

    house = House(queued(), run=run)

    assert house.deliver_first() is verdict

    assert {name: each.record for name, each in house.documents.inner.stored.items()} == (
        {"r1": record} if record else {}
    )


def test_a_delivery_that_died_is_taken_over_by_its_repeat() -> None:
    house = House(processing())
    house.clock.wait(timedelta(minutes=1))
    repeat = Delivery(TASK, generation=0, retry_count=1, eta=house.clock.now, previous_response=503)

    assert house.deliver(repeat) is Verdict.COMPLETED

    assert (house.stored.attempt, [each.code for each in house.stored.errors or ()]) == (2, ["lost"])


def test_the_events_of_an_attempt_have_the_fields_of_its_claim(log_events: list[LoggedEvent]) -> None:
    house = House(queued(trace="00-1-2-01"), run=raising(ValueError("no such table")))

    house.deliver_first()

    fields = {"type": "demo", "attempt": 1, "trace": "00-1-2-01", "queue_ms": 0}
    assert log_events == [LoggedEvent("attempt.failed", "ERROR", fields, has_traceback=True)]


def test_the_work_saves_its_assets_under_its_claim() -> None:
    house = House(queued(), run=lambda _given, work: {"path": work.save("post.png", "image/png", b"PNG").path})

    house.deliver_first()

    assert house.stored.result == {"path": "r1/mine/post.png"}
    assert house.assets.files == {"r1/mine/post.png": ("image/png", b"PNG")}


def test_an_attempt_that_has_lost_its_request_is_logged(log_events: list[LoggedEvent]) -> None:
    def run(_given: Input, _work: Work) -> JsonObject:
        house.cancel()
        return {}

    house = House(queued(), run=run)

    house.deliver_first()

    assert [(event.level, event.name) for event in log_events] == [("INFO", "attempt.superseded")]


def test_notifications_that_are_left_to_the_sweeper_are_logged(log_events: list[LoggedEvent]) -> None:
    house = House(queued(notify=NOTIFY))
    house.documents.readable = False

    house.deliver_first()

    [event] = log_events
    assert (event.level, event.name, event.fields["reason"]) == ("WARNING", "enqueue.left_to_sweeper", "no answer")
