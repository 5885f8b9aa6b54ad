"""Asking: what is answered, stored and enqueued."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4

import pytest

from tests.integration.running import Caller, Service

ASK = {"type": "diagnostic", "input": {"steps": 2}}
OTHER = {"type": "diagnostic", "input": {"steps": 3}}
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def new_key() -> str:
    return uuid4().hex


def test_a_request_is_accepted_with_its_location(caller: Caller) -> None:
    answer = caller.post("/requests", ASK)

    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/requests/{answer.json()['id']}"
    assert "Idempotency-Replayed" not in answer.headers


def test_the_answer_is_the_request_without_what_only_the_protocol_needs(caller: Caller) -> None:
    told = caller.post("/requests", ASK).json()

    assert set(told) == {
        *("id", "tenant", "owner", "type", "input", "status", "created_at"),
        *("redrive", "generation", "attempt", "max_attempts", "snoozes"),
    }
    assert (told["type"], told["input"], told["status"]) == ("diagnostic", {"steps": 2}, "queued")
    assert told["tenant"] == caller.tenant


def test_an_accepted_request_is_stored_and_enqueued_under_its_id(service: Service, caller: Caller) -> None:
    request_id = caller.post("/requests", ASK).json()["id"]

    assert [record.id for record in service.stored_by(caller)] == [request_id]
    assert service.enqueued_by(caller) == [f"{request_id}-g0"]


def test_the_location_leads_to_the_request(caller: Caller) -> None:
    accepted = caller.post("/requests", ASK)

    assert caller.get(accepted.headers["Location"]).json() == accepted.json()


def test_the_input_is_stored_as_it_was_given_without_defaults(service: Service, caller: Caller) -> None:
    caller.post("/requests", ASK)

    assert service.stored_by(caller)[0].input == {"steps": 2}


def test_a_repeat_with_its_key_is_answered_with_the_first_request(caller: Caller) -> None:
    key = new_key()
    first = caller.post("/requests", ASK, key=key)

    repeat = caller.post("/requests", ASK, key=key)

    assert (repeat.status_code, repeat.headers["Idempotency-Replayed"]) == (200, "true")
    assert (repeat.json(), repeat.headers["Location"]) == (first.json(), first.headers["Location"])


def test_a_repeat_with_its_key_stores_and_enqueues_nothing_more(service: Service, caller: Caller) -> None:
    key = new_key()
    request_id = caller.post("/requests", ASK, key=key).json()["id"]

    caller.post("/requests", ASK, key=key)

    assert [record.id for record in service.stored_by(caller)] == [request_id]
    assert service.enqueued_by(caller) == [f"{request_id}-g0"]


def test_a_repeat_of_what_has_ended_since_tells_its_end(service: Service, caller: Caller) -> None:
    key = new_key()
    request_id = caller.post("/requests", ASK, key=key).json()["id"]
    caller.post(f"/requests/{request_id}:cancel")

    assert caller.post("/requests", ASK, key=key).json()["status"] == "cancelled"


def test_an_equal_call_without_a_key_is_another_request(caller: Caller) -> None:
    first, second = caller.post("/requests", ASK), caller.post("/requests", ASK)

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] != second.json()["id"]


def test_a_key_is_its_owners_own_even_within_a_tenant(service: Service) -> None:
    tenant, key = uuid4().hex, new_key()
    alice, bob = service.caller(tenant=tenant), service.caller(tenant=tenant)

    answers = [alice.post("/requests", ASK, key=key), bob.post("/requests", OTHER, key=key)]

    assert [answer.status_code for answer in answers] == [202, 202]


def test_a_key_of_255_characters_is_taken(caller: Caller) -> None:
    assert caller.post("/requests", ASK, key="k" * 255).status_code == 202


def test_a_request_for_later_is_scheduled_in_utc(caller: Caller) -> None:
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    eastern = moment.astimezone(timezone(timedelta(hours=-5))).isoformat()

    told = caller.post("/requests", {**ASK, "run_at": eastern}).json()

    assert told["run_at"] == told["scheduled_at"] == moment.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("run_at", ["1999-12-31T23:59:59Z", "2020-02-29t12:00:00.123456789-08:00"])
def test_a_time_in_the_past_means_now(caller: Caller, run_at: str) -> None:
    answer = caller.post("/requests", {**ASK, "run_at": run_at})

    assert answer.status_code == 202
    assert "scheduled_at" not in answer.json()


def test_a_repeat_for_the_same_moment_in_another_offset_is_the_same(caller: Caller) -> None:
    key = new_key()
    caller.post("/requests", {**ASK, "run_at": "2020-01-01T12:00:00Z"}, key=key)

    assert caller.post("/requests", {**ASK, "run_at": "2020-01-01T14:00:00+02:00"}, key=key).status_code == 200


def test_an_empty_list_of_notifications_is_none(caller: Caller) -> None:
    answer = caller.post("/requests", {**ASK, "notify": []})

    assert answer.status_code == 202
    assert "notify" not in answer.json()


def test_a_request_of_256_kib_is_too_large_by_its_envelope_only(caller: Caller) -> None:
    spaces = b" " * (256 * 1024 - 40)

    assert caller.send("/requests", b'{"type":"diagnostic","input":{}}' + spaces).status_code == 202


def test_a_whole_number_may_be_written_with_a_fraction_of_zero(service: Service, caller: Caller) -> None:
    answer = caller.send("/requests", b'{"type":"diagnostic","input":{"steps":2.0,"sleep_seconds":1.5e0}}')

    assert answer.status_code == 202
    assert repr(service.stored_by(caller)[0].input["steps"]) == "2"


def test_of_calls_at_once_with_the_same_key_one_asks_and_the_others_are_repeats(
    service: Service, caller: Caller
) -> None:
    key = new_key()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: caller.post("/requests", ASK, key=key), range(8)))

    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [202]
    assert {answer.json()["id"] for answer in answers} == {record.id for record in service.stored_by(caller)}


def test_the_callers_trace_is_kept(service: Service, caller: Caller) -> None:
    caller.post("/requests", ASK, traceparent=TRACEPARENT)

    assert service.stored_by(caller)[0].trace == TRACEPARENT


@pytest.mark.parametrize("traceparent", ["", "x", TRACEPARENT.upper(), TRACEPARENT.replace("0af7", "<b>!")])
def test_what_is_not_a_trace_is_not_kept(service: Service, caller: Caller, traceparent: str) -> None:
    caller.post("/requests", ASK, traceparent=traceparent)

    assert service.stored_by(caller)[0].trace is None


def test_a_batch_is_answered_in_its_order(caller: Caller) -> None:
    asked = [{"type": "diagnostic", "input": {"steps": steps}} for steps in range(10, 0, -1)]

    answer = caller.post("/requests:batch", {"requests": asked})

    assert answer.status_code == 202
    assert [each["input"]["steps"] for each in answer.json()["requests"]] == list(range(10, 0, -1))


def test_all_of_a_batch_is_stored_and_enqueued(service: Service, caller: Caller) -> None:
    told = caller.post("/requests:batch", {"requests": [ASK, OTHER]}).json()["requests"]

    ids = {each["id"] for each in told}
    assert {record.id for record in service.stored_by(caller)} == ids
    assert set(service.enqueued_by(caller)) == {f"{each}-g0" for each in ids}


def test_a_repeated_batch_is_answered_with_the_first_one(caller: Caller) -> None:
    key, batch = new_key(), {"requests": [ASK, ASK]}
    first = caller.post("/requests:batch", batch, key=key)

    repeat = caller.post("/requests:batch", batch, key=key)

    assert (repeat.status_code, repeat.headers["Idempotency-Replayed"]) == (200, "true")
    assert repeat.json() == first.json()


def test_a_batch_that_exists_in_part_is_completed(service: Service, caller: Caller) -> None:
    key = new_key()
    [first] = caller.post("/requests:batch", {"requests": [ASK]}, key=key).json()["requests"]

    answer = caller.post("/requests:batch", {"requests": [ASK, OTHER]}, key=key)

    assert answer.status_code == 202
    assert answer.json()["requests"][0] == first
    assert len(service.stored_by(caller)) == 2


def test_a_batch_that_differs_in_one_is_refused_at_that_one(service: Service, caller: Caller) -> None:
    key = new_key()
    caller.post("/requests:batch", {"requests": [ASK, ASK]}, key=key)

    answer = caller.post("/requests:batch", {"requests": [ASK, OTHER, OTHER]}, key=key)

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/requests/1"]
    assert len(service.stored_by(caller)) == 2


@pytest.mark.parametrize(
    "different", [OTHER, {**ASK, "run_at": "2020-01-01T00:00:00Z"}], ids=["another input", "another time"]
)
def test_a_key_that_was_used_for_something_else_is_refused(
    service: Service, caller: Caller, different: dict[str, object]
) -> None:
    key = new_key()
    caller.post("/requests", ASK, key=key)

    answer = caller.post("/requests", different, key=key)

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert len(service.stored_by(caller)) == 1
