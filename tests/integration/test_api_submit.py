"""Submitting requests: the answer, the stored record and the task."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from uuid import uuid4

from common.pipeline.submission import MAX_REQUEST_BYTES
from tests.integration.running import Caller, Service

REQUEST = {"type": "diagnostic", "input": {"steps": 2}}
OTHER = {"type": "diagnostic", "input": {"steps": 3}}
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def new_key() -> str:
    return uuid4().hex


def test_an_accepted_request_is_answered_with_its_public_fields_and_location(caller: Caller) -> None:
    answer = caller.post("/requests", REQUEST)

    request = answer.json()
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/requests/{request['id']}"
    assert "Idempotency-Replayed" not in answer.headers
    assert set(request) == {
        *("id", "tenant", "owner", "type", "input", "status", "created_at"),
        *("redrive", "generation", "attempt", "max_attempts", "snoozes"),
    }
    assert (request["type"], request["input"], request["status"]) == ("diagnostic", {"steps": 2}, "queued")
    assert request["tenant"] == caller.tenant


def test_an_accepted_request_is_stored_and_enqueued(service: Service, caller: Caller) -> None:
    request_id = caller.post("/requests", REQUEST, traceparent=TRACEPARENT).json()["id"]

    [record] = service.stored_by(caller)
    assert (record.id, record.input, record.trace) == (request_id, {"steps": 2}, TRACEPARENT)
    assert service.enqueued_by(caller) == [f"{request_id}-g0"]


def test_the_location_is_the_path_of_the_request(caller: Caller) -> None:
    accepted = caller.post("/requests", REQUEST)

    assert caller.get(accepted.headers["Location"]).json() == accepted.json()


def test_a_replay_is_answered_with_the_first_request(service: Service, caller: Caller) -> None:
    key = new_key()
    first = caller.post("/requests", REQUEST, key=key)

    replay = caller.post("/requests", REQUEST, key=key)

    assert (replay.status_code, replay.headers["Idempotency-Replayed"]) == (200, "true")
    assert (replay.json(), replay.headers["Location"]) == (first.json(), first.headers["Location"])
    assert len(service.stored_by(caller)) == len(service.enqueued_by(caller)) == 1


def test_a_key_of_another_request_is_refused(service: Service, caller: Caller) -> None:
    key = new_key()
    caller.post("/requests", REQUEST, key=key)

    answer = caller.post("/requests", OTHER, key=key)

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert len(service.stored_by(caller)) == 1


def test_members_of_a_tenant_may_use_the_same_key(service: Service) -> None:
    tenant, key = uuid4().hex, new_key()
    alice, bob = service.caller(tenant=tenant), service.caller(tenant=tenant)

    answers = [alice.post("/requests", REQUEST, key=key), bob.post("/requests", OTHER, key=key)]

    assert [answer.status_code for answer in answers] == [202, 202]


def test_a_request_for_later_is_scheduled_in_utc(caller: Caller) -> None:
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    eastern = moment.astimezone(timezone(timedelta(hours=-5))).isoformat()

    request = caller.post("/requests", {**REQUEST, "run_at": eastern}).json()

    assert request["run_at"] == request["scheduled_at"] == moment.isoformat().replace("+00:00", "Z")


def test_a_time_in_the_past_means_now(caller: Caller) -> None:
    answer = caller.post("/requests", {**REQUEST, "run_at": "1999-12-31T23:59:59Z"})

    assert answer.status_code == 202
    assert "scheduled_at" not in answer.json()


def test_a_replay_may_write_the_same_time_with_another_offset(caller: Caller) -> None:
    key = new_key()
    caller.post("/requests", {**REQUEST, "run_at": "2020-01-01T12:00:00Z"}, key=key)

    assert caller.post("/requests", {**REQUEST, "run_at": "2020-01-01T14:00:00+02:00"}, key=key).status_code == 200


def test_a_body_of_the_limit_is_accepted(caller: Caller) -> None:
    body = b'{"type":"diagnostic","input":{}}'.ljust(MAX_REQUEST_BYTES)

    assert caller.send("/requests", body).status_code == 202


def test_one_of_eight_simultaneous_calls_with_a_key_creates_the_request(service: Service, caller: Caller) -> None:
    key = new_key()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: caller.post("/requests", REQUEST, key=key), range(8)))

    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [202]
    assert {answer.json()["id"] for answer in answers} == {record.id for record in service.stored_by(caller)}


def test_a_batch_is_answered_in_order_stored_and_enqueued(service: Service, caller: Caller) -> None:
    answer = caller.post("/requests:batch", {"requests": [REQUEST, OTHER, REQUEST]})

    requests = answer.json()["requests"]
    ids = [each["id"] for each in requests]
    assert answer.status_code == 202
    assert [each["input"]["steps"] for each in requests] == [2, 3, 2]
    assert sorted(record.id for record in service.stored_by(caller)) == sorted(ids)
    assert sorted(service.enqueued_by(caller)) == sorted(f"{each}-g0" for each in ids)


def test_a_replayed_batch_is_answered_with_the_first_one(caller: Caller) -> None:
    key, batch = new_key(), {"requests": [REQUEST, REQUEST]}
    first = caller.post("/requests:batch", batch, key=key)

    replay = caller.post("/requests:batch", batch, key=key)

    assert (replay.status_code, replay.headers["Idempotency-Replayed"]) == (200, "true")
    assert replay.json() == first.json()


def test_a_batch_whose_key_has_another_request_is_refused_at_that_request(service: Service, caller: Caller) -> None:
    key = new_key()
    caller.post("/requests:batch", {"requests": [REQUEST, REQUEST]}, key=key)

    answer = caller.post("/requests:batch", {"requests": [REQUEST, OTHER]}, key=key)

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/requests/1"]
    assert len(service.stored_by(caller)) == 2


def test_a_key_of_another_form_of_the_call_is_refused(service: Service, caller: Caller) -> None:
    single, batch = new_key(), new_key()
    caller.post("/requests", REQUEST, key=single).raise_for_status()
    caller.post("/requests:batch", {"requests": [REQUEST] * 3}, key=batch).raise_for_status()

    answers = [
        caller.post("/requests:batch", {"requests": [REQUEST]}, key=single),
        caller.post("/requests:batch", {"requests": [REQUEST] * 2}, key=single),
        caller.post("/requests", REQUEST, key=batch),
        caller.post("/requests:batch", {"requests": [REQUEST] * 2}, key=batch),
        caller.post("/requests:batch", {"requests": [REQUEST] * 4}, key=batch),
    ]

    assert [answer.status_code for answer in answers] == [422] * 5
    assert {answer.json()["code"] for answer in answers} == {"idempotency_key_reused"}
    assert len(service.stored_by(caller)) == 4


def test_a_request_of_a_release_without_forms_is_found_by_its_key(service: Service, caller: Caller) -> None:
    key = new_key()
    first = caller.post("/requests", REQUEST, key=key).json()
    service.edit(first["id"], form=None, nonce=None)

    assert caller.post("/requests", REQUEST, key=key).json() == first
    assert caller.post("/requests:batch", {"requests": [REQUEST]}, key=key).json() == {"requests": [first]}


def test_of_several_submissions_with_one_key_at_once_exactly_one_is_accepted(service: Service, caller: Caller) -> None:
    for _ in range(10):
        submit = partial(caller.post, "/requests", REQUEST, key=new_key())

        with ThreadPoolExecutor(4) as threads:
            answers = [call.result() for call in [threads.submit(submit) for _ in range(4)]]

        assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 202]
