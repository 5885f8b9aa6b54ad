"""What the stored requests promise, the same for the fake and for Firestore."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any, Protocol
from uuid import uuid4

import pytest
from google.cloud.firestore import Client

from common.errors import NewerRecord
from common.gateways.firestore import COLLECTION, Requests
from common.pipeline.record import Claim, Failure, Parent, Progress, Record, Status, due_key
from common.pipeline.store import CommitUncertain, Overdue, Page, Position, Stored, Update
from common.pipeline.sweeper import OverdueDocuments
from tests.fakes import FakeDocuments

NOW = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)
SECOND = timedelta(seconds=1)
RACERS = 16


class Documents(OverdueDocuments, Protocol):
    """Everything that the use cases call."""

    def page(self, *, tenant: str, status: Status | None, limit: int, after: Position | None) -> Page: ...

    def count_open(self, *, tenant: str, limit: int) -> int: ...


@pytest.fixture
def client(firestore_emulator: str) -> Iterator[Client]:
    """Of a project that no other test sees, since sweeps look at all requests of one."""
    client = Client(project=f"demo-{uuid4().hex[:20]}")
    yield client
    client.close()


@pytest.fixture(params=["fake", "firestore"])
def documents(request: pytest.FixtureRequest) -> Documents:
    return FakeDocuments() if request.param == "fake" else Requests(request.getfixturevalue("client"))


@pytest.fixture
def requests(client: Client) -> Requests:
    return Requests(client)


def record(record_id: str = "r1", **fields: Any) -> Record:
    given = {"tenant": "t:clinic", "owner": "ann", "type": "demo", "input": {"text": "hello"}, "max_attempts": 3}
    return Record(**{"id": record_id, **given, "status": Status.QUEUED, "created_at": NOW, **fields})


def full() -> Record:
    failure = Failure(code="lost", message="The attempt ended without an answer.", attempt=1, at=NOW)
    return record(
        input={"text": "Grüße", "nothing": None, "list": [1, 2.5, None, {"deep": {"er": True}}], "empty": {}},
        run_at=NOW + SECOND,
        notify=({"type": "email", "subject": None},),
        parent=Parent(id="p1", redrive=1),
        status=Status.PROCESSING,
        redrive=1,
        generation=4,
        attempt=2,
        snoozes=5,
        progress=Progress(percent=40, message="drawing"),
        result={"assets": [], "note": None},
        error=failure,
        errors=(failure, failure),
        scheduled_at=NOW,
        started_at=NOW,
        finished_at=NOW,
        expires_at=NOW + timedelta(days=35),
        claim=Claim(token="mine", task="a/task", retry_count=2),
        due="01-20260101T121100",
        sweeps=3,
        steps={"write.it `all`": {"head/line": None}, "draw": 1},
        trace="00-11111111111111111111111111111111-2222222222222222-01",
    )


def created(documents: Documents, each: Record | None = None) -> Stored:
    each = each or record()
    return Stored(each, documents.commit(None, [each]))


def updated(documents: Documents, held: Stored, **fields: Any) -> Stored:
    after = held.record.changed(**fields)
    return Stored(after, documents.commit(Update(held, after), []))


def test_what_was_created_is_read_with_its_update_time(documents: Documents) -> None:
    stored = created(documents)

    assert documents.read("r1") == stored


@pytest.mark.parametrize("each", [full(), record()], ids=["full", "smallest"])
def test_a_record_is_read_as_it_was_written(documents: Documents, each: Record) -> None:
    created(documents, each)

    stored = documents.read("r1")

    assert stored is not None
    assert stored.record == each


def test_what_is_not_there_is_read_as_none(documents: Documents) -> None:
    assert documents.read("r1") is None


def test_many_are_read_by_their_ids_and_the_missing_are_left_out(documents: Documents) -> None:
    one, two = created(documents), created(documents, record("r2"))

    assert documents.read_all(["r2", "gone", "r1"]) == {"r1": one, "r2": two}
    assert documents.read_all([]) == {}


def test_creating_what_exists_is_uncertain_and_changes_nothing(documents: Documents) -> None:
    stored = created(documents)

    with pytest.raises(CommitUncertain):
        documents.commit(None, [record("r2"), record(attempt=1)])

    assert documents.read_all(["r1", "r2"]) == {"r1": stored}


def test_several_created_together_have_one_update_time(documents: Documents) -> None:
    update_time = documents.commit(None, [record(), record("r2")])

    assert documents.read_all(["r1", "r2"]) == {
        "r1": Stored(record(), update_time),
        "r2": Stored(record("r2"), update_time),
    }


def test_a_compare_and_set_on_the_last_write_is_stored(documents: Documents) -> None:
    held = created(documents)

    after = updated(documents, held, status=Status.PROCESSING, steps={"write": {"a.b": None}})

    assert documents.read("r1") == after
    assert after.update_time != held.update_time


def test_a_compare_and_set_on_an_earlier_write_changes_nothing(documents: Documents) -> None:
    stale = created(documents)
    current = updated(documents, stale, attempt=1)

    with pytest.raises(CommitUncertain):
        updated(documents, stale, attempt=7)

    assert documents.read("r1") == current


def test_a_compare_and_set_of_what_is_not_there_creates_nothing(documents: Documents) -> None:
    update_time = created(documents, record("r2")).update_time

    with pytest.raises(CommitUncertain):
        updated(documents, Stored(record(), update_time), attempt=1)

    assert documents.read("r1") is None


def test_a_field_that_became_none_is_gone(documents: Documents) -> None:
    held = created(documents, full())

    after = updated(documents, held, due=None, error=None, steps=None, progress=None)

    assert documents.read("r1") == after


def test_a_field_that_is_a_map_is_replaced_as_a_whole(documents: Documents) -> None:
    held = created(documents, record(steps={"write": {"a": 1, "b": 2}, "draw": 1}))

    after = updated(documents, held, steps={"write": {"a": 1}})

    assert documents.read("r1") == after


def test_an_update_and_its_creates_land_together(documents: Documents) -> None:
    held = created(documents)
    after = held.record.changed(status=Status.COMPLETED)

    update_time = documents.commit(Update(held, after), [record("c1"), record("c2")])

    assert documents.read_all(["r1", "c1", "c2"]) == {
        "r1": Stored(after, update_time),
        "c1": Stored(record("c1"), update_time),
        "c2": Stored(record("c2"), update_time),
    }


def test_with_a_child_that_exists_nothing_of_a_commit_lands(documents: Documents) -> None:
    held, child = created(documents), created(documents, record("c2"))

    with pytest.raises(CommitUncertain):
        documents.commit(Update(held, held.record.changed(attempt=1)), [record("c1"), record("c2", attempt=1)])

    assert documents.read_all(["r1", "c1", "c2"]) == {"r1": held, "c2": child}


def test_with_a_stale_update_no_child_is_created(documents: Documents) -> None:
    stale = created(documents)
    current = updated(documents, stale, attempt=1)

    with pytest.raises(CommitUncertain):
        documents.commit(Update(stale, stale.record.changed(attempt=7)), [record("c1")])

    assert documents.read_all(["r1", "c1"]) == {"r1": current}


def test_a_write_that_changes_nothing_is_a_bug(documents: Documents) -> None:
    held = created(documents)

    with pytest.raises(ValueError, match="empty"):
        updated(documents, held)

    assert documents.read("r1") == held


def wins(attempt: Callable[[], object], start: Barrier) -> bool:
    start.wait()
    try:
        attempt()
    except CommitUncertain:
        return False
    return True


def race(attempts: list[Callable[[], object]]) -> list[int]:
    """Who has won, of all that began at once."""
    start = Barrier(len(attempts))
    with ThreadPoolExecutor(len(attempts)) as pool:
        won = list(pool.map(lambda attempt: wins(attempt, start), attempts))
    return [index for index, winner in enumerate(won) if winner]


def test_of_many_claims_at_once_exactly_one_wins(documents: Documents) -> None:
    held = created(documents)

    [winner] = race([lambda racer=racer: updated(documents, held, attempt=racer) for racer in range(1, RACERS + 1)])  # type: ignore[misc]  # mypy cannot infer a lambda with a default

    stored = documents.read("r1")
    assert stored is not None
    assert stored.record.attempt == winner + 1


def test_of_many_creates_at_once_exactly_one_wins(documents: Documents) -> None:
    [winner] = race([lambda racer=racer: created(documents, record(attempt=racer)) for racer in range(RACERS)])  # type: ignore[misc]  # mypy cannot infer a lambda with a default

    stored = documents.read("r1")
    assert stored is not None
    assert stored.record.attempt == winner


def test_an_update_time_is_still_good_after_a_trip_through_json(documents: Documents) -> None:
    held = created(documents)
    update_time = json.loads(json.dumps({"u": held.update_time}))["u"]

    after = updated(documents, Stored(held.record, update_time), attempt=1)

    assert documents.read("r1") == after


def test_an_update_time_has_nanoseconds(requests: Requests, client: Client) -> None:
    stored = created(requests)

    snapshot = client.collection(COLLECTION).document("r1").get()
    assert stored.update_time == snapshot.update_time.rfc3339()
    assert Requests(client).read("r1") == stored


# Lists


def listed(documents: Documents) -> list[Record]:
    """Five requests of a clinic, the newest first; the middle three of the same moment. And one of another's."""
    moments = [NOW + 2 * SECOND, NOW + SECOND, NOW + SECOND, NOW + SECOND, NOW]
    statuses = [Status.QUEUED, Status.COMPLETED, Status.PROCESSING, Status.COMPLETED, Status.FAILED]
    records = [
        record(record_id, created_at=moment, status=status)
        for record_id, moment, status in zip("adcbe", moments, statuses, strict=True)
    ]
    documents.commit(None, [*reversed(records), record("x", tenant="t:other"), record("child", tenant=None)])
    return records


