"""DELETE /requests/{id} over HTTP."""

import json

import pytest

from common.pipeline.ids import purge_id
from common.pipeline.record import Status
from tests.integration.running import Caller, Service
from tests.integration.test_api_cancel_and_retry import end

SUBMISSION = {"type": "diagnostic", "input": {"steps": 2}}


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
def test_an_ended_request_is_erased_and_a_repeat_answers_the_same(
    service: Service, caller: Caller, request_id: str, status: str
) -> None:
    end(service, request_id, Status(status))

    answers = [caller.call("DELETE", f"/requests/{request_id}") for _ in range(2)]

    assert [(answer.status_code, answer.content) for answer in answers] == [(204, b"")] * 2
    assert caller.get("/requests").json() == {"requests": []}
    assert f"{purge_id(service.stored(request_id))}-g0" in {
        task.name.rpartition("/")[2] for task in service.tasks.pending()
    }


def test_every_other_call_of_an_erased_request_is_410(service: Service, caller: Caller) -> None:
    request_id = caller.post("/requests", SUBMISSION, key="k").json()["id"]
    end(service, request_id, Status.FAILED)
    caller.call("DELETE", f"/requests/{request_id}")

    answers = [
        caller.get(f"/requests/{request_id}"),
        caller.get(f"/requests/{request_id}/assets/post.png"),
        caller.post(f"/requests/{request_id}:cancel"),
        caller.post(f"/requests/{request_id}:retry"),
        caller.post("/requests", SUBMISSION, key="k"),
        caller.post("/requests:batch", {"requests": [SUBMISSION]}, key="k"),
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(410, "erased")] * len(answers)


def test_an_open_request_is_409_and_stays(caller: Caller, request_id: str) -> None:
    answer = caller.call("DELETE", f"/requests/{request_id}")

    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
    assert "cancel it first" in answer.json()["detail"]
    assert caller.get(f"/requests/{request_id}").json()["status"] == "queued"


def test_for_another_tenant_a_request_is_404_before_and_after_it_was_erased(
    service: Service, caller: Caller, request_id: str
) -> None:
    end(service, request_id, Status.FAILED)
    other = service.caller()

    answers = [other.call("DELETE", f"/requests/{request_id}")]
    caller.call("DELETE", f"/requests/{request_id}")
    answers += [other.call(method, f"/requests/{request_id}") for method in ("DELETE", "GET")]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert len({json.dumps(answer.json()) for answer in answers}) == 1


@pytest.mark.parametrize("type_name", ["purge", "erasure", "export"])
def test_internal_types_are_not_offered(caller: Caller, type_name: str) -> None:
    body = {"type": type_name, "input": {}}

    answers = [caller.post("/requests", body), caller.post("/requests:batch", {"requests": [body]})]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert type_name not in {each["name"] for each in caller.get("/types").json()["types"]}


def test_a_purge_is_not_found(service: Service, caller: Caller, request_id: str) -> None:
    end(service, request_id, Status.FAILED)
    caller.call("DELETE", f"/requests/{request_id}")

    assert caller.get(f"/requests/{purge_id(service.stored(request_id))}").status_code == 404


@pytest.mark.parametrize(("path", "type_name"), [("/me/erasure", "erasure"), ("/me/exports", "export")])
def test_an_erasure_or_export_of_everything_is_a_request_that_its_caller_follows(
    service: Service, caller: Caller, path: str, type_name: str
) -> None:
    first, repeat = caller.post(path, key="k"), caller.post(path, key="k")

    request = first.json()
    assert (first.status_code, first.headers["location"]) == (202, f"/requests/{request['id']}")
    assert (request["type"], request["status"], request["input"]) == (type_name, "queued", {})
    assert (repeat.status_code, repeat.headers["idempotency-replayed"], repeat.json()) == (200, "true", request)
    assert caller.get(first.headers["location"]).json() == request
    assert f"{request['id']}-g0" in service.enqueued_by(caller)


def test_a_key_of_another_submission_is_422_for_an_erasure(caller: Caller) -> None:
    caller.post("/requests", SUBMISSION, key="k")

    assert caller.post("/me/erasure", key="k").json()["code"] == "idempotency_key_reused"


@pytest.mark.parametrize("path", ["/me/erasure", "/me/exports"])
def test_a_token_is_needed(service: Service, path: str) -> None:
    assert service.http.post(path).status_code == 401
