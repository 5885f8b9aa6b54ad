"""Submitting: what is stored and enqueued, replays of an idempotency key, batches, and the quota."""

from datetime import timedelta
from typing import Any

import pytest

from common.errors import Fault, InvalidInput, KeyReused, QuotaExceeded, Unavailable
from common.pipeline import lifecycle
from common.pipeline.ids import effect_key, request_id
from common.pipeline.record import Record
from common.pipeline.submission import Submission
from common.pipeline.submission_service import Accepted
from common.work import JsonObject
from tests.unit.builders import MINUTE, NOW, SECOND, queued
from tests.unit.request_service_harness import ANN, MALLORY, Harness
from tests.unit.scripted_gateways import CommitFault

HELLO = Submission("demo", {"text": "hello"})
BYE = Submission("demo", {"text": "bye"})


def submitted(submission: Submission = HELLO, *, index: int = 0, **fields: Any) -> Record:
    """Returns the record of a submission by ANN at NOW with the key k1."""
    return lifecycle.submit(
        record_id=request_id(tenant="t:clinic", owner="ann", key="k1", index=index),
        tenant="t:clinic",
        owner="ann",
        type_name="demo",
        work_input=submission.input,
        max_attempts=3,
        now=NOW,
        **{"nonce": "n1", "form": "single", **fields},
    )


def test_a_submitted_request_is_stored_and_enqueued() -> None:
    harness = Harness()

    accepted = harness.submissions.submit(ANN, [HELLO], key="k1", trace="00-1-2-01")

    record = submitted(trace="00-1-2-01")
    assert accepted == Accepted([record], is_replay=False)
    assert harness.records == [record]
    assert harness.tasks.stored(f"{record.id}-g0") == harness.documents.stored(record.id)


def test_a_submission_costs_one_write_and_no_read() -> None:
    harness = Harness()

    harness.submit(HELLO)

    assert (harness.documents.commits, harness.documents.reads) == (1, 0)


def test_the_start_time_and_the_notifications_of_a_submission_are_stored() -> None:
    harness = Harness()
    run_at = NOW + MINUTE
    notify: tuple[JsonObject, ...] = ({"type": "email", "to": "ann@clinic.example"},)

    harness.submit(Submission("demo", {"text": "hello"}, run_at, notify))

    assert harness.records == [submitted(run_at=run_at, notify=notify)]


def test_a_replay_returns_the_stored_request_and_changes_nothing() -> None:
    harness = Harness()
    first = harness.submit(HELLO)
    before = harness.state()
    harness.clock.wait(MINUTE)

    replay = harness.submit(HELLO)

    assert replay == Accepted(first.records, is_replay=True)
    assert harness.state() == before


def test_a_replay_creates_the_task_that_could_not_be_created_before() -> None:
    harness = Harness()
    record = submitted()
    harness.tasks.errors = {record.id: Unavailable("no answer")}
    harness.submit(HELLO)
    harness.tasks.errors = {}
    harness.clock.wait(MINUTE)

    harness.submit(HELLO)

    assert harness.tasks.names == {f"{record.id}-g0"}


def test_a_replay_returns_an_ended_request_and_enqueues_nothing() -> None:
    cancelled = lifecycle.cancel(submitted(nonce="n0"), NOW).record
    harness = Harness(cancelled)
    harness.clock.wait(MINUTE)

    assert harness.submit(HELLO) == Accepted([cancelled], is_replay=True)

    assert harness.tasks.names == set()


def test_a_key_that_was_used_for_another_request_is_refused() -> None:
    harness = Harness()
    harness.submit(HELLO)
    before = harness.state()
    harness.clock.wait(MINUTE)

    with pytest.raises(KeyReused) as refusal:
        harness.submit(BYE)

    assert refusal.value.pointer == ""
    assert harness.state() == before


def test_the_same_key_of_another_caller_creates_another_request() -> None:
    harness = Harness()
    harness.submit(HELLO)

    accepted = harness.submit(BYE, caller=MALLORY)

    assert (accepted.is_replay, len(harness.records)) == (False, 2)


def test_each_submission_without_a_key_creates_a_request() -> None:
    harness = Harness()

    first, second = harness.submit(HELLO, key=None), harness.submit(HELLO, key=None)

    assert (first.is_replay, second.is_replay, len(harness.records)) == (False, False, 2)


def test_a_submission_of_unknown_outcome_is_not_accepted() -> None:
    harness = Harness()
    harness.documents.next_commits = [CommitFault.ANSWER_LOST]
    harness.documents.readable = False

    with pytest.raises(Unavailable):
        harness.submit(HELLO)


def test_a_request_is_accepted_although_its_task_cannot_be_created() -> None:
    harness = Harness()
    harness.tasks.errors = {submitted().id: Unavailable("no answer")}

    assert harness.submit(HELLO) == Accepted([submitted()], is_replay=False)

    assert harness.records == [submitted()]


def test_a_batch_is_stored_in_one_write_and_returned_in_order() -> None:
    harness = Harness()

    accepted = harness.submit(HELLO, BYE, HELLO)

    expected = [submitted(each, index=index, form="batch of 3") for index, each in enumerate((HELLO, BYE, HELLO))]
    assert accepted == Accepted(expected, is_replay=False)
    assert harness.documents.commits == 1
    assert harness.tasks.names == {f"{record.id}-g0" for record in expected}


