"""Who may hold a request: a delivery claims it, takes it over, or leaves it alone."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from common.pipeline.lifecycle import Delivery, Transition, Verdict, claim
from common.pipeline.record import Claim, Failure, Progress, Record, Status, due_key
from tests.unit.builders import CLAIM, LEASE, NOW, TASK, ended, processing, queued

FIRST = Delivery(TASK, generation=0, retry_count=0)
LATER = NOW + timedelta(minutes=1)
REPEAT = Delivery(TASK, generation=0, retry_count=1, eta=LATER, previous_response=503)
LEASE_OVER = NOW + LEASE


def claimed(record: Record, delivery: Delivery, now: datetime = NOW) -> Transition:
    return claim(record, delivery, token="new", lease=LEASE, now=now)


def held_by(delivery: Delivery) -> Claim:
    return Claim(token="new", task=delivery.task, retry_count=delivery.retry_count, eta=delivery.eta)


def lost(attempt: int, now: datetime) -> Failure:
    return Failure(code="lost", message="The attempt ended without an answer.", attempt=attempt, started_at=NOW, at=now)


def test_a_delivery_claims_a_queued_request() -> None:
    record = queued(steps={"write": 1}, errors=(lost(1, NOW),), attempt=1, sweeps=2, scheduled_at=NOW)

    assert claimed(record, FIRST, LATER) == Transition(
        Verdict.CLAIMED,
        record.changed(
            status=Status.PROCESSING,
            claim=held_by(FIRST),
            attempt=2,
            started_at=LATER,
            due=due_key("r1", LATER + LEASE),
            sweeps=None,
        ),
    )


def test_a_delivery_takes_over_once_the_lease_is_over() -> None:
    record = processing(steps={"write": 1}, progress=Progress(percent=40, message="drawing"))

    assert claimed(record, FIRST, LEASE_OVER) == Transition(
        Verdict.CLAIMED,
        record.changed(
            claim=held_by(FIRST),
            attempt=2,
            started_at=LEASE_OVER,
            due=due_key("r1", LEASE_OVER + LEASE),
            errors=(lost(1, LEASE_OVER),),
            progress=None,
        ),
    )


@pytest.mark.parametrize("retry_count", [0, 1])
def test_a_healthy_worker_is_left_alone_until_its_lease_is_over(retry_count: int) -> None:
    record = processing()
    delivery = replace(FIRST, retry_count=retry_count)

    assert claimed(record, delivery, LEASE_OVER - timedelta(seconds=1)) == Transition(Verdict.BUSY, record)


@pytest.mark.parametrize("response", [500, 503, 504, 599])
def test_the_repeat_of_a_delivery_that_died_takes_over_at_once(response: int) -> None:
    record = processing()
    repeat = replace(REPEAT, previous_response=response)

    assert claimed(record, repeat, LATER) == Transition(
        Verdict.CLAIMED,
        record.changed(
            claim=held_by(repeat),
            attempt=2,
            started_at=LATER,
            due=due_key("r1", LATER + LEASE),
            errors=(lost(1, LATER),),
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
def test_without_every_sign_of_its_death_the_holder_is_left_alone(facts: dict[str, Any]) -> None:
    record = processing()

    assert claimed(record, replace(REPEAT, **facts), LATER) == Transition(Verdict.BUSY, record)


def test_a_holder_without_a_claim_keeps_its_lease() -> None:
    record = processing(claim=None)

    assert claimed(record, REPEAT, LATER) == Transition(Verdict.BUSY, record)


def test_clocks_may_differ_by_a_second() -> None:
    early = replace(REPEAT, eta=LATER + timedelta(seconds=1))

    assert claimed(processing(), early, LATER).verdict is Verdict.CLAIMED


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.FAILED, Status.CANCELLED])
def test_a_request_that_has_ended_is_left_as_it_is(status: Status) -> None:
    record = ended(status)

    assert claimed(record, FIRST, LEASE_OVER) == Transition(Verdict.ENDED, record)


@pytest.mark.parametrize("generation", [0, 2])
@pytest.mark.parametrize("record", [queued(generation=1), processing(generation=1)], ids=["queued", "processing"])
def test_the_task_of_another_generation_is_superseded(record: Record, generation: int) -> None:
    delivery = replace(REPEAT, generation=generation)

    assert claimed(record, delivery, LEASE_OVER) == Transition(Verdict.SUPERSEDED, record)


def test_a_queued_request_whose_budget_is_spent_fails() -> None:
    record = queued(attempt=3)

    assert claimed(record, FIRST) == Transition(
        Verdict.FAILED,
        record.changed(
            status=Status.FAILED,
            error=Failure(code="attempts", message="All 3 attempts failed.", attempt=3, at=NOW),
            due=None,
            finished_at=NOW,
            expires_at=NOW + timedelta(days=35),
        ),
    )


def test_the_last_attempt_may_be_claimed() -> None:
    assert claimed(queued(attempt=2), FIRST).verdict is Verdict.CLAIMED


def test_a_repeat_with_the_schedule_time_of_the_holder_is_a_forced_run_and_leaves_it_alone() -> None:
    record = processing(claim=CLAIM.model_copy(update={"eta": LATER}))

    assert claimed(record, REPEAT, LATER) == Transition(Verdict.BUSY, record)


def test_the_holder_of_the_last_attempt_is_left_alone_until_its_lease_is_over() -> None:
    record = processing(attempt=3)

    assert claimed(record, REPEAT, LATER) == Transition(Verdict.BUSY, record)


def test_a_dead_holder_with_the_budget_spent_fails_and_its_loss_is_listed() -> None:
    record = processing(attempt=3)

    assert claimed(record, REPEAT, LEASE_OVER) == Transition(
        Verdict.FAILED,
        record.changed(
            status=Status.FAILED,
            error=Failure(code="attempts", message="All 3 attempts failed.", attempt=3, started_at=NOW, at=LEASE_OVER),
            errors=(lost(3, LEASE_OVER),),
            claim=CLAIM,
            due=None,
            finished_at=LEASE_OVER,
            expires_at=LEASE_OVER + timedelta(days=35),
        ),
    )


def test_a_healthy_holder_of_the_last_attempt_is_left_alone() -> None:
    record = processing(attempt=3)

    assert claimed(record, FIRST, LATER) == Transition(Verdict.BUSY, record)
