"""Commits and reads of stored requests: the same tests for the fake and for Firestore."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from common.pipeline.record import Record, Status
from common.pipeline.store import CommitUncertain, Stored, Update
from tests.contract.documents import Documents, create, full_record, record, update

RACERS = 16


@pytest.mark.parametrize("each", [full_record(), record()], ids=["full", "smallest"])
def test_a_created_record_is_read_unchanged_with_its_update_time(documents: Documents, each: Record) -> None:
    stored = create(documents, each)

    assert documents.read("r1") == stored


def test_a_missing_record_is_read_as_none(documents: Documents) -> None:
    assert documents.read("r1") is None


def test_records_are_read_by_their_ids_without_the_missing_ones(documents: Documents) -> None:
    first, second = create(documents), create(documents, record("r2"))

    assert documents.read_all(["r2", "missing", "r1"]) == {"r1": first, "r2": second}
    assert documents.read_all([]) == {}


def test_records_that_are_created_together_have_one_update_time(documents: Documents) -> None:
    update_time = documents.commit(None, [record(), record("r2")])

    assert documents.read_all(["r1", "r2"]) == {
        "r1": Stored(record(), update_time),
        "r2": Stored(record("r2"), update_time),
    }


def test_a_create_of_an_existing_record_changes_nothing(documents: Documents) -> None:
    stored = create(documents)

    with pytest.raises(CommitUncertain):
        documents.commit(None, [record("r2"), record(attempt=1)])

    assert documents.read_all(["r1", "r2"]) == {"r1": stored}


def test_an_update_of_the_last_write_is_stored(documents: Documents) -> None:
    held = create(documents)

    after = update(documents, held, status=Status.PROCESSING, steps={"write": {"a.b": None}})

    assert documents.read("r1") == after
    assert after.update_time != held.update_time


def test_an_update_of_an_earlier_write_changes_nothing(documents: Documents) -> None:
    stale = create(documents)
    current = update(documents, stale, attempt=1)

    with pytest.raises(CommitUncertain):
        update(documents, stale, attempt=7)

    assert documents.read("r1") == current


def test_an_update_of_a_missing_record_creates_nothing(documents: Documents) -> None:
    update_time = create(documents, record("r2")).update_time

    with pytest.raises(CommitUncertain):
        update(documents, Stored(record(), update_time), attempt=1)

    assert documents.read("r1") is None


def test_an_update_that_changes_nothing_raises(documents: Documents) -> None:
    held = create(documents)

    with pytest.raises(ValueError, match="empty"):
        update(documents, held)

    assert documents.read("r1") == held


def test_an_update_replaces_a_map_as_a_whole(documents: Documents) -> None:
    held = create(documents, record(steps={"write": {"a": 1, "b": 2}, "draw": 1}))

    after = update(documents, held, steps={"write": {"a": 1}})

    assert documents.read("r1") == after


def test_an_update_and_its_creates_land_together(documents: Documents) -> None:
    held = create(documents)
    after = held.record.changed(status=Status.COMPLETED)

    update_time = documents.commit(Update(held, after), [record("c1"), record("c2")])

    assert documents.read_all(["r1", "c1", "c2"]) == {
        "r1": Stored(after, update_time),
        "c1": Stored(record("c1"), update_time),
        "c2": Stored(record("c2"), update_time),
    }


def test_an_update_with_a_create_of_an_existing_record_changes_nothing(documents: Documents) -> None:
    held, child = create(documents), create(documents, record("c2"))

    with pytest.raises(CommitUncertain):
        documents.commit(Update(held, held.record.changed(attempt=1)), [record("c1"), record("c2", attempt=1)])

    assert documents.read_all(["r1", "c1", "c2"]) == {"r1": held, "c2": child}


def test_a_stale_update_creates_no_other_record(documents: Documents) -> None:
    stale = create(documents)
    current = update(documents, stale, attempt=1)

    with pytest.raises(CommitUncertain):
        documents.commit(Update(stale, stale.record.changed(attempt=7)), [record("c1")])

    assert documents.read_all(["r1", "c1"]) == {"r1": current}


def winners(attempts: list[Callable[[], object]]) -> list[int]:
    """Starts all attempts at once. Returns the indexes of those whose commit landed."""
    barrier = Barrier(len(attempts))

    def lands(attempt: Callable[[], object]) -> bool:
        barrier.wait()
        try:
            attempt()
        except CommitUncertain:
            return False
        return True

    with ThreadPoolExecutor(len(attempts)) as pool:
        return [index for index, landed in enumerate(pool.map(lands, attempts)) if landed]


def test_exactly_one_of_many_simultaneous_updates_lands(documents: Documents) -> None:
    held = create(documents)

    [winner] = winners([lambda racer=racer: update(documents, held, attempt=racer) for racer in range(1, RACERS + 1)])  # type: ignore[misc]  # mypy cannot infer a lambda with a default

    stored = documents.read("r1")
    assert stored is not None
    assert stored.record.attempt == winner + 1


def test_exactly_one_of_many_simultaneous_creates_lands(documents: Documents) -> None:
    [winner] = winners([lambda racer=racer: create(documents, record(attempt=racer)) for racer in range(RACERS)])  # type: ignore[misc]  # mypy cannot infer a lambda with a default

    stored = documents.read("r1")
    assert stored is not None
    assert stored.record.attempt == winner
