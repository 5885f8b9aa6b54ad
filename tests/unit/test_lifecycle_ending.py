"""How a request ends: a cancel, and the notifications that are created in the commit of an end."""

from collections.abc import Callable

import pytest

from common.pipeline.due import due_key
from common.pipeline.ids import child_id, effect_key
from common.pipeline.lifecycle import (
    Delivery,
    Transition,
    Verdict,
    cancel,
    claim,
    complete,
    fail_attempt,
    fail_permanently,
    notifications,
    sweep,
)
from common.pipeline.record import Parent, Record, Status
from common.retention import RECORD_RETENTION
from tests.unit.builders import FIRST_SWEEP, LEASE, NOW, TASK, ended, processing, queued, record_with

LATER = NOW + LEASE
NOTIFY = ({"type": "email", "to": "ann@clinic.example"}, {"type": "webhook", "url": "https://clinic.example/"})
LAST_ATTEMPT = processing(notify=NOTIFY, attempt=3, redrive=1, trace="00-1-2-01")


@pytest.mark.parametrize("record", [queued(notify=NOTIFY), processing(notify=NOTIFY)], ids=["queued", "processing"])
def test_a_cancel_ends_an_open_request_without_notifications(record: Record) -> None:
    assert cancel(record, LATER) == Transition(
        Verdict.CANCELLED,
        record.changed(status=Status.CANCELLED, due=None, finished_at=LATER, expires_at=LATER + RECORD_RETENTION),
        children=(),
    )


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (Status.CANCELLED, Verdict.CANCELLED),
        (Status.COMPLETED, Verdict.ENDED),
        (Status.FAILED, Verdict.ENDED),
    ],
)
def test_a_cancel_does_not_change_an_ended_request(status: Status, verdict: Verdict) -> None:
    record = ended(status)

    assert cancel(record, LATER) == Transition(verdict, record)


ENDS: dict[str, Callable[[Record], Transition]] = {
    "completed": lambda record: complete(record, {}, LATER),
    "permanent failure": lambda record: fail_permanently(record, "permanent", "Never.", LATER),
    "no attempt left": lambda record: fail_attempt(record, "busy", "No answer.", LATER),
    "last attempt lost, then delivered": lambda record: claim(
        record, Delivery(TASK, generation=0, retry_count=0), token="new", lease=LEASE, now=LATER
    ),
    "last attempt lost, then swept": lambda record: sweep(record, LATER),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_every_end_except_a_cancel_creates_the_notifications(end: Callable[[Record], Transition]) -> None:
    ids = [child_id(parent="r1", redrive=1, index=index) for index in (0, 1)]

    transition = end(LAST_ATTEMPT)

    def child(index: int, type_name: str, fields: dict[str, str]) -> Record:
        return Record(
            id=ids[index],
            tenant=None,
            owner="ann",
            type=type_name,
            input={**fields},
            notify=None,
            parent=Parent(id="r1", redrive=1, tenant="t:clinic"),
            status=Status.QUEUED,
            max_attempts=3,
            created_at=LATER,
            due=due_key(ids[index], LATER + FIRST_SWEEP),
            trace="00-1-2-01",
        )

    assert transition.children == (
        child(0, "email", {"to": "ann@clinic.example"}),
        child(1, "webhook", {"url": "https://clinic.example/"}),
    )


def test_the_end_of_a_request_without_notify_creates_no_notifications() -> None:
    assert complete(processing(), {}, LATER).children == ()


def test_a_failed_attempt_with_attempts_left_creates_no_notifications() -> None:
    assert fail_attempt(processing(notify=NOTIFY), "busy", "No answer.", LATER).children == ()


def test_the_notifications_after_a_deletion_and_a_new_submission_have_other_effect_keys() -> None:
    lives = [notifications(LAST_ATTEMPT.changed(nonce=nonce), LATER)[0] for nonce in ("first", "second")]

    assert lives[0].id == lives[1].id
    assert effect_key(lives[0]) != effect_key(lives[1])


def test_the_notifications_of_a_redriven_request_are_new_requests() -> None:
    first, second = (notifications(LAST_ATTEMPT.changed(redrive=redrive), LATER) for redrive in (0, 1))

    assert {child.id for child in first}.isdisjoint(child.id for child in second)


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("redrive", [0, 2])
def test_a_cancel_of_another_redrive_changes_nothing(status: Status, redrive: int) -> None:
    record = record_with(status, redrive=1)

    assert cancel(record, LATER, redrive=redrive) == Transition(Verdict.ANOTHER_REDRIVE, record)
    assert cancel(record, LATER, redrive=1) == cancel(record, LATER)
