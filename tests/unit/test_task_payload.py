"""The encoder and the decoder of the body of a task."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from common.pipeline.lifecycle import submit
from common.pipeline.record import Progress
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
    """Returns a record whose body has `size` bytes if it is encoded whole. Each 'ü' has two bytes."""
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
def test_a_payload_survives_a_round_trip(each: Stored) -> None:
    body = TaskPayload.of(each).encode()

    assert TaskPayload.decode(body) == TaskPayload(ID, 4, each)


def test_the_body_has_the_fields_of_tasks_in_flight() -> None:
    each = stored()

    assert json.loads(TaskPayload.of(each).encode()) == {"u": UPDATE_TIME, "record": each.record.to_json()}


@pytest.mark.parametrize("size", [MAX_BODY_BYTES + 1, 300 * 1024])
def test_a_body_that_would_be_too_large_names_the_request_only(size: int) -> None:
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
        *(
            json.dumps({"u": UPDATE_TIME, "record": {**stored().record.to_json(), **odd}}).encode()
            for odd in ({"schema": "2"}, {"status": "paused"}, {"attempt": 2**63}, {"due": "zz-9"}, {"due": 1})
        ),
        *(
            json.dumps({"u": time, "record": stored().record.to_json()}).encode()
            for time in (
                *("", "x", None, 7, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
                *("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z", "1969-12-31T23:59:59Z"),
                *("2026-01-31", "20260131T090000Z", "2026-01-31T09:00Z", "2026-01-31 09:00:00Z"),
                *("2026-01-31T09:00:00", "2026-01-31T09:00:00+00:00", "2026-01-31T09:00:00z", " 2026-01-31T09:00:00Z"),
                *("2026-01-31T09:00:00.Z", "2026-01-31T09:00:00,1Z", "2026-01-31T09:00:00.1234567891Z"),
                *("2026-01-31T09:00:60Z", "2026-02-30T09:00:00Z", "2026-01-31T09:00:00Z\n"),
            )
        ),
        *(
            json.dumps(
                {"u": UPDATE_TIME, "record": {**stored().record.to_json(), "notify": json.loads(notify)}}
            ).encode()
            for notify in (
                "[{}]",
                '[{"to": "a"}]',
                '[{"type": null}]',
                '[{"type": 7}]',
                '[{"type": "webhook"}, {}]',
                '["x"]',
                "{}",
            )
        ),
    ],
)
def test_any_other_body_is_invalid(body: bytes) -> None:
    with pytest.raises(InvalidPayload):
        TaskPayload.decode(body)


@pytest.mark.parametrize("each", [stored(), with_body_of(MAX_BODY_BYTES + 1)], ids=["whole", "name only"])
@pytest.mark.parametrize("time_budget", [None, timedelta(seconds=600), timedelta(milliseconds=1500)])
def test_the_time_budget_is_decoded_as_it_was_encoded(each: Stored, time_budget: timedelta | None) -> None:
    body = TaskPayload.of(each, time_budget=time_budget).encode()

    assert TaskPayload.decode(body).time_budget == time_budget


@pytest.mark.parametrize(
    "update_time", ["2026-01-31T09:00:00Z", "2026-01-31T09:00:00.1Z", "1970-01-01T00:00:00.000001Z"]
)
def test_an_update_time_has_up_to_nine_digits_of_fraction(update_time: str) -> None:
    each = Stored(stored().record, update_time)

    assert TaskPayload.decode(TaskPayload.of(each).encode()).stored == each


def test_a_record_that_was_written_more_than_a_day_ahead_is_invalid() -> None:
    body = TaskPayload.of(stored()).encode()

    assert TaskPayload.decode(body, now=NOW - timedelta(days=1)) == TaskPayload.decode(body)
    with pytest.raises(InvalidPayload):
        TaskPayload.decode(body, now=NOW - timedelta(days=1, seconds=1))


@pytest.mark.parametrize(
    "seconds",
    ['"ten"', "[]", "{}", "true", "false", "0", "0.0", "-1", "-0.5", "1e-9", "1e300", "NaN", "Infinity", "-Infinity"],
)
def test_a_time_budget_that_is_no_duration_is_invalid(seconds: str) -> None:
    with pytest.raises(InvalidPayload):
        TaskPayload.decode(f'{{"id": "{ID}", "generation": 0, "time_budget_seconds": {seconds}}}'.encode())
