"""How `save` and `create` settle a commit whose outcome is unknown."""

import pytest

from common.errors import Unavailable
from common.pipeline import lifecycle
from common.pipeline.lifecycle import Transition, Verdict
from common.pipeline.record import Record, Status
from common.pipeline.store import Conflict, Created, create, save
from tests.unit.builders import NOW, ended, processing, queued
from tests.unit.scripted_gateways import CommitFault, ScriptedDocuments

NOTIFY = ({"type": "email", "to": "ann@clinic.example"}, {"type": "email", "to": "bob@clinic.example"})
HELD = processing(notify=NOTIFY)
COMPLETED = lifecycle.complete(HELD, {"done": True}, NOW)
FIRST_CHILD, SECOND_CHILD = COMPLETED.children
NEW, ALSO_NEW = queued(nonce="mine"), queued(id="r2", nonce="mine")
COMPLETED_RECORDS = {record.id: record for record in (COMPLETED.record, FIRST_CHILD, SECOND_CHILD)}


REDRIVEN = lifecycle.redrive(ended(Status.FAILED), NOW, seen=0, nonce="mine")


def never_compare(stored: Record, submitted: Record) -> None:
    raise AssertionError(f"compared {stored} with {submitted}")


def test_a_save_stores_the_record_and_its_children() -> None:
    documents = ScriptedDocuments(HELD)

    stored = save(documents, documents.stored(), COMPLETED)

    assert documents.records == COMPLETED_RECORDS
    assert stored == documents.stored()


def test_a_save_without_children_reads_nothing() -> None:
    documents = ScriptedDocuments(processing())

    save(documents, documents.stored(), Transition(Verdict.REPORTED, processing(steps={"write": 1})))

    assert (documents.commits, documents.reads) == (1, 0)


def test_a_save_whose_answer_was_lost_is_not_repeated() -> None:
    documents = ScriptedDocuments(HELD)
    documents.next_commits = [CommitFault.ANSWER_LOST]

    stored = save(documents, documents.stored(), COMPLETED)

    assert (documents.commits, stored) == (1, documents.stored())


def test_a_save_that_did_not_land_is_repeated() -> None:
    documents = ScriptedDocuments(HELD)
    documents.next_commits = [CommitFault.NOT_APPLIED] * 3

    save(documents, documents.stored(), COMPLETED)

    assert documents.records == COMPLETED_RECORDS


def test_a_save_raises_after_four_tries() -> None:
    documents = ScriptedDocuments(HELD)
    documents.next_commits = [CommitFault.NOT_APPLIED] * 4

    with pytest.raises(Unavailable, match="write to r1 was tried 4 times"):
        save(documents, documents.stored(), COMPLETED)

    assert documents.records == {"r1": HELD}


def test_a_save_of_unknown_outcome_is_not_repeated() -> None:
    documents = ScriptedDocuments(HELD)
    documents.next_commits = [CommitFault.ANSWER_LOST]
    documents.readable = False

    with pytest.raises(Unavailable):
        save(documents, documents.stored(), COMPLETED)

    assert documents.commits == 1


def test_a_save_after_another_write_raises_a_conflict_with_the_stored_record() -> None:
    documents = ScriptedDocuments(HELD)
    stale = documents.stored()
    current = save(documents, stale, lifecycle.cancel(HELD, NOW))

    with pytest.raises(Conflict) as conflict:
        save(documents, stale, COMPLETED)

    assert conflict.value.current == current
    assert documents.records == {"r1": current.record}


def test_a_save_of_a_deleted_record_raises_a_conflict() -> None:
    documents = ScriptedDocuments(HELD)
    stale = documents.stored()
    documents.inner.stored.clear()

    with pytest.raises(Conflict) as conflict:
        save(documents, stale, COMPLETED)

    assert conflict.value.current is None


def test_a_save_does_not_overwrite_an_existing_child() -> None:
    sent = FIRST_CHILD.changed(status=Status.COMPLETED)
    documents = ScriptedDocuments(HELD, sent)

    save(documents, documents.stored(), COMPLETED)

    assert documents.records == COMPLETED_RECORDS | {sent.id: sent}


