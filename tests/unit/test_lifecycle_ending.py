"""The notifications that are made with an end, in its own commit."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from common.pipeline.lifecycle import (
    Delivery,
    Transition,
    cancel,
    claim,
    complete,
    fail_attempt,
    fail_permanently,
    notifications,
    sweep,
)
from common.pipeline.record import Parent, Record, Status, child_id, due_key
from tests.unit.builders import LEASE, NOW, TASK, processing

LATER = NOW + LEASE
TWO = ({"type": "email", "to": "ann@clinic.example"}, {"type": "webhook", "url": "https://clinic.example/"})
HELD_LAST = processing(notify=TWO, attempt=3, redrive=1, trace="00-1-2-01")

ENDS: dict[str, Callable[[Record], Transition]] = {
    "completed": lambda record: complete(record, {}, LATER),
    "permanent failure": lambda record: fail_permanently(record, "permanent", "Never.", LATER),
    "attempts spent": lambda record: fail_attempt(record, "busy", "No answer.", LATER),
    "claimed once too often": lambda record: claim(
        record, Delivery(TASK, generation=0, retry_count=0), token="new", lease=LEASE, now=LATER
    ),
    "swept": lambda record: sweep(record, LATER),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_every_end_but_a_cancel_makes_one_queued_child_per_entry(end: Callable[[Record], Transition]) -> None:
    ids = [child_id(parent="r1", redrive=1, index=index) for index in (0, 1)]

    transition = end(HELD_LAST)

    def child(number: int, type_name: str, given: dict[str, str]) -> Record:
        return Record(
            id=ids[number],
            owner="ann",
            type=type_name,
            input={**given},
            parent=Parent(id="r1", redrive=1, tenant="t:clinic"),
            status=Status.QUEUED,
            max_attempts=3,
            created_at=LATER,
            due=due_key(ids[number], LATER + timedelta(seconds=120)),
            trace="00-1-2-01",
        )

    assert transition.children == (
        child(0, "email", {"to": "ann@clinic.example"}),
        child(1, "webhook", {"url": "https://clinic.example/"}),
    )


def test_a_cancel_notifies_nobody() -> None:
    assert cancel(HELD_LAST, LATER).children == ()


def test_children_have_no_tenant_and_notify_nobody() -> None:
    children = notifications(HELD_LAST, LATER)

    assert {(child.tenant, child.notify) for child in children} == {(None, None)}


def test_a_request_that_asks_for_none_has_no_children() -> None:
    assert complete(processing(), {}, LATER).children == ()


def test_an_attempt_that_does_not_end_it_makes_no_children() -> None:
    assert fail_attempt(processing(notify=TWO), "busy", "No answer.", LATER).children == ()


def test_each_end_after_a_retry_notifies_anew() -> None:
    first, second = (notifications(HELD_LAST.changed(redrive=redrive), LATER) for redrive in (0, 1))

    assert {child.id for child in first}.isdisjoint(child.id for child in second)
