"""The documents that the gateway writes to Firestore, and documents of a newer release."""

from typing import Any

import pytest
from google.cloud.firestore import Client

from common.errors import NewerRecord
from common.gateways.firestore import COLLECTION, Requests
from common.pipeline.due import due_key
from common.pipeline.store import Overdue, Page, Stored
from tests.contract.documents import NOW, SECOND, create, create_list, full_record, ids_of_shard, page, record, update


def fields_of(client: Client, record_id: str = "r1") -> dict[str, Any]:
    return client.collection(COLLECTION).document(record_id).get().to_dict() or {}


def overwrite(client: Client, record_id: str = "r1", **fields: Any) -> None:
    """Writes fields past the gateway."""
    client.collection(COLLECTION).document(record_id).update(fields)


def test_an_update_time_has_nanoseconds(requests: Requests, client: Client) -> None:
    stored = create(requests)

    snapshot = client.collection(COLLECTION).document("r1").get()
    assert stored.update_time == snapshot.update_time.rfc3339()


def test_firestore_keeps_the_update_time_of_a_write_that_changes_nothing(requests: Requests, client: Client) -> None:
    """The reason why the fake refuses such a write: it would not move the fencing token."""
    held = create(requests)

    overwrite(client, attempt=held.record.attempt)

    assert requests.read("r1") == held


def test_a_field_that_became_none_is_deleted_from_the_document(requests: Requests, client: Client) -> None:
    after = update(requests, create(requests, full_record()), due=None, error=None)

    assert requests.read("r1") == after
    assert fields_of(client).keys() == full_record().to_document().keys() - {"due", "error"}


def test_an_update_keeps_the_fields_of_a_newer_release(requests: Requests, client: Client) -> None:
    held = create(requests)
    overwrite(client, new_field="new")
    read = requests.read("r1")
    assert read is not None

    update(requests, read, attempt=1, input={})

    assert fields_of(client) == held.record.changed(attempt=1, input={}).to_document() | {"new_field": "new"}


@pytest.mark.parametrize("fields", [{"schema": 2}, {"status": "paused"}], ids=["newer schema", "unknown status"])
def test_a_record_of_a_newer_release_cannot_be_read(requests: Requests, client: Client, fields: dict[str, Any]) -> None:
    create(requests)
    overwrite(client, **fields)

    with pytest.raises(NewerRecord):
        requests.read("r1")
    with pytest.raises(NewerRecord):
        requests.read_all(["r1"])


def test_a_page_omits_a_record_of_a_newer_release(requests: Requests, client: Client) -> None:
    records = create_list(requests)
    overwrite(client, "c", schema=2)

    assert page(requests) == Page([each for each in records if each.id != "c"], None)


def test_a_page_of_newer_records_only_has_a_position_for_the_next_page(requests: Requests, client: Client) -> None:
    records = create_list(requests)
    overwrite(client, records[0].id, schema=2)

    first = page(requests, limit=1)

    assert first.records == []
    assert first.after is not None
    assert page(requests, after=first.after).records == records[1:]


def test_an_overdue_record_of_a_newer_release_has_no_content(requests: Requests, client: Client) -> None:
    first, second = (record(each, due=due_key(each, NOW - SECOND)) for each in ids_of_shard(1, 2))
    update_time = requests.commit(None, [first, second])
    overwrite(client, first.id, schema=2)

    assert requests.overdue(shard=1, now=NOW, limit=10) == [
        Overdue(first.id, str(first.due), None),
        Overdue(second.id, str(second.due), Stored(second, update_time)),
    ]