def page(documents: Documents, **given: Any) -> Page:
    return documents.page(**{"tenant": "t:clinic", "status": None, "limit": 10, "after": None, **given})


def test_a_page_holds_a_tenants_requests_newest_first(documents: Documents) -> None:
    records = listed(documents)

    assert page(documents) == Page(records, None)


def test_pages_follow_one_another_without_gap_or_repeat(documents: Documents) -> None:
    records = listed(documents)

    pages = [page(documents, limit=2)]
    while pages[-1].after is not None:
        pages.append(page(documents, limit=2, after=pages[-1].after))

    assert [record for each in pages for record in each.records] == records
    assert len(pages) == (len(records) + 1) // 2


def test_a_page_can_be_of_one_status(documents: Documents) -> None:
    records = [each for each in listed(documents) if each.status is Status.COMPLETED]

    first = page(documents, status=Status.COMPLETED, limit=1)
    rest = page(documents, status=Status.COMPLETED, after=first.after)

    assert first.records + rest.records == records


def test_a_page_behind_a_request_that_is_gone_goes_on_after_its_place(documents: Documents) -> None:
    records = listed(documents)

    assert page(documents, after=(NOW + SECOND, "cc")) == Page(records[2:], None)


def test_open_requests_of_a_tenant_are_counted(documents: Documents) -> None:
    listed(documents)

    assert documents.count_open(tenant="t:clinic", limit=10) == 2
    assert documents.count_open(tenant="t:nobody", limit=10) == 0


