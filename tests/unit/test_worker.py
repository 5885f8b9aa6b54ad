"""One delivery, from the claim to the outcome: what is stored, which tasks are created, and the verdict."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from common import log
from common.errors import NewerRecord, Unavailable
from common.pipeline import lifecycle
from common.pipeline.claimer import CLAIM_PAUSE, CLAIM_ROUNDS, Unread
from common.pipeline.ids import child_id
from common.pipeline.lifecycle import Delivery, Verdict
from common.pipeline.record import Claim, Failure, Record, Status
from common.pipeline.store import COMMIT_ATTEMPTS, Stored, Update, save
from common.pipeline.task_payload import TaskPayload
from common.pipeline.worker import Worker
from common.work import JsonObject, PermanentFailure, RetryAfter, Snooze, TryAgain, Work
from tests.fakes import FakeAssets
from tests.unit.builders import (
    CLAIM,
    LEASE,
    MINUTE,
    NOW,
    POLICY,
    SECOND,
    TASK,
    Clock,
    Input,
    catalog,
    ended,
    processing,
    queued,
)
from tests.unit.conftest import LoggedEvent
from tests.unit.scripted_gateways import CommitFault, ScriptedDocuments, ScriptedTasks

FIRST = Delivery(TASK, generation=0, retry_count=0)
RETRY = Delivery(TASK, generation=0, retry_count=1, eta=NOW, previous_response=424)
DELAY = 10 * MINUTE
NOTIFY = ({"type": "email", "to": "ann@clinic.example"},)
CHILD = child_id(parent="r1", redrive=0, index=0)
REPORT = Delivery(TASK, generation=0, retry_count=1, execution_count=0, eta=NOW + MINUTE, previous_response=503)
UNPROVEN_REPORT = replace(REPORT, retry_count=2)  # of two unanswered deliveries, one may still run
NEVER_APPLIED = [CommitFault.NOT_APPLIED] * COMMIT_ATTEMPTS * CLAIM_ROUNDS
Run = Callable[[Input, Work], JsonObject]


class Harness:
    """A worker over fakes, and the inputs with which it called the work."""

    def __init__(self, record: Record | None = None, *, run: Run = lambda _input, _work: {"done": True}) -> None:
        self.documents = ScriptedDocuments(*[record] if record else [])
        self.tasks, self.assets, self.clock = ScriptedTasks(), FakeAssets(), Clock()
        self.inputs: list[Input] = []
        self._run = run
        self.worker = Worker(
            documents=self.documents,
            tasks=self.tasks,
            assets=self.assets,
            catalog=catalog(self._work),
            clock=self.clock,
            wait=self._pause,
            new_token=lambda: "mine",
        )
        self.on_wait: Callable[[timedelta], None] = self.clock.wait

    def _pause(self, duration: timedelta) -> None:
        self.on_wait(duration)

    def _work(self, work_input: Input, work: Work) -> JsonObject:
        self.inputs.append(work_input)
        return self._run(work_input, work)

    @property
    def record(self) -> Record:
        """The stored record."""
        return self.documents["r1"]

    def deliver(
        self, delivery: Delivery = FIRST, *, carried: Stored | None = None, time_budget: timedelta | None = None
    ) -> Verdict:
        """Delivers a task whose payload carries that record, or none."""
        with log.bound():
            return self.worker.deliver(TaskPayload("r1", delivery.generation, carried, time_budget), delivery)

    def deliver_first(self) -> Verdict:
        """Delivers the task that was created with the stored record."""
        return self.deliver(carried=self.documents.stored())

    def cancel(self) -> None:
        stored = self.documents.stored()
        save(self.documents.inner, stored, lifecycle.cancel(stored.record, self.clock.now))


def held_by_another() -> Record:
    return processing(claim=CLAIM.model_copy(update={"token": "another", "eta": NOW}))


def raising(error: BaseException) -> Run:
    def run(_input: Input, _work: Work) -> JsonObject:
        raise error

    return run


def test_a_first_delivery_costs_two_writes_and_no_read() -> None:
    harness = Harness(queued())

    verdict = harness.deliver_first()

    assert (verdict, harness.documents.commits, harness.documents.reads) == (Verdict.COMPLETED, 2, 0)


def test_the_work_gets_the_input_and_its_result_is_stored() -> None:
    record = queued(input={"text": "hello"})
    harness = Harness(record, run=lambda work_input, work: {"text": work_input.text, "key": work.effect_key})

    harness.deliver_first()

    result: JsonObject = {"text": "hello", "key": "r1-r0"}
    assert harness.record == lifecycle.complete(processing(input={"text": "hello"}), result, NOW).record


def test_the_assets_of_the_work_are_stored() -> None:
    harness = Harness(queued(), run=lambda _input, work: {"path": work.save("post.png", "image/png", b"PNG").path})

    harness.deliver_first()

    assert harness.record.result == {"path": "r1/mine/post.png"}
    assert harness.assets.files == {"r1/mine/post.png": ("image/png", b"PNG")}


def test_a_retry_reads_the_document_although_its_payload_carries_the_record() -> None:
    harness = Harness(queued())
    carried = replace(harness.documents.stored(), record=queued(input={"text": "old"}))

    verdict = harness.deliver(RETRY, carried=carried)

    assert (verdict, harness.documents.reads, harness.inputs) == (Verdict.COMPLETED, 1, [Input()])


def test_a_delivery_whose_payload_carries_no_record_reads_the_document() -> None:
    harness = Harness(queued())

    assert (harness.deliver(), harness.documents.reads) == (Verdict.COMPLETED, 1)


def test_a_first_delivery_reads_the_document_if_the_record_that_it_carries_is_outdated() -> None:
    harness = Harness(queued())
    carried = harness.documents.stored()
    harness.cancel()

    verdict = harness.deliver(carried=carried)

    assert (verdict, harness.inputs, harness.record.status) == (Verdict.ENDED, [], Status.CANCELLED)


@pytest.mark.parametrize(
    ("record", "verdict"),
    [
        (processing(claim=CLAIM.model_copy(update={"token": "another"})), Verdict.BUSY),
        (ended(Status.COMPLETED), Verdict.ENDED),
        (queued(generation=1), Verdict.SUPERSEDED),
        (None, Verdict.MISSING),
    ],
    ids=["busy", "ended", "superseded", "missing"],
)
def test_a_delivery_that_cannot_claim_changes_nothing(record: Record | None, verdict: Verdict) -> None:
    harness = Harness(record)

    assert harness.deliver(RETRY) is verdict

    assert (harness.inputs, harness.documents.commits, harness.tasks.names) == ([], 0, set())


def test_a_delivery_without_an_attempt_left_fails_the_request_and_creates_its_notifications() -> None:
    record = queued(attempt=3, notify=NOTIFY)
    harness = Harness(record)

    assert harness.deliver() is Verdict.FAILED

    failed = lifecycle.claim(record, FIRST, token="mine", lease=LEASE, now=NOW).record
    assert (harness.record, harness.inputs, harness.tasks.names) == (failed, [], {f"{CHILD}-g0"})


def test_a_claim_of_unknown_outcome_is_retried_in_three_rounds_and_then_unsettled() -> None:
    harness = Harness(queued())
    harness.documents.next_commits = [CommitFault.NOT_APPLIED] * 3
    harness.documents.readable = False

    assert harness.deliver_first() is Verdict.UNSETTLED

    assert (harness.inputs, harness.clock.now, harness.record) == ([], NOW + 10 * SECOND, queued())


def test_a_claim_whose_answer_was_lost_is_recognised_by_its_token() -> None:
    harness = Harness(queued())
    harness.documents.readable = False

    def make_readable(_duration: timedelta) -> None:
        harness.documents.readable = True

    harness.documents.next_commits = [CommitFault.ANSWER_LOST]
    harness.on_wait = make_readable

    assert harness.deliver_first() is Verdict.COMPLETED

    assert (len(harness.inputs), harness.record.attempt) == (1, 1)


def test_a_claim_to_which_another_delivery_added_evidence_is_still_recognised() -> None:
    harness = Harness(queued())
    first = harness.documents.stored()

    def add_evidence() -> None:
        claimed = lifecycle.claim(first.record, FIRST, token="mine", lease=LEASE, now=NOW).record
        harness.documents.inner.commit(Update(first, claimed.changed(reported=1)), [])

    harness.documents.next_commits = [add_evidence]

    assert harness.deliver_first() is Verdict.COMPLETED


def test_a_delivery_that_cannot_read_the_request_in_three_rounds_changes_nothing() -> None:
    harness = Harness(queued())
    harness.documents.readable = False

    with pytest.raises(Unread):
        harness.deliver(RETRY)

    assert (harness.inputs, harness.documents.commits, harness.clock.now) == ([], 0, NOW + 10 * SECOND)


def test_the_report_of_a_death_survives_a_failed_read() -> None:
    harness = Harness(held_by_another())
    harness.documents.readable = False

    def make_readable(_duration: timedelta) -> None:
        harness.documents.readable = True

    harness.on_wait = make_readable

    assert harness.deliver(REPORT) is Verdict.COMPLETED


def test_evidence_is_stored_in_a_later_round_if_its_write_fails() -> None:
    harness = Harness(held_by_another())
    harness.documents.next_commits = [CommitFault.NOT_APPLIED] * COMMIT_ATTEMPTS

    assert harness.deliver(UNPROVEN_REPORT) is Verdict.BUSY

    assert (harness.record.reported, harness.record.reported_eta) == (1, UNPROVEN_REPORT.eta)


def test_evidence_whose_write_fails_in_three_rounds_is_given_up() -> None:
    harness = Harness(held_by_another())
    harness.documents.next_commits = list(NEVER_APPLIED)

    assert harness.deliver(UNPROVEN_REPORT) is Verdict.BUSY

    assert harness.record == held_by_another()


def test_claims_that_land_after_their_deliveries_gave_up_use_no_attempt() -> None:
    harness = Harness(queued())
    for retry_count in (0, 2, 4):
        delivery = replace(
            FIRST, retry_count=retry_count, execution_count=retry_count, eta=harness.clock.now, previous_response=409
        )
        before = harness.documents.stored()
        harness.documents.next_commits = list(NEVER_APPLIED)
        assert harness.deliver(delivery) is Verdict.UNSETTLED
        late = lifecycle.claim(before.record, delivery, token="late", lease=LEASE, now=harness.clock.now).record
        harness.documents.inner.commit(Update(before, late), [])
        harness.clock.wait(MINUTE)
        after = replace(
            delivery,
            retry_count=retry_count + 1,
            execution_count=retry_count + 1,
            eta=harness.clock.now,
            previous_response=423,
        )
        assert harness.deliver(after) is Verdict.BUSY
        harness.clock.wait(LEASE)

    last = replace(FIRST, retry_count=6, execution_count=6, eta=harness.clock.now, previous_response=409)
    assert harness.deliver(last) is Verdict.COMPLETED

    assert (len(harness.inputs), harness.record.attempt, harness.record.errors) == (1, 1, None)


@pytest.mark.parametrize(
    ("carried", "left"), [(None, POLICY.time_budget), (MINUTE, MINUTE), (60 * MINUTE, POLICY.time_budget)]
)
def test_the_smaller_time_budget_counts_from_the_arrival_of_the_delivery(
    carried: timedelta | None, left: timedelta
) -> None:
    seen: list[timedelta] = []

    def run(_input: Input, work: Work) -> JsonObject:
        seen.append(work.time_left())
        return {}

    harness = Harness(queued(), run=run)
    harness.documents.next_commits = [CommitFault.NOT_APPLIED] * COMMIT_ATTEMPTS  # the claim needs a second round

    harness.deliver(carried=harness.documents.stored(), time_budget=carried)

    assert seen == [left - CLAIM_PAUSE]


def test_only_one_of_two_simultaneous_deliveries_does_the_work() -> None:
    harness = Harness(queued())
    carried = harness.documents.stored()
    other = Harness(run=lambda _input, _work: {"done": "by the other"})
    other.documents.inner = harness.documents.inner
    harness.documents.next_commits = [lambda: other.deliver(carried=carried)]

    assert harness.deliver(carried=carried) is Verdict.ENDED

    assert (harness.inputs, harness.record.result) == ([], {"done": "by the other"})


@pytest.mark.parametrize("is_carried", [True, False])
def test_a_delivery_of_an_unknown_type_raises_and_changes_nothing(is_carried: bool) -> None:
    record = queued(type="newer")
    harness = Harness(record)

    with pytest.raises(NewerRecord, match="r1 is of type newer"):
        harness.deliver(carried=harness.documents.stored() if is_carried else None)

    assert (harness.record, harness.documents.commits) == (record, 0)


def test_a_release_without_the_type_stores_the_report_of_a_death_for_one_that_has_it() -> None:
    harness = Harness(held_by_another().changed(type="newer"))

    assert harness.deliver(REPORT) is Verdict.BUSY

    assert (harness.record.reported, harness.inputs) == (1, [])
    after = replace(REPORT, retry_count=2, execution_count=1, eta=NOW + 2 * MINUTE, previous_response=409)
    taken_over = lifecycle.claim(harness.record, after, token="new", lease=LEASE, now=NOW)
    assert taken_over.verdict is Verdict.CLAIMED


def test_a_release_without_the_type_does_not_take_over_after_the_lease() -> None:
    record = held_by_another().changed(type="newer")
    harness = Harness(record)
    harness.clock.wait(LEASE)

    with pytest.raises(NewerRecord):
        harness.deliver(replace(REPORT, execution_count=1, previous_response=409))

    assert harness.record == record


@pytest.mark.parametrize(
    ("record", "verdict"),
    [
        (ended(Status.FAILED, type="removed"), Verdict.ENDED),
        (queued(generation=1, type="removed"), Verdict.SUPERSEDED),
    ],
    ids=["ended", "superseded"],
)
def test_a_task_of_an_unknown_type_ends_if_it_does_not_own_an_open_request(record: Record, verdict: Verdict) -> None:
    harness = Harness(record)

    assert harness.deliver(RETRY) is verdict


HELD = processing()
FAILED_UNEXPECTEDLY = lifecycle.fail_attempt(HELD, "attempt_failed", "The attempt failed unexpectedly.", NOW)
OUTCOMES = [
    (
        PermanentFailure("The input has no content.", code="no_content"),
        lifecycle.fail_permanently(HELD, "no_content", "The input has no content.", NOW),
    ),
    (
        TryAgain("The printer is off.", code="printer"),
        lifecycle.fail_attempt(HELD, "printer", "The printer is off.", NOW),
    ),
    (
        RetryAfter(DELAY, "The printer is busy.", code="printer"),
        lifecycle.fail_attempt(HELD, "printer", "The printer is busy.", NOW, delay=DELAY),
    ),
    (Snooze(DELAY), lifecycle.snooze(HELD, DELAY, NOW)),
    (ValueError("postgres://user:secret@10.0.0.1"), FAILED_UNEXPECTEDLY),
    (SystemError(), FAILED_UNEXPECTEDLY),
]


@pytest.mark.parametrize(("outcome", "expected"), OUTCOMES, ids=[type(outcome).__name__ for outcome, _ in OUTCOMES])
def test_the_outcome_of_the_work_decides_the_transition(outcome: Exception, expected: lifecycle.Transition) -> None:
    harness = Harness(queued(), run=raising(outcome))

    assert harness.deliver_first() is expected.verdict

    assert harness.record == expected.record
    rescheduled = expected.verdict is Verdict.RESCHEDULED
    assert harness.tasks.names == ({"r1-g1"} if rescheduled else set())


def test_an_input_that_its_type_no_longer_accepts_is_a_failed_attempt() -> None:
    harness = Harness(queued(input={"words": "hello"}))

    assert harness.deliver_first() is Verdict.ATTEMPT_FAILED

    expected = lifecycle.fail_attempt(
        processing(input={"words": "hello"}), "attempt_failed", "The attempt failed unexpectedly.", NOW
    )
    assert (harness.inputs, harness.record) == ([], expected.record)


def test_an_attempt_that_exceeds_its_time_budget_is_a_failed_attempt() -> None:
    def run(_input: Input, work: Work) -> JsonObject:
        work.sleep(2 * POLICY.time_budget)
        return {}

    harness = Harness(queued(), run=run)

    assert harness.deliver_first() is Verdict.ATTEMPT_FAILED

    message = "The attempt exceeded its time budget."
    assert harness.record.errors == (
        Failure(code="timeout", message=message, attempt=1, started_at=NOW, at=NOW + POLICY.time_budget),
    )


def test_an_outcome_that_cannot_be_stored_is_not_acknowledged() -> None:
    harness = Harness(queued())
    harness.documents.next_commits = [lambda: None, *[CommitFault.NOT_APPLIED] * 4]

    with pytest.raises(Unavailable):
        harness.deliver_first()


def test_an_outcome_beside_a_record_of_a_newer_release_is_not_acknowledged() -> None:
    harness = Harness(queued())
    harness.documents.next_commits = [lambda: harness.documents.newer.add("r1"), CommitFault.NOT_APPLIED]

    with pytest.raises(Unavailable):
        harness.deliver_first()


def test_the_task_of_a_rescheduled_request_carries_the_stored_record() -> None:
    harness = Harness(queued(), run=raising(Snooze(DELAY)))

    harness.deliver_first()

    assert harness.tasks.stored("r1-g1") == harness.documents.stored()


def test_a_request_is_rescheduled_although_its_task_cannot_be_created() -> None:
    harness = Harness(queued(), run=raising(Snooze(DELAY)))
    harness.tasks.errors["r1"] = Unavailable("no answer")

    assert harness.deliver_first() is Verdict.RESCHEDULED

    assert harness.record == lifecycle.snooze(processing(), DELAY, NOW).record


def test_the_notifications_of_a_completed_request_are_stored_and_enqueued() -> None:
    harness = Harness(queued(notify=NOTIFY))

    assert harness.deliver_first() is Verdict.COMPLETED

    [child] = lifecycle.notifications(harness.record, NOW)
    assert harness.documents[CHILD] == child
    assert harness.tasks.stored(f"{CHILD}-g0") == harness.documents.stored(CHILD)


def test_notifications_that_cannot_be_read_are_left_to_the_sweeper(log_events: list[LoggedEvent]) -> None:
    harness = Harness(queued(notify=NOTIFY))
    harness.documents.readable = False

    assert harness.deliver_first() is Verdict.COMPLETED

    assert harness.documents[CHILD].status is Status.QUEUED
    [event] = log_events
    assert (event.level, event.name, event.fields["reason"]) == ("WARNING", "enqueue.left_to_sweeper", "no answer")


def test_a_cancelled_attempt_stops_at_its_next_operation() -> None:
    effects: list[str] = []

    def run(_input: Input, work: Work) -> JsonObject:
        harness.cancel()
        work.progress(40, "drawing")
        effects.append("drawn")
        return {"done": True}

    harness = Harness(queued(notify=NOTIFY), run=run)

    assert harness.deliver_first() is Verdict.ENDED

    cancelled = lifecycle.cancel(processing(notify=NOTIFY), NOW).record
    assert (effects, harness.documents.records, harness.tasks.names) == ([], {"r1": cancelled}, set())


def test_a_late_attempt_cannot_overwrite_a_newer_one() -> None:
    def outlive_the_lease(_input: Input, _work: Work) -> JsonObject:
        harness.clock.wait(LEASE)
        assert other.deliver(RETRY) is Verdict.COMPLETED
        return {"done": "too late"}

    harness = Harness(queued(), run=outlive_the_lease)
    other = Harness(run=lambda _input, _work: {"done": "by the other"})
    other.documents.inner, other.clock.now = harness.documents.inner, NOW + LEASE

    assert harness.deliver_first() is Verdict.ENDED

    assert harness.record.result == {"done": "by the other"}


@pytest.mark.parametrize(
    ("record", "verdict"),
    [
        (processing(claim=Claim(token="theirs", task=TASK, retry_count=1)), Verdict.BUSY),
        (queued(generation=1), Verdict.SUPERSEDED),
        (queued(), Verdict.BUSY),
        (ended(Status.CANCELLED), Verdict.ENDED),
        (None, Verdict.MISSING),
    ],
    ids=["taken over", "rescued", "queued again", "ended", "deleted"],
)
def test_an_attempt_that_has_lost_its_request_stores_nothing_and_returns_why(
    record: Record | None, verdict: Verdict
) -> None:
    def lose_the_request(_input: Input, _work: Work) -> JsonObject:
        harness.documents.inner.stored = {"r1": Stored(record, "later")} if record else {}
        return {"done": True}

    harness = Harness(queued(notify=NOTIFY), run=lose_the_request)

    assert harness.deliver_first() is verdict

    assert harness.documents.records == ({"r1": record} if record else {})
    assert harness.tasks.names == set()


def test_the_events_of_an_attempt_have_the_fields_of_its_claim(log_events: list[LoggedEvent]) -> None:
    harness = Harness(queued(trace="00-1-2-01"), run=raising(ValueError("no such table")))

    harness.deliver_first()

    fields = {"type": "demo", "attempt": 1, "trace": "00-1-2-01", "queue_ms": 0}
    assert log_events == [LoggedEvent("attempt.failed", "ERROR", fields, has_traceback=True)]


def test_an_attempt_that_has_lost_its_request_is_logged(log_events: list[LoggedEvent]) -> None:
    def run(_input: Input, _work: Work) -> JsonObject:
        harness.cancel()
        return {}

    harness = Harness(queued(), run=run)

    harness.deliver_first()

    assert [(event.level, event.name) for event in log_events] == [("INFO", "attempt.superseded")]
