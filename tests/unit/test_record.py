"""The record of a request, its serialisers, and the names that derive from it."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from common.pipeline.due import SHARDS, due_key, due_until, is_due
from common.pipeline.ids import child_id, effect_key, request_id, task_name
from common.pipeline.record import Claim, Erased, Failure, Parent, Progress, Record, Request, Status
from common.retention import RECORD_RETENTION

NOW = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)
FAILURE = Failure(code="lost", message="The attempt ended without an answer.", attempt=1, at=NOW)
SMALLEST = Record(id="r1", owner="ann", type="demo", input={}, status=Status.QUEUED, max_attempts=3, created_at=NOW)
FULL = Record(
    id="r1",
    tenant="t:clinic",
    owner="ann",
    type="demo",
    input={"text": "Grüße", "nothing": None, "list": [1, None, {"deep": None}]},
    run_at=NOW + timedelta(hours=1),
    notify=({"type": "email", "to": "ann@clinic.example", "subject": None},),
    parent=Parent(id="p1", redrive=1, tenant=None),
    status=Status.PROCESSING,
    redrive=1,
    generation=4,
    attempt=2,
    max_attempts=3,
    snoozes=5,
    progress=Progress(percent=40, message="drawing"),
    result={"assets": [], "note": None},
    error=FAILURE,
    errors=(FAILURE, FAILURE),
    scheduled_at=NOW + timedelta(hours=2),
    created_at=NOW,
    started_at=NOW + timedelta(seconds=1),
    finished_at=NOW + timedelta(seconds=2),
    expires_at=NOW + RECORD_RETENTION,
    claim=Claim(token="mine", task="a/task", retry_count=2, lost=1),
    due="01-20260101T121100",
    sweeps=3,
    steps={"write": {"headline": None}, "draw": 1.5},
    redriven_at=NOW,
    nonce="5f1c",
    form="batch of 3",
    trace="00-11111111111111111111111111111111-2222222222222222-01",
    reported=1,
    reported_eta=NOW + timedelta(seconds=3),
    reported_by=4,
    idle=True,
    erased=Erased(at=NOW, scope="s"),
)
HIDDEN = {
    *("claim", "due", "steps", "schema", "trace", "sweeps", "redriven_at"),
    *("reported", "reported_eta", "reported_by", "idle", "erased", "nonce", "form"),
}


def all_field_names() -> set[str]:
    return {field.alias or name for name, field in Record.model_fields.items()}


def test_the_full_example_sets_every_field() -> None:
    assert FULL.to_document().keys() | {"id"} == all_field_names()


@pytest.mark.parametrize("record", [FULL, SMALLEST], ids=["full", "smallest"])
def test_a_record_survives_a_round_trip_through_its_document(record: Record) -> None:
    assert Record.from_document("r1", record.to_document()) == record


@pytest.mark.parametrize("record", [FULL, SMALLEST], ids=["full", "smallest"])
def test_a_record_survives_a_round_trip_through_json(record: Record) -> None:
    text = json.dumps(record.to_json())

    assert Record.model_validate_json(text) == record


def test_a_field_that_is_none_is_not_in_the_document() -> None:
    assert SMALLEST.to_document() == {
        "schema": 1,
        "owner": "ann",
        "type": "demo",
        "input": {},
        "status": "queued",
        "redrive": 0,
        "generation": 0,
        "attempt": 0,
        "max_attempts": 3,
        "snoozes": 0,
        "created_at": NOW,
    }


def test_a_field_of_a_part_that_is_none_is_not_serialised() -> None:
    record = SMALLEST.changed(errors=(FAILURE,))

    for serialised in (record.to_document(), record.to_json(), record.public()):
        assert serialised["errors"][0].keys() == {"code", "message", "attempt", "at"}


def test_a_null_within_the_input_is_kept() -> None:
    record = SMALLEST.changed(input={"nothing": None, "list": [None]})

    for serialised in (record.to_document(), record.to_json(), record.public()):
        assert serialised["input"] == {"nothing": None, "list": [None]}


def test_a_time_of_another_zone_is_the_same_moment_after_a_round_trip() -> None:
    record = SMALLEST.changed(run_at=datetime(2026, 1, 1, 14, tzinfo=timezone(timedelta(hours=2))))

    assert Record.model_validate_json(json.dumps(record.to_json())) == record


def test_a_time_without_a_zone_is_refused() -> None:
    document = SMALLEST.to_document() | {"created_at": datetime(2026, 1, 1, 12)}  # noqa: DTZ001  (the invalid value)

    with pytest.raises(ValidationError):
        Record.from_document("r1", document)


def test_the_name_of_the_document_is_the_id() -> None:
    assert Record.from_document("r2", SMALLEST.to_document()) == SMALLEST.changed(id="r2")


def test_fields_of_a_newer_release_are_ignored() -> None:
    document = FULL.to_document() | {"mood": "sunny"}
    document["claim"] = {**document["claim"], "host": "h1"}

    assert Record.from_document("r1", document) == FULL


def test_the_fields_of_the_protocol_are_not_public() -> None:
    assert FULL.public().keys() == all_field_names() - HIDDEN


def test_the_public_form_is_json_without_fields_that_are_none() -> None:
    assert SMALLEST.public() == {
        "id": "r1",
        "owner": "ann",
        "type": "demo",
        "input": {},
        "status": "queued",
        "redrive": 0,
        "generation": 0,
        "attempt": 0,
        "max_attempts": 3,
        "snoozes": 0,
        "created_at": "2026-01-01T12:00:00.123456Z",
    }


def test_the_public_form_survives_a_round_trip() -> None:
    public = json.dumps(FULL.public())

    assert Request.model_validate_json(public).public() == FULL.public()


def test_an_id_is_the_hash_of_tenant_owner_key_and_index() -> None:
    hashed = hashlib.sha256(b'["t:clinic","ann","k1",0]').hexdigest()

    assert request_id(tenant="t:clinic", owner="ann", key="k1") == hashed[:32]


@pytest.mark.parametrize(
    "other",
    [
        {"tenant": "t:other"},
        {"owner": "bob"},
        {"key": "k2"},
        {"index": 1},
        {"tenant": "t:clinic,ann", "owner": ""},
    ],
)
def test_a_different_tenant_owner_key_or_index_gives_a_different_id(other: dict[str, Any]) -> None:
    call: dict[str, Any] = {"tenant": "t:clinic", "owner": "ann", "key": "k1", "index": 0}

    assert request_id(**call) != request_id(**{**call, **other})


def test_the_id_of_a_notification_is_the_hash_of_parent_redrive_and_index() -> None:
    hashed = hashlib.sha256(b'["r1",2,"notify",1]').hexdigest()

    assert child_id(parent="r1", redrive=2, index=1) == hashed[:32]


@pytest.mark.parametrize("other", [{"parent": "r2"}, {"redrive": 1}, {"index": 1}])
def test_a_different_parent_redrive_or_index_gives_a_different_id(other: dict[str, Any]) -> None:
    end: dict[str, Any] = {"parent": "r1", "redrive": 0, "index": 0}

    assert child_id(**end) != child_id(**{**end, **other})


def test_a_notification_never_has_the_id_of_a_request() -> None:
    assert child_id(parent="a", redrive=0, index=0) != request_id(tenant="a", owner="0", key="notify", index=0)


def test_the_task_name_has_the_generation_and_the_effect_key_has_the_redrive() -> None:
    record = SMALLEST.changed(generation=4, redrive=1)

    assert (task_name(record), effect_key(record)) == ("r1-g4", "r1-r1")


def test_the_effect_key_has_the_nonce_of_a_record_that_has_one() -> None:
    assert effect_key(SMALLEST.changed(nonce="5f1c", redrive=1)) == "r1-5f1c-r1"


@pytest.mark.parametrize("microsecond", [1, 500_000, 999_999])
def test_a_due_key_is_rounded_up_to_a_second(microsecond: int) -> None:
    moment = datetime(2026, 12, 31, 23, 59, 59, microsecond, tzinfo=UTC)

    assert due_key("r1", moment)[3:] == "20270101T000000"


def test_a_due_key_of_a_whole_second_is_not_rounded() -> None:
    assert due_key("r1", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))[3:] == "20260102T030405"


def test_a_due_key_is_in_utc() -> None:
    moment = datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2)))

    assert due_key("r1", moment)[3:] == "20251231T230000"


def test_a_request_is_due_at_its_moment_and_not_before() -> None:
    moment = datetime(2026, 1, 1, 12, 0, 0, 250_000, tzinfo=UTC)
    due = due_key("r1", moment)

    assert not is_due(due, moment)
    assert not is_due(due, datetime(2026, 1, 1, 12, 0, 0, 999_999, tzinfo=UTC))
    assert is_due(due, datetime(2026, 1, 1, 12, 0, 1, tzinfo=UTC))


def test_a_request_always_has_the_same_shard() -> None:
    shards = {due_key("r1", NOW + timedelta(days=day))[:2] for day in range(10)}

    assert len(shards) == 1


def test_requests_are_distributed_over_all_shards() -> None:
    shards = {due_key(f"r{number}", NOW)[:2] for number in range(100)}

    assert shards == {due_until(shard, NOW)[:2] for shard in range(SHARDS)}