def test_a_redrive_whose_answer_was_lost_is_recognised_although_its_task_has_moved_the_record() -> None:
    documents = ScriptedDocuments(ended(Status.FAILED))
    held = documents.stored()
    save(documents, held, REDRIVEN)
    completed = save(
        documents, documents.stored(), Transition(Verdict.COMPLETED, ended(Status.COMPLETED, nonce="mine"))
    )

    assert save(documents, held, REDRIVEN) == completed


def test_an_equal_redrive_of_another_call_is_not_recognised_as_own() -> None:
    documents = ScriptedDocuments(ended(Status.FAILED))
    held = documents.stored()
    other = save(documents, held, Transition(Verdict.REDRIVEN, REDRIVEN.record.changed(nonce="another call")))

    with pytest.raises(Conflict) as conflict:
        save(documents, held, REDRIVEN)

    assert conflict.value.current == other


def test_a_write_that_removes_the_nonce_is_recognised_as_a_whole() -> None:
    held = ended(Status.FAILED, nonce="mine")
    documents = ScriptedDocuments(held)
    stale = documents.stored()
    other = save(documents, stale, Transition(Verdict.ERASED, ended(Status.FAILED, input={"other": 1})))

    with pytest.raises(Conflict) as conflict:
        save(documents, stale, Transition(Verdict.ERASED, ended(Status.FAILED)))

    assert conflict.value.current == other


def test_created_records_are_fresh() -> None:
    documents = ScriptedDocuments()

    created = create(documents, [NEW, ALSO_NEW], compare=never_compare)

    assert created == [Created(documents.stored(record_id), fresh=True) for record_id in ("r1", "r2")]
    assert documents.commits == 1


def test_a_create_whose_answer_was_lost_is_fresh_and_not_repeated() -> None:
    documents = ScriptedDocuments()
    documents.next_commits = [CommitFault.ANSWER_LOST]

    created = create(documents, [NEW], compare=never_compare)

    assert created == [Created(documents.stored(), fresh=True)]
    assert documents.commits == 1


def test_a_create_whose_answer_was_lost_is_fresh_although_its_task_has_moved_the_record() -> None:
    documents = ScriptedDocuments(moved := processing(nonce="mine"))

    [created] = create(documents, [NEW], compare=never_compare)

    assert (created.fresh, created.stored.record) == (True, moved)


def test_an_equal_record_of_another_call_is_not_fresh() -> None:
    documents = ScriptedDocuments(NEW.changed(nonce="earlier"))

    [created] = create(documents, [NEW], compare=lambda *_: None)

    assert not created.fresh


def test_an_existing_record_is_compared_and_kept_and_not_fresh() -> None:
    existing = queued(nonce="earlier")
    documents = ScriptedDocuments(existing)
    compared: list[tuple[Record, Record]] = []

    created = create(documents, [NEW, ALSO_NEW], compare=lambda *records: compared.append(records))

    assert [each.fresh for each in created] == [False, True]
    assert compared == [(existing, NEW)]
    assert documents.records == {"r1": existing, "r2": ALSO_NEW}


def test_nothing_is_created_if_the_comparison_raises() -> None:
    documents = ScriptedDocuments(queued(nonce="earlier"))

    def compare(stored: Record, submitted: Record) -> None:
        raise ValueError("different")

    with pytest.raises(ValueError, match="different"):
        create(documents, [NEW, ALSO_NEW], compare=compare)

    assert list(documents.records) == ["r1"]


@pytest.mark.parametrize("fourth", [[], [CommitFault.ANSWER_LOST]], ids=["answered", "answer lost"])
def test_a_create_that_lands_at_the_fourth_try_is_fresh(fourth: list[CommitFault]) -> None:
    documents = ScriptedDocuments()
    documents.next_commits = [*[CommitFault.NOT_APPLIED] * 3, *fourth]

    created = create(documents, [NEW], compare=never_compare)

    assert created == [Created(documents.stored(), fresh=True)]


def test_a_create_raises_after_four_tries() -> None:
    documents = ScriptedDocuments()
    documents.next_commits = [CommitFault.NOT_APPLIED] * 5

    with pytest.raises(Unavailable, match="not be created in 4 tries"):
        create(documents, [NEW], compare=never_compare)

    assert documents.records == {}
