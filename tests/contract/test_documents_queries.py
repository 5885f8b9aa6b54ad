"""Lists, counts and overdue requests: the same tests for the fake and for Firestore."""

from common.pipeline.due import due_key
from common.pipeline.record import Status
from common.pipeline.store import Overdue, Page, Stored
from tests.contract.documents import NOW, SECOND, Documents, create, create_list, ids_of_shard, page, record, update


def test_a_page_has_the_requests_of_one_tenant_newest_first(documents: Documents) -> None:
    records = create_list(documents)

    assert page(documents) == Page(records, None)


def test_pages_continue_without_gap_or_repeat(documents: Documents) -> None:
    records = create_list(documents)

    pages = [page(documents, limit=2)]
    while pages[-1].after is not None:
        pages.append(page(documents, limit=2, after=pages[-1].after))

    assert [record for each in pages for record in each.records] == records
    assert len(pages) == (len(records) + 1) // 2


def test_a_page_can_be_restricted_to_a_status(documents: Documents) -> None:
    records = [each for each in create_list(documents) if each.status is Status.COMPLETED]

    first = page(documents, status=Status.COMPLETED, limit=1)
    rest = page(documents, status=Status.COMPLETED, after=first.after)

    assert first.records + rest.records == records


def test_a_page_can_start_after_the_position_of_a_deleted_request(documents: Documents) -> None:
    records = create_list(documents)

    assert page(documents, after=(NOW + SECOND, "cc")) == Page(records[2:], None)


def test_the_open_requests_of_a_tenant_are_counted(documents: Documents) -> None:
    create_list(documents)

    assert documents.count_open(tenant="t:clinic", limit=10) == 2
    assert documents.count_open(tenant="t:empty", limit=10) == 0


def test_a_count_ends_at_its_limit(documents: Documents) -> None:
    documents.commit(None, [record(f"r{number}") for number in range(5)])

    assert documents.count_open(tenant="t:clinic", limit=3) == 3


def test_the_overdue_requests_of_a_shard_are_found_longest_overdue_first(documents: Documents) -> None:
    oldest, older, same_time, not_due = ids_of_shard(2, 4)
    moments = {oldest: NOW - 2 * SECOND, older: NOW - SECOND, same_time: NOW - SECOND, not_due: NOW + 2 * SECOND}
    records = {each: record(each, due=due_key(each, moment)) for each, moment in moments.items()}
    others = [record(each, due=due_key(each, NOW - SECOND)) for shard in (1, 3) for each in ids_of_shard(shard, 1)]
    update_time = documents.commit(None, [*reversed(records.values()), *others, record("ended")])

    found = documents.overdue(shard=2, now=NOW, limit=10)

    assert found == [
        Overdue(each, due_key(each, moments[each]), Stored(records[each], update_time))
        for each in (oldest, older, same_time)
    ]


def test_pages_of_overdue_requests_continue_while_the_requests_are_updated(documents: Documents) -> None:
    ids = ids_of_shard(0, 7)
    documents.commit(None, [record(each, due=due_key(each, NOW - SECOND)) for each in ids])

    found: list[Overdue] = []
    while rest := documents.overdue(shard=0, now=NOW, limit=3, after=found[-1] if found else None):
        for each in rest[:2]:
            assert each.stored is not None
            update(documents, each.stored, due=due_key(each.id, NOW + SECOND))
        found.extend(rest)

    assert [each.id for each in found] == ids


def test_the_requests_of_an_owner_are_found_page_after_page_in_the_order_of_their_ids(documents: Documents) -> None:
    own = [record(each, owner="ann") for each in "abcde"]
    documents.commit(None, [*reversed(own), record("bb", owner="bob"), record("cc", owner="")])

    pages, after = [], ""
    while page := documents.owned(owner="ann", limit=2, after=after):
        pages.append([each.record for each in page])
        after = page[-1].record.id

    assert pages == [own[:2], own[2:4], own[4:]]


def test_a_request_that_has_lost_its_owner_is_not_found_by_it(documents: Documents) -> None:
    held = create(documents)
    update(documents, held, owner="")

    assert documents.owned(owner="ann", limit=2, after="") == []
