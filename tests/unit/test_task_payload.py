"""The body of a task: what is encoded is decoded as it was, whatever its size and schema."""

import json
from datetime import UTC, datetime

import pytest

from common.pipeline.lifecycle import submit
from common.pipeline.record import Progress, Record
from common.pipeline.store import Stored
from common.pipeline.task_payload import MAX_BODY_BYTES, InvalidPayload, TaskPayload

NOW = datetime(2026, 1, 31, 9, 0, 0, 123456, tzinfo=UTC)
UPDATE_TIME = "2026-01-31T09:00:00.123456789Z"
ID = "0123456789abcdef" * 2


def stored(**fields: object) -> Stored:
    record = submit(
        record_id=ID, tenant="u:ann", owner="ann", type_name="demo", work_input={"text": "ü"}, max_attempts=3, now=NOW
    )
    return Stored(record.changed(generation=4, **fields), UPDATE_TIME)


def with_body_of(size: int) -> Stored:
    """A record whose whole body has `size` bytes, two of them for each 'ü'."""
    missing = size - len(TaskPayload.of(stored(input={"text": ""})).encode())
    return stored(input={"text": "ü" * (missing // 2) + "u" * (missing % 2)})


@pytest.mark.parametrize(
    "each",
    [
        stored(),
        stored(scheduled_at=NOW, steps={"copy": {"headline": "Grüße"}}, progress=Progress(percent=5, message="x")),
        with_body_of(MAX_BODY_BYTES),
    ],
)
def test_a_record_is_decoded_as_it_was_encoded(each: Stored) -> None:
    body = TaskPayload.of(each).encode()

    assert TaskPayload.decode(body) == TaskPayload(ID, 4, each)


def test_the_body_has_the_names_of_tasks_in_flight() -> None:
    each = stored()

    assert json.loads(TaskPayload.of(each).encode()) == {"u": UPDATE_TIME, "record": each.record.to_json()}


@pytest.mark.parametrize("size", [MAX_BODY_BYTES + 1, 300 * 1024])
def test_a_larger_body_names_the_request_only(size: int) -> None:
    body = TaskPayload.of(with_body_of(size)).encode()

    assert json.loads(body) == {"id": ID, "generation": 4}
    assert TaskPayload.decode(body) == TaskPayload(ID, 4)


def test_a_record_of_a_newer_schema_is_not_decoded() -> None:
    record = {**stored().record.to_json(), "schema": 99, "status": "paused"}

    assert TaskPayload.decode(json.dumps({"u": UPDATE_TIME, "record": record}).encode()) == TaskPayload(ID, 4)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"id": "a"}',
        b'{"id": "a", "generation": "x"}',
        b'{"record": []}',
        b'{"record": {}, "u": ""}',
        json.dumps({"u": "", "record": {**stored().record.to_json(), "schema": "2"}}).encode(),
        json.dumps({"u": "", "record": {**stored().record.to_json(), "status": "paused"}}).encode(),
    ],
)
def test_any_other_body_is_invalid(body: bytes) -> None:
    with pytest.raises(InvalidPayload):
        TaskPayload.decode(body)


def test_a_record_without_optional_fields_is_decoded() -> None:
    bare = Record.model_validate_json(json.dumps(stored().record.to_json()))

    assert bare == stored().record
