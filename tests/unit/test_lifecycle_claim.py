"""Which delivery may claim a request, and when it may take over from the holder."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from common.pipeline.due import due_key
from common.pipeline.lifecycle import Delivery, Transition, Verdict, claim
from common.pipeline.lifecycle.claiming import EARLY
from common.pipeline.record import Claim, Failure, Progress, Record, Status
from common.retention import RECORD_RETENTION
from tests.unit.builders import CLAIM, LEASE, MINUTE, NOW, TASK, ended, processing, queued

FIRST = Delivery(TASK, generation=0, retry_count=0, execution_count=0, eta=NOW)
LATER = NOW + MINUTE
RETRY = replace(FIRST, retry_count=1, eta=LATER, previous_response=503)
LEASE_END = NOW + LEASE


def claim_by(record: Record, delivery: Delivery, now: datetime = NOW) -> Transition:
    return claim(record, delivery, token="new", lease=LEASE, now=now)


def new_claim(delivery: Delivery, *, lost: int = 0) -> Claim:
    return Claim(token="new", task=delivery.task, retry_count=delivery.retry_count, eta=delivery.eta, lost=lost)


def held(**fields: Any) -> Record:
    """A request that the first delivery holds."""
    claim = CLAIM.model_copy(update={"retry_count": 0, "eta": NOW, "lost": 0} | fields.pop("claim", {}))
    return processing(claim=claim, **fields)


def lost_attempt(attempt: int, now: datetime) -> Failure:
    return Failure(code="lost", message="The attempt ended without an answer.", attempt=attempt, started_at=NOW, at=now)


def test_a_delivery_claims_a_queued_request() -> None:
    record = queued(steps={"write": 1}, errors=(lost_attempt(1, NOW),), attempt=1, sweeps=2, scheduled_at=NOW)

    assert claim_by(record, FIRST, LATER) == Transition(
        Verdict.CLAIMED,
        record.changed(
            status=Status.PROCESSING,
            claim=new_claim(FIRST),
            attempt=2,
            started_at=LATER,
            due=due_key("r1", LATER + LEASE),
            sweeps=None,
        ),
    )


def test_a_forced_run_before_run_at_is_refused() -> None:
    record = queued(run_at=LATER, scheduled_at=LATER)

    assert claim_by(record, FIRST, LATER - EARLY - timedelta(microseconds=1)) == Transition(Verdict.NOT_DUE, record)


@pytest.mark.parametrize(
    "fields",
    [{"scheduled_at": None}, {"scheduled_at": LATER + MINUTE}],
    ids=["retried by a person", "rescheduled by the work"],
)
def test_a_run_at_matters_only_for_the_first_start(fields: dict[str, Any]) -> None:
    assert claim_by(queued(run_at=LATER, **fields), FIRST, NOW).verdict is Verdict.CLAIMED


def test_the_clock_of_a_worker_may_be_behind() -> None:
    record = queued(run_at=LATER, scheduled_at=LATER)

    assert claim_by(record, FIRST, LATER - EARLY).verdict is Verdict.CLAIMED


def test_a_delivery_takes_over_after_the_lease_has_expired() -> None:
    record = processing(steps={"write": 1}, progress=Progress(percent=40, message="drawing"))

    assert claim_by(record, FIRST, LEASE_END) == Transition(
        Verdict.CLAIMED,
        record.changed(
            claim=new_claim(FIRST),
            attempt=2,
            started_at=LEASE_END,
            due=due_key("r1", LEASE_END + LEASE),
            errors=(lost_attempt(1, LEASE_END),),
            progress=None,
        ),
    )


@pytest.mark.parametrize("retry_count", [0, 1])
def test_no_delivery_takes_over_before_the_lease_has_expired(retry_count: int) -> None:
    record = processing()
    delivery = replace(FIRST, retry_count=retry_count)

    assert claim_by(record, delivery, LEASE_END - timedelta(seconds=1)) == Transition(Verdict.BUSY, record)


@pytest.mark.parametrize("response", [500, 503, 504, 599])
def test_a_retry_takes_over_at_once_if_the_holders_delivery_died(response: int) -> None:
    record = held()
    retry = replace(RETRY, previous_response=response)

    assert claim_by(record, retry, LATER) == Transition(
        Verdict.CLAIMED,
        record.changed(
            claim=new_claim(retry, lost=1),
            attempt=2,
            started_at=LATER,
            due=due_key("r1", LATER + LEASE),
            errors=(lost_attempt(1, LATER),),
        ),
    )


DEAD: dict[str, tuple[Record, Delivery]] = {
    "a retry by a clock that is a minute behind": (held(), replace(RETRY, eta=NOW + 2 * MINUTE)),
    "an operator's run before the retry is due": (held(), replace(RETRY, eta=NOW + 60 * MINUTE)),
    "a retry after a refused forced run": (held(), replace(RETRY, retry_count=2, execution_count=1)),
    "a retry after two refused deliveries": (held(), replace(RETRY, retry_count=3, execution_count=2)),
    "the second death of two deliveries": (
        held(reported=1, reported_eta=LATER),
        replace(RETRY, retry_count=3, execution_count=1, eta=LATER + MINUTE),
    ),
    "a retry after an earlier death": (
        held(claim={"retry_count": 1, "lost": 1}),
        replace(RETRY, retry_count=2),
    ),
    "a retry that the refusal of another hides": (
        held(reported=1, reported_eta=LATER),
        replace(RETRY, retry_count=3, execution_count=2, eta=LATER + MINUTE, previous_response=409),
    ),
}


@pytest.mark.parametrize("case", DEAD)
def test_a_delivery_takes_over_when_every_unanswered_delivery_has_died(case: str) -> None:
    record, delivery = DEAD[case]

    transition = claim_by(record, delivery, NOW)

    assert (transition.verdict, transition.record.claim) == (
        Verdict.CLAIMED,
        new_claim(delivery, lost=delivery.unanswered),
    )
    marks = (transition.record.reported, transition.record.reported_eta, transition.record.reported_by)
    assert marks == (None, None, None)


@pytest.mark.parametrize(
    "facts",
    [
        {"previous_response": 200},
        {"previous_response": 409},
        {"previous_response": 424},
        {"previous_response": 499},
        {"previous_response": None},
        {"retry_count": 0},
        {"task": TASK.replace("demo", "other")},
        {"eta": None},
        {"eta": NOW},
    ],
    ids=str,
)
def test_a_delivery_that_proves_no_death_changes_nothing(facts: dict[str, Any]) -> None:
    record = held()

    assert claim_by(record, replace(RETRY, **facts), LATER) == Transition(Verdict.BUSY, record)


@pytest.mark.parametrize(
    ("record", "facts"),
    [
        (held(), {"retry_count": 2}),
        (held(), {"retry_count": 3, "execution_count": 1}),
        (held(), {"execution_count": None}),
        (held(), {"execution_count": 1}),
        (held(attempt=3), {}),
    ],
    ids=[
        "two deliveries are unanswered",
        "two of three deliveries are unanswered",
        "no execution count",
        "an execution count that is too high",
        "the last attempt",
    ],
)
def test_a_death_that_may_be_anothers_is_stored_and_the_lease_decides(record: Record, facts: dict[str, Any]) -> None:
    delivery = replace(RETRY, **facts)

    evidence = record.changed(reported=1, reported_eta=LATER, reported_by=delivery.retry_count)
    assert claim_by(record, delivery, LATER) == Transition(Verdict.BUSY, evidence)
    assert claim_by(evidence, delivery, LATER) == Transition(Verdict.BUSY, evidence)


def test_a_delayed_delivery_decides_nothing_after_a_later_one_has_reported() -> None:
    """Its report may be counted already, and the stored count may include deaths that its own counts do not."""
    record = held(reported=2, reported_eta=LATER + MINUTE, reported_by=5)
    repeats_report = replace(RETRY, retry_count=3)
    misses_deaths = replace(RETRY, retry_count=3, execution_count=1, previous_response=409)

    for delayed in (repeats_report, misses_deaths):
        assert claim_by(record, delayed, LATER) == Transition(Verdict.BUSY, record)


@pytest.mark.parametrize("response", [423, 503])
def test_nothing_is_written_beside_a_worker_of_an_older_release_which_would_stop(response: int) -> None:
    record = held(claim={"lost": None})

    assert claim_by(record, replace(RETRY, previous_response=response), LATER) == Transition(Verdict.BUSY, record)


@pytest.mark.parametrize(
    ("holder", "delivery"), [(None, LATER), (NOW, None), (None, None)], ids=["the holder", "this delivery", "both"]
)
@pytest.mark.parametrize("response", [423, 503])
def test_without_the_time_of_a_delivery_only_the_lease_decides(
    holder: datetime | None, delivery: datetime | None, response: int
) -> None:
    record = held(claim={"eta": holder})

    transition = claim_by(record, replace(RETRY, eta=delivery, previous_response=response), LATER)

    assert transition == Transition(Verdict.BUSY, record)


def test_a_queued_request_counts_no_death_without_the_time_of_the_last_claim() -> None:
    record = queued(claim=Claim(token="old", task=TASK, retry_count=0, lost=0))

    assert claim_by(record, RETRY, LATER).record.claim == new_claim(RETRY, lost=0)


def test_a_holder_that_gave_up_before_any_work_is_marked_idle_once() -> None:
    record = held()
    delivery = replace(RETRY, execution_count=1, previous_response=423)

    idle = record.changed(idle=True)
    assert claim_by(record, delivery, LATER) == Transition(Verdict.BUSY, idle)
    assert claim_by(idle, delivery, LATER) == Transition(Verdict.BUSY, idle)


@pytest.mark.parametrize("facts", [{"retry_count": 2}, {"eta": NOW}])
def test_an_unsettled_claim_of_another_delivery_does_not_mark_the_holder_idle(facts: dict[str, Any]) -> None:
    record = held()
    delivery = replace(RETRY, **{"execution_count": 1, "previous_response": 423, **facts})

    assert claim_by(record, delivery, LATER) == Transition(Verdict.BUSY, record)


@pytest.mark.parametrize("attempt", [1, 3])
def test_the_attempt_of_an_idle_holder_is_not_counted(attempt: int) -> None:
    record = held(attempt=attempt, idle=True)

    transition = claim_by(record, RETRY, LEASE_END)

    assert (transition.verdict, transition.record.attempt, transition.record.errors, transition.record.idle) == (
        Verdict.CLAIMED,
        attempt,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("claim", "delivery", "lost"),
    [
        ({"retry_count": 0, "lost": 0}, replace(RETRY, previous_response=409), 1),
        ({"retry_count": 2, "lost": 0}, replace(RETRY, retry_count=3, execution_count=1), 2),
        ({"retry_count": 2, "lost": 1}, replace(RETRY, retry_count=4, execution_count=1), 2),
        ({"retry_count": 0, "lost": None}, RETRY, 1),
        ({"retry_count": 0, "lost": 0}, replace(RETRY, execution_count=1), 0),
        ({"task": "another"}, RETRY, 0),
    ],
)
def test_a_claim_after_the_lease_counts_the_holder_as_lost(
    claim: dict[str, Any], delivery: Delivery, lost: int
) -> None:
    transition = claim_by(held(claim=claim), delivery, LEASE_END)

    assert transition.record.claim == new_claim(delivery, lost=lost)


def test_a_delayed_delivery_adds_no_death_to_those_of_a_later_claim() -> None:
    delayed = replace(RETRY, retry_count=3)
    later = held(claim={"retry_count": 5, "lost": 1})

    claims = [claim_by(later.changed(status=Status.QUEUED), delayed), claim_by(later, delayed, LEASE_END)]

    assert [each.record.claim for each in claims] == [new_claim(delayed, lost=1), new_claim(delayed, lost=2)]


def test_a_claim_after_the_lease_of_an_idle_holder_does_not_count_it_as_lost() -> None:
    running = replace(RETRY, retry_count=4, execution_count=3, previous_response=409)

    transition = claim_by(held(idle=True), running, LEASE_END)

    assert transition.record.claim == new_claim(running, lost=0)


@pytest.mark.parametrize(
    ("claim", "delivery", "lost"),
    [
        ({"lost": 0}, replace(RETRY, execution_count=1, previous_response=424), 0),
        ({"lost": 1}, replace(RETRY, retry_count=2, execution_count=1, previous_response=424), 1),
        ({"lost": 0}, RETRY, 1),
        ({"lost": 1}, RETRY, 1),
        ({"lost": 0}, replace(RETRY, eta=NOW), 0),
        ({"lost": 1, "task": "another"}, RETRY, 0),
    ],
)
def test_a_claim_of_a_queued_request_keeps_the_known_deaths(
    claim: dict[str, Any], delivery: Delivery, lost: int
) -> None:
    record = held(claim=claim).changed(status=Status.QUEUED)

    assert claim_by(record, delivery, LATER).record.claim == new_claim(delivery, lost=lost)


def test_a_request_without_a_stored_claim_keeps_its_lease() -> None:
    record = processing(claim=None)

    assert claim_by(record, RETRY, LATER) == Transition(Verdict.BUSY, record)


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.FAILED, Status.CANCELLED])
def test_an_ended_request_cannot_be_claimed(status: Status) -> None:
    record = ended(status)

    assert claim_by(record, FIRST, LEASE_END) == Transition(Verdict.ENDED, record)


@pytest.mark.parametrize("generation", [0, 2])
@pytest.mark.parametrize("record", [queued(generation=1), processing(generation=1)], ids=["queued", "processing"])
def test_a_task_of_another_generation_is_superseded(record: Record, generation: int) -> None:
    delivery = replace(RETRY, generation=generation)

    assert claim_by(record, delivery, LEASE_END) == Transition(Verdict.SUPERSEDED, record)


def test_a_queued_request_fails_if_no_attempt_is_left() -> None:
    record = queued(attempt=3)

    assert claim_by(record, FIRST) == Transition(
        Verdict.FAILED,
        record.changed(
            status=Status.FAILED,
            error=Failure(code="attempts", message="All 3 attempts failed.", attempt=3, at=NOW),
            due=None,
            finished_at=NOW,
            expires_at=NOW + RECORD_RETENTION,
        ),
    )


def test_the_last_attempt_can_be_claimed() -> None:
    assert claim_by(queued(attempt=2), FIRST).verdict is Verdict.CLAIMED


def test_a_request_fails_when_its_last_attempt_is_lost() -> None:
    record = processing(attempt=3)

    assert claim_by(record, RETRY, LEASE_END) == Transition(
        Verdict.FAILED,
        record.changed(
            status=Status.FAILED,
            error=Failure(code="attempts", message="All 3 attempts failed.", attempt=3, started_at=NOW, at=LEASE_END),
            errors=(lost_attempt(3, LEASE_END),),
            claim=CLAIM,
            due=None,
            finished_at=LEASE_END,
            expires_at=LEASE_END + RECORD_RETENTION,
        ),
    )
