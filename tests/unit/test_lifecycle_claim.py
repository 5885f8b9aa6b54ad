"""Which delivery may claim a request, and when it may take over from the holder."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from common.pipeline.lifecycle import Delivery, Transition, Verdict, claim
from common.pipeline.record import Claim, Failure, Progress, Record, Status, due_key
from common.retention import RECORD_RETENTION
from tests.unit.builders import CLAIM, LEASE, MINUTE, NOW, TASK, ended, processing, queued

FIRST = Delivery(TASK, generation=0, retry_count=0)
LATER = NOW + MINUTE
RETRY = Delivery(TASK, generation=0, retry_count=1, eta=LATER, previous_response=503)
LEASE_END = NOW + LEASE


def claim_by(record: Record, delivery: Delivery, now: datetime = NOW) -> Transition:
    return claim(record, delivery, token="new", lease=LEASE, now=now)


def new_claim(delivery: Delivery) -> Claim:
    return Claim(token="new", task=delivery.task, retry_count=delivery.retry_count, eta=delivery.eta)


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
def test_a_retry_takes_over_at_once_if_the_delivery_before_it_died(response: int) -> None:
    record = processing()
    retry = replace(RETRY, previous_response=response)

    assert claim_by(record, retry, LATER) == Transition(
        Verdict.CLAIMED,
        record.changed(
            claim=new_claim(retry),
            attempt=2,
            started_at=LATER,
            due=due_key("r1", LATER + LEASE),
            errors=(lost_attempt(1, LATER),),
        ),
    )


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
        {"eta": NOW - timedelta(seconds=5)},
        {"eta": NOW},
        {"eta": NOW + timedelta(seconds=1)},
        {"eta": LATER + timedelta(seconds=2)},
    ],
    ids=str,
)
def test_a_retry_does_not_take_over_without_every_sign_that_the_holder_died(facts: dict[str, Any]) -> None:
    record = processing()

    assert claim_by(record, replace(RETRY, **facts), LATER) == Transition(Verdict.BUSY, record)


def test_a_request_without_a_stored_claim_keeps_its_lease() -> None:
    record = processing(claim=None)

    assert claim_by(record, RETRY, LATER) == Transition(Verdict.BUSY, record)


def test_a_retry_takes_over_although_its_clock_is_a_second_behind() -> None:
    ahead = replace(RETRY, eta=LATER + timedelta(seconds=1))

    assert claim_by(processing(), ahead, LATER).verdict is Verdict.CLAIMED


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


def test_a_forced_run_does_not_take_over() -> None:
    """A forced run has the schedule time of the holder's delivery; a retry has a later one."""
    record = processing(claim=CLAIM.model_copy(update={"eta": LATER}))

    assert claim_by(record, RETRY, LATER) == Transition(Verdict.BUSY, record)


def test_no_retry_takes_over_the_last_attempt_before_its_lease_has_expired() -> None:
    record = processing(attempt=3)

    assert claim_by(record, RETRY, LATER) == Transition(Verdict.BUSY, record)


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