def test_a_batch_with_an_invalid_submission_stores_nothing_and_names_its_index() -> None:
    harness = Harness()

    with pytest.raises(InvalidInput) as refusal:
        harness.submit(HELLO, Submission("demo", {}, run_at=NOW + timedelta(days=367)))

    assert refusal.value.faults == (Fault("/requests/1/run_at", "must be at most a year ahead"),)
    assert harness.state() == ({}, set())


def test_a_batch_creates_no_more_tasks_after_one_that_cannot_be_created() -> None:
    harness = Harness()
    harness.tasks.errors = {submitted(BYE, index=1).id: Unavailable("no answer")}

    harness.submit(HELLO, BYE, HELLO)

    assert (len(harness.records), harness.tasks.names) == (3, {f"{submitted().id}-g0"})


def test_a_replay_of_a_batch_returns_the_stored_requests() -> None:
    harness = Harness()
    first = harness.submit(HELLO, BYE)
    harness.clock.wait(MINUTE)

    assert harness.submit(HELLO, BYE) == Accepted(first.records, is_replay=True)


def test_the_missing_requests_of_a_batch_are_created() -> None:
    harness = Harness(submitted(HELLO, nonce="n0", form="batch of 2"))
    harness.clock.wait(MINUTE)

    accepted = harness.submit(HELLO, BYE)

    assert (accepted.is_replay, [record.created_at for record in accepted.records]) == (False, [NOW, NOW + MINUTE])
    assert len(harness.records) == 2


def test_a_batch_that_differs_from_a_stored_request_stores_nothing_and_names_its_index() -> None:
    harness = Harness(submitted(BYE, index=1, nonce="n0", form="batch of 2"))
    harness.clock.wait(MINUTE)
    before = harness.state()

    with pytest.raises(KeyReused) as refusal:
        harness.submit(HELLO, HELLO)

    assert refusal.value.pointer == "/requests/1"
    assert harness.state() == before


def test_a_submission_beyond_the_quota_stores_nothing() -> None:
    harness = Harness(queued(), limit=2)

    with pytest.raises(QuotaExceeded):
        harness.submit(HELLO, BYE)

    assert harness.records == [queued()]


def test_a_replay_is_answered_although_the_quota_is_used_up() -> None:
    stored = submitted(nonce="n0")
    harness = Harness(stored, limit=1)

    assert harness.submit(HELLO) == Accepted([stored], is_replay=True)


def test_replays_do_not_use_up_the_quota() -> None:
    harness = Harness(limit=2)

    for _ in range(5):
        harness.submit(HELLO, key="same")
        harness.clock.wait(SECOND)
    harness.submit(BYE, key="new")

    assert len(harness.records) == 2


def test_a_batch_with_a_missing_request_needs_quota() -> None:
    harness = Harness(submitted(), limit=1)

    with pytest.raises(QuotaExceeded):
        harness.submit(HELLO, BYE)


def test_a_submission_without_a_key_beyond_the_quota_reads_nothing() -> None:
    harness = Harness(submitted(), limit=1)

    with pytest.raises(QuotaExceeded):
        harness.submit(HELLO, key=None)

    assert harness.documents.reads == 0


def test_a_key_of_a_single_request_does_not_find_it_in_a_batch() -> None:
    harness = Harness()
    harness.submit(HELLO)

    with pytest.raises(KeyReused) as refusal:
        harness.submissions.submit(ANN, [HELLO], key="k1", batch=True)

    assert (refusal.value.pointer, len(harness.records)) == ("/requests/0", 1)


@pytest.mark.parametrize("other", [[HELLO], [HELLO, BYE], [HELLO, BYE, HELLO, HELLO]])
def test_a_key_of_a_batch_does_not_find_it_in_a_batch_of_another_length(other: list[Submission]) -> None:
    harness = Harness()
    harness.submit(HELLO, BYE, HELLO)

    with pytest.raises(KeyReused):
        harness.submissions.submit(ANN, other, key="k1", batch=True)
    with pytest.raises(KeyReused):
        harness.submissions.submit(ANN, [HELLO], key="k1")

    assert len(harness.records) == 3


def test_a_record_of_an_older_release_is_found_by_every_form_of_the_call() -> None:
    harness = Harness(older := submitted(nonce=None, form=None))

    assert harness.submit(HELLO) == Accepted([older], is_replay=True)
    assert harness.submissions.submit(ANN, [HELLO], key="k1", batch=True) == Accepted([older], is_replay=True)


def test_refused_key_reuses_do_not_use_up_the_quota() -> None:
    harness = Harness(limit=3)
    harness.submit(HELLO)

    for _ in range(110):
        with pytest.raises(KeyReused):
            harness.submit(BYE)

    harness.submit(HELLO, BYE, key="new")


@pytest.mark.parametrize("error", [Unavailable("no answer"), ZeroDivisionError("a bug")])
def test_a_submission_that_is_not_stored_uses_no_quota(error: Exception) -> None:
    harness = Harness(limit=1)

    def fail() -> None:
        raise error

    harness.documents.next_commits = [fail]
    with pytest.raises(type(error)):
        harness.submit(HELLO)

    harness.submit(BYE, key="new")


def test_a_request_that_is_submitted_again_after_its_deletion_has_another_effect_key() -> None:
    harness = Harness()
    [first] = harness.submit(HELLO).records
    harness.documents.inner.stored.clear()

    [second] = harness.submit(BYE).records

    assert first.id == second.id
    assert effect_key(first) != effect_key(second)
