"""How a commit whose outcome is unknown is settled."""

import pytest

from common.errors import Unavailable
from common.pipeline import lifecycle
from common.pipeline.lifecycle import Transition, Verdict
from common.pipeline.record import Record, Status
from common.pipeline.store import COMMIT_ATTEMPTS, Conflict, Created, Stored, create, save
from tests.unit.builders import NOW, processing, queued
from tests.unit.scripted_gateways import CommitFault, ScriptedDocuments

NOTIFY = ({"type": "email", "to": "ann@clinic.example"}, {"type": "email", "to": "bob@clinic.example"})
HELD = processing(notify=NOTIFY)
COMPLETED = lifecycle.complete(HELD, {"done": True}, NOW)
FIRST, SECOND = COMPLETED.children


def held(documents: ScriptedDocuments) -> Stored:
    return documents.stored()


def cancelled(documents: ScriptedDocuments) -> Stored:
    stored = held(documents)
    return save(documents, stored, lifecycle.cancel(stored.record, NOW))


def all_of(documents: ScriptedDocuments) -> dict[str, Record]:
    return {name: stored.record for name, stored in documents.inner.stored.items()}


def whole_end() -> dict[str, Record]:
    return {record.id: record for record in (COMPLETED.record, FIRST, SECOND)}


def test_a_save_stores_the_record_and_its_children() -> None:
    documents = ScriptedDocuments(HELD)

    stored = save(documents, held(documents), COMPLETED)

    assert all_of(documents) == whole_end()
    assert stored == documents.stored()


def test_a_save_whose_answer_was_lost_is_found() -> None:
    documents = ScriptedDocuments(HELD)
    documents.next_commits = [CommitFault.ANSWER_LOST]

    stored = save(documents, held(documents), COMPLETED)

    assert (documents.commits, stored) == (1, documents.stored())


def test_a_save_that_did_not_land_is_tried_again() -> None:
    documents = ScriptedDocuments(HELD)
    documents.next_commits = [CommitFault.NOT_APPLIED] * 3

    save(documents, held(documents), COMPLETED)

    assert all_of(documents) == whole_end()


def test_a_save_that_never_lands_is_given_up() -> None:
    documents = ScriptedDocuments(HELD)
    documents.next_commits = [CommitFault.NOT_APPLIED] * 4

    with pytest.raises(Unavailable, match="write to r1 was tried 4 times"):
        save(documents, held(documents), COMPLETED)

    assert all_of(documents) == {"r1": HELD}


def test_a_save_of_unknown_outcome_is_not_repeated_blindly() -> None:
    documents = ScriptedDocuments(HELD)
    documents.next_commits = [CommitFault.ANSWER_LOST]
    documents.readable = False

    with pytest.raises(Unavailable):
        save(documents, held(documents), COMPLETED)

    assert documents.commits == 1


def test_a_save_after_another_write_is_a_conflict_that_tells_what_is_stored() -> None:
    documents = ScriptedDocuments(HELD)
    stale = held(documents)
    current = cancelled(documents)

    with pytest.raises(Conflict) as conflict:
        save(documents, stale, COMPLETED)

    assert conflict.value.current == current
    assert all_of(documents) == {"r1": current.record}


def test_a_save_of_what_is_gone_is_a_conflict() -> None:
    documents = ScriptedDocuments(HELD)
    stale = held(documents)
    documents.inner.stored.clear()

    with pytest.raises(Conflict) as conflict:
        save(documents, stale, COMPLETED)

    assert conflict.value.current is None


def test_children_that_exist_already_are_left_as_they_are() -> None:
    sent = FIRST.changed(status=Status.COMPLETED)
    documents = ScriptedDocuments(HELD, sent)

    save(documents, held(documents), COMPLETED)

    assert all_of(documents) == whole_end() | {sent.id: sent}


def test_what_is_created_is_fresh() -> None:
    documents = ScriptedDocuments()

    created = create(documents, [queued(), queued(id="r2")], compare=no_comparison)

    assert created == [Created(documents.stored(name), fresh=True) for name in ("r1", "r2")]
    assert documents.commits == 1


def test_a_create_whose_answer_was_lost_is_fresh() -> None:
    documents = ScriptedDocuments()
    documents.next_commits = [CommitFault.ANSWER_LOST]

    created = create(documents, [queued()], compare=no_comparison)

    assert created == [Created(documents.stored(), fresh=True)]
    assert documents.commits == 1


def test_what_exists_is_compared_kept_and_not_fresh() -> None:
    earlier = queued(trace="00-1-2-01")
    documents = ScriptedDocuments(earlier)
    compared: list[tuple[Record, Record]] = []

    created = create(
        documents, [queued(), queued(id="r2")], compare=lambda stored, asked: compared.append((stored, asked))
    )

    assert [each.fresh for each in created] == [False, True]
    assert compared == [(earlier, queued())]
    assert all_of(documents) == {"r1": earlier, "r2": queued(id="r2")}


def test_nothing_is_created_beside_what_differs() -> None:
    documents = ScriptedDocuments(queued(trace="00-1-2-01"))

    def compare(stored: Record, asked: Record) -> None:
        raise ValueError("it differs")

    with pytest.raises(ValueError, match="differs"):
        create(documents, [queued(), queued(id="r2")], compare=compare)

    assert list(documents.inner.stored) == ["r1"]


def test_a_create_that_never_lands_is_given_up() -> None:
    documents = ScriptedDocuments()
    documents.next_commits = [CommitFault.NOT_APPLIED] * 5

    with pytest.raises(Unavailable, match="not be created in 4 tries"):
        create(documents, [queued()], compare=no_comparison)

    assert all_of(documents) == {}


def test_the_last_create_may_land_without_an_answer() -> None:
    documents = ScriptedDocuments()
    documents.next_commits = [*[CommitFault.NOT_APPLIED] * 3, CommitFault.ANSWER_LOST]

    assert [each.fresh for each in create(documents, [queued()], compare=no_comparison)] == [True]


def test_a_save_without_children_reads_nothing() -> None:
    documents = ScriptedDocuments(processing())

    save(documents, held(documents), Transition(Verdict.REPORTED, processing(steps={"write": 1})))

    assert (documents.commits, documents.reads) == (1, 0)


def no_comparison(stored: Record, asked: Record) -> None:
    raise AssertionError(f"compared {stored} with {asked}")


def test_a_create_that_lands_at_the_last_try_is_told_as_done() -> None:
    documents = ScriptedDocuments()
    documents.next_commits = [CommitFault.NOT_APPLIED] * (COMMIT_ATTEMPTS - 1)

    [created] = create(documents, [queued()], compare=lambda _stored, _asked: None)

    assert created.fresh