def test_counting_ends_at_the_limit(documents: Documents) -> None:
    documents.commit(None, [record(f"r{number}") for number in range(5)])

    assert documents.count_open(tenant="t:clinic", limit=3) == 3


# What is overdue


def due(record_id: str, moment: datetime) -> str:
    return due_key(record_id, moment)


def of_shard(shard: int, number: int) -> list[str]:
    ids = (f"r{index:04d}" for index in range(1000))
    return [each for each in ids if due(each, NOW).startswith(f"{shard:02x}-")][:number]


def test_what_is_overdue_in_a_shard_is_found_the_longest_overdue_first(documents: Documents) -> None:
    late, later, same, not_yet = of_shard(2, 4)
    moments = {late: NOW - 2 * SECOND, later: NOW - SECOND, same: NOW - SECOND, not_yet: NOW + 2 * SECOND}
    records = [record(each, due=due(each, moment)) for each, moment in reversed(moments.items())]
    others = [record(each, due=due(each, NOW - SECOND)) for shard in (1, 3) for each in of_shard(shard, 1)]
    update_time = documents.commit(None, [*records, *others, record("ended")])

    found = documents.overdue(shard=2, now=NOW, limit=10)

    by_id = {each.id: each for each in records}
    assert found == [
        Overdue(each, str(by_id[each].due), Stored(by_id[each], update_time)) for each in (late, later, same)
    ]


