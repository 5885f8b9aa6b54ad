"""What the sweeper does to what is overdue."""

from datetime import datetime, timedelta

import pytest

from common.pipeline.lifecycle import Transition, Verdict, renew, sweep
from common.pipeline.record import Failure, Record, Status, due_key
from tests.unit.builders import LEASE, NOW, ended, processing, queued

DUE = NOW + timedelta(seconds=120)
LEASE_OVER = NOW + LEASE
LOST = Failure(code="lost", message="The attempt ended without an answer.", attempt=1, started_at=NOW, at=LEASE_OVER)


def due(moment: datetime) -> str:
    return due_key("r1", moment)


def test_an_overdue_queued_request_is_postponed_by_four_minutes() -> None:
    record = queued()

    assert sweep(record, DUE) == Transition(
        Verdict.POSTPONED, record.changed(due=due(DUE + timedelta(minutes=4)), sweeps=1)
    )


@pytest.mark.parametrize(("sweeps", "minutes"), [(1, 8), (2, 16), (3, 32), (4, 60), (5, 60), (40, 60), (100_000, 60)])
def test_the_patience_doubles_with_each_sweep_up_to_an_hour(sweeps: int, minutes: int) -> None:
    record = queued(sweeps=sweeps)

    assert sweep(record, DUE) == Transition(
        Verdict.POSTPONED, record.changed(due=due(DUE + timedelta(minutes=minutes)), sweeps=sweeps + 1)
    )


def test_a_request_beyond_the_horizon_of_cloud_tasks_is_brought_a_day_before_its_time() -> None:
    scheduled_at = NOW + timedelta(days=60)
    found_at = scheduled_at - timedelta(days=1)
    record = queued(scheduled_at=scheduled_at).changed(due=due(found_at))

    assert sweep(record, found_at) == Transition(
        Verdict.POSTPONED, record.changed(due=due(scheduled_at + timedelta(minutes=4)), sweeps=1)
    )


def test_a_request_whose_worker_is_gone_is_rescued_with_a_new_task() -> None:
    record = processing(generation=4, scheduled_at=NOW, steps={"write": 1})

    assert sweep(record, LEASE_OVER) == Transition(
        Verdict.RESCUED,
        record.changed(
            status=Status.QUEUED,
            generation=5,
            errors=(LOST,),
            scheduled_at=None,
            due=due(LEASE_OVER + timedelta(seconds=120)),
        ),
    )


def test_a_request_whose_last_worker_is_gone_fails_as_lost() -> None:
    record = processing(attempt=3)

    assert sweep(record, LEASE_OVER) == Transition(
        Verdict.FAILED,
        record.changed(
            status=Status.FAILED,
            error=Failure(
                code="lost",
                message="Its last attempt ended without an answer.",
                attempt=3,
                started_at=NOW,
                at=LEASE_OVER,
            ),
            errors=(LOST.model_copy(update={"attempt": 3}),),
            due=None,
            finished_at=LEASE_OVER,
            expires_at=LEASE_OVER + timedelta(days=35),
        ),
    )


@pytest.mark.parametrize(
    ("record", "now"),
    [
        (queued(), DUE - timedelta(seconds=1)),
        (processing(), LEASE_OVER - timedelta(seconds=1)),
        (ended(Status.COMPLETED), LEASE_OVER),
        (ended(Status.FAILED, due=due(NOW)), LEASE_OVER),
        (queued().changed(due=None), LEASE_OVER),
    ],
    ids=["queued", "processing", "ended", "ended with a due", "without a due"],
)
def test_what_is_not_overdue_is_left_alone(record: Record, now: datetime) -> None:
    assert sweep(record, now) == Transition(Verdict.NOT_DUE, record)


def test_a_renewed_request_has_a_new_task_name_and_the_patience_it_had() -> None:
    record = queued(generation=4, sweeps=3)

    assert renew(record, DUE) == Transition(
        Verdict.RENEWED, record.changed(generation=5, due=due(DUE + timedelta(minutes=16)))
    )


def test_a_renewed_request_is_due_after_its_scheduled_time() -> None:
    scheduled_at = DUE + timedelta(hours=1)
    record = queued(scheduled_at=scheduled_at)

    assert renew(record, DUE) == Transition(
        Verdict.RENEWED, record.changed(generation=1, due=due(scheduled_at + timedelta(minutes=2)))
    )


def test_a_request_that_was_never_swept_can_be_renewed() -> None:
    record = queued()

    assert renew(record, DUE) == Transition(
        Verdict.RENEWED, record.changed(generation=1, due=due(DUE + timedelta(minutes=2)))
    )
