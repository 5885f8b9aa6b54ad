"""Erasing: the tombstone of an ended request, and the request that removes what is left."""

from datetime import timedelta

import pytest

from common.pipeline import lifecycle
from common.pipeline.ids import erased_scope, purge_id
from common.pipeline.lifecycle import IllegalTransition, Move, Traces, Verdict
from common.pipeline.lifecycle.erasing import KEPT
from common.pipeline.lifecycle.moves import move
from common.pipeline.record import ENDED, OPEN, Erased, Failure, Parent, Record, Status
from tests.contract.documents import full_record
from tests.unit.builders import CLAIM, NOW, SECOND, ended, record_with

LATER = NOW + timedelta(hours=1)


def tombstone_of(record: Record) -> Record:
    return lifecycle.erase(record, LATER).record


@pytest.mark.parametrize("status", sorted(ENDED))
def test_an_erased_request_keeps_its_id_and_status_and_nothing_that_anybody_sent(status: Status) -> None:
    record = ended(status, input={"text": "secret"}, redrive=2, generation=7, steps={"a": 1}, claim=CLAIM)

    transition = lifecycle.erase(record, LATER)

    assert transition.verdict is Verdict.ERASED
    assert transition.record == Record(
        id="r1",
        owner="",
        type="demo",
        input={},
        status=status,
        redrive=2,
        generation=7,
        attempt=1,
        max_attempts=3,
        created_at=record.created_at,
        started_at=record.started_at,
        finished_at=record.finished_at,
        expires_at=record.expires_at,
        erased=Erased(at=LATER, scope=erased_scope(record_id="r1", tenant="t:clinic")),
    )


def test_no_text_of_any_field_is_left_in_a_tombstone() -> None:
    texts = {f"marker-{name}" for name in ("owner", "tenant", "trace", "input", "notify", "error", "step", "result")}
    record = full_record().changed(
        erased=None,
        status=Status.FAILED,
        owner="marker-owner",
        tenant="t:marker-tenant",
        trace="marker-trace",
        input={"text": "marker-input"},
        notify=({"type": "email", "to": "marker-notify"},),
        errors=(Failure(code="lost", message="marker-error", attempt=1, at=NOW),),
        steps={"marker-step": None},
        result={"text": "marker-result"},
    )

    stored = tombstone_of(record).model_dump_json()

    assert [text for text in texts if text in stored] == []


def test_a_tombstone_keeps_no_field_that_is_not_listed() -> None:
    every_field = full_record().changed(status=Status.FAILED, erased=None)

    kept = tombstone_of(every_field).to_document().keys()

    assert kept - {"schema", "owner", "input", "erased"} <= KEPT


def test_a_tombstone_has_every_field_that_an_older_release_requires() -> None:
    required = {name for name, field in Record.model_fields.items() if field.is_required()}

    assert required - {"id"} <= tombstone_of(ended(Status.FAILED)).to_document().keys()


@pytest.mark.parametrize("status", sorted(OPEN))
def test_an_open_request_is_not_erased(status: Status) -> None:
    record = record_with(status)

    assert lifecycle.erase(record, LATER) == lifecycle.Transition(Verdict.STILL_OPEN, record)


def test_erasing_a_tombstone_changes_nothing_and_creates_nothing() -> None:
    erased, purge = tombstone_of(ended(Status.FAILED)), record_with(Status.QUEUED, id="p")

    assert lifecycle.erase(erased, LATER + SECOND, purge=purge) == lifecycle.Transition(Verdict.ERASED, erased)


@pytest.mark.parametrize("status", sorted(ENDED))
@pytest.mark.parametrize("name", list(Move))
def test_no_move_leaves_a_tombstone(status: Status, name: Move) -> None:
    with pytest.raises(IllegalTransition):
        move(tombstone_of(ended(status)), name)


@pytest.mark.parametrize("status", sorted(ENDED))
def test_a_tombstone_counts_as_ended(status: Status) -> None:
    erased = tombstone_of(ended(status))
    delivery = lifecycle.Delivery(task="t", generation=erased.generation, retry_count=0)

    verdicts = [
        lifecycle.claim(erased, delivery, token="x", lease=SECOND, now=LATER).verdict,
        lifecycle.redrive(erased, LATER, seen=0, nonce="new").verdict,
        lifecycle.sweep(erased, LATER).verdict,
        lifecycle.cancel(erased, LATER).verdict,
    ]

    cancelled = Verdict.CANCELLED if status is Status.CANCELLED else Verdict.ENDED
    assert verdicts == [Verdict.ENDED, Verdict.ENDED, Verdict.NOT_DUE, cancelled]


def test_the_scope_of_a_tombstone_differs_by_request_and_by_tenant() -> None:
    scopes = [
        erased_scope(record_id=record_id, tenant=tenant) for record_id in ("r1", "r2") for tenant in ("t:a", "t:b")
    ]

    assert len(set(scopes)) == 4


def test_the_scope_of_a_notification_is_that_of_its_parents_tenant() -> None:
    child = ended(Status.COMPLETED, tenant=None, parent=Parent(id="p1", redrive=0, tenant="t:clinic"))

    erased = tombstone_of(child).erased

    assert erased is not None
    assert erased.scope == erased_scope(record_id="r1", tenant="t:clinic")


def test_the_purge_of_a_request_has_what_finds_its_traces_and_nothing_that_anybody_sent() -> None:
    record = ended(Status.FAILED, input={"text": "secret"}, redrive=2, generation=7, notify=({"type": "email"},) * 2)

    purge = lifecycle.purge_of(record, max_attempts=9, now=LATER)

    assert purge == lifecycle.submit(
        record_id=purge_id(record),
        tenant=None,
        owner="",
        type_name="purge",
        work_input={"id": "r1", "type": "demo", "generation": 7, "redrive": 2, "notify": 2},
        max_attempts=9,
        now=LATER,
    )
    assert Traces(**purge.input) == Traces.of(record)  # type: ignore[arg-type]  # JSON values


def test_a_purge_is_created_in_the_commit_of_its_tombstone() -> None:
    record, purge = ended(Status.FAILED), record_with(Status.QUEUED, id="p")

    assert lifecycle.erase(record, LATER, purge=purge).children == (purge,)