def test_pages_of_what_is_overdue_follow_one_another_while_it_is_moved(documents: Documents) -> None:
    ids = of_shard(0, 7)
    documents.commit(None, [record(each, due=due(each, NOW - SECOND)) for each in ids])

    found: list[Overdue] = []
    while rest := documents.overdue(shard=0, now=NOW, limit=3, after=found[-1] if found else None):
        for each in rest[:2]:
            assert each.stored is not None
            updated(documents, each.stored, due=due(each.id, NOW + SECOND))
        found.extend(rest)

    assert [each.id for each in found] == ids


# What only Firestore shows


def test_a_write_that_changes_nothing_would_leave_the_fence_where_it_was(requests: Requests, client: Client) -> None:
    held = created(requests)

    client.collection(COLLECTION).document("r1").update({"attempt": held.record.attempt})

    assert requests.read("r1") == held


def raw(client: Client, record_id: str = "r1") -> dict[str, Any]:
    return client.collection(COLLECTION).document(record_id).get().to_dict() or {}


def test_fields_that_this_release_does_not_know_are_kept(requests: Requests, client: Client) -> None:
    held = created(requests)
    client.collection(COLLECTION).document("r1").update({"mood": "sunny"})
    read = requests.read("r1")
    assert read is not None

    updated(requests, read, attempt=1, input={})

    assert raw(client) == held.record.changed(attempt=1, input={}).to_document() | {"mood": "sunny"}


def test_a_field_that_became_none_is_no_longer_in_the_document(requests: Requests, client: Client) -> None:
    updated(requests, created(requests, full()), due=None, error=None)

    assert raw(client).keys() == full().to_document().keys() - {"due", "error"}


def newer(client: Client, record_id: str, **fields: Any) -> None:
    client.collection(COLLECTION).document(record_id).update({"schema": 2, **fields})


def test_a_record_of_a_newer_schema_cannot_be_read(requests: Requests, client: Client) -> None:
    created(requests)
    newer(client, "r1")

    with pytest.raises(NewerRecord):
        requests.read("r1")
    with pytest.raises(NewerRecord):
        requests.read_all(["r1"])


def test_a_record_of_another_shape_cannot_be_read(requests: Requests, client: Client) -> None:
    created(requests)
    client.collection(COLLECTION).document("r1").update({"status": "dreaming"})

    with pytest.raises(NewerRecord):
        requests.read("r1")


def test_a_record_of_a_newer_schema_is_left_out_of_a_page(requests: Requests, client: Client) -> None:
    records = listed(requests)
    newer(client, "c")

    assert page(requests) == Page([each for each in records if each.id != "c"], None)


def test_a_page_of_nothing_but_newer_records_still_leads_to_the_next(requests: Requests, client: Client) -> None:
    records = listed(requests)
    newer(client, records[0].id)

    first = page(requests, limit=1)

    assert first.records == []
    assert first.after is not None
    assert page(requests, after=first.after).records == records[1:]


def test_a_record_of_a_newer_schema_is_overdue_without_its_content(requests: Requests, client: Client) -> None:
    first, second = of_shard(1, 2)
    records = [record(each, due=due(each, NOW - SECOND)) for each in (first, second)]
    update_time = requests.commit(None, records)
    newer(client, first)

    assert requests.overdue(shard=1, now=NOW, limit=10) == [
        Overdue(first, str(records[0].due), None),
        Overdue(second, str(records[1].due), Stored(records[1], update_time)),
    ]
