"""Reading requests: lists, single requests, and which callers see them."""

from typing import Any
from uuid import uuid4

import pytest

from common.pipeline.ids import child_ids
from common.pipeline.record import Parent
from tests.integration.running import Caller, Service

REQUEST = {"type": "diagnostic", "input": {}}
BY_ID = [("GET", ""), ("POST", ":cancel"), ("POST", ":retry"), ("GET", "/assets/a.png")]


def submit_batch(caller: Caller, count: int) -> list[str]:
    """Returns the ids of new requests."""
    answer = caller.post("/requests:batch", {"requests": [REQUEST] * count}).raise_for_status()
    return [str(each["id"]) for each in answer.json()["requests"]]


def pages(caller: Caller, **query: str) -> list[list[dict[str, Any]]]:
    """Returns the pages of the caller's list."""
    page = caller.get("/requests", **query).json()
    found = [page["requests"]]
    while token := page.get("next_page_token"):
        page = caller.get("/requests", page_token=token, **query).json()
        found.append(page["requests"])
    return found


def test_pages_list_every_request_once_newest_first(caller: Caller) -> None:
    expected = {*submit_batch(caller, 10), *submit_batch(caller, 10), *submit_batch(caller, 5)}

    listed = pages(caller)

    requests = [request for page in listed for request in page]
    assert [len(page) for page in listed] == [10, 10, 5]
    assert {request["id"] for request in requests} == expected
    assert [request["created_at"] for request in requests] == sorted(
        (request["created_at"] for request in requests), reverse=True
    )


def test_requests_of_the_same_time_are_listed_once(service: Service, caller: Caller) -> None:
    expected = submit_batch(caller, 5)

    listed = pages(caller, limit="3")

    assert len({record.created_at for record in service.stored_by(caller)}) == 1
    assert sorted(request["id"] for page in listed for request in page) == sorted(expected)


def test_the_last_page_has_no_token(caller: Caller) -> None:
    submit_batch(caller, 2)

    assert "next_page_token" not in caller.get("/requests", limit="2").json()


def test_a_list_can_be_limited_to_a_status(caller: Caller) -> None:
    queued, cancelled = submit_batch(caller, 2)
    caller.post(f"/requests/{cancelled}:cancel")

    listed = {
        status: [each["id"] for each in caller.get("/requests", status=status).json()["requests"]]
        for status in ("queued", "cancelled", "failed")
    }

    assert listed == {"queued": [queued], "cancelled": [cancelled], "failed": []}


def test_the_list_of_a_new_caller_is_empty(caller: Caller) -> None:
    assert caller.get("/requests").json() == {"requests": []}


def test_a_list_shows_the_same_fields_as_a_single_request(caller: Caller) -> None:
    [request_id] = submit_batch(caller, 1)

    assert caller.get("/requests").json()["requests"] == [caller.get(f"/requests/{request_id}").json()]


def test_a_notification_is_shown_within_its_parent_only(service: Service, caller: Caller) -> None:
    [request_id] = submit_batch(caller, 1)
    child = create_notification(service, request_id)

    request = caller.get(f"/requests/{request_id}").json()

    assert [each["id"] for each in request["notifications"]] == [child]
    assert caller.get(f"/requests/{child}").status_code == 404


def create_notification(service: Service, request_id: str) -> str:
    """Creates a notification of the request, as its end does, and returns its id."""
    parent = service.edit(request_id, notify=({"type": "email"},))
    child = parent.changed(
        id=child_ids(parent)[0],
        tenant=None,
        notify=None,
        parent=Parent(id=parent.id, redrive=0, tenant=parent.tenant),
    )
    service.documents.commit(None, [child])
    return child.id


def test_members_of_a_tenant_see_cancel_and_retry_each_others_requests(service: Service) -> None:
    tenant = uuid4().hex
    alice, bob = service.caller(tenant=tenant), service.caller(tenant=tenant)
    [request_id] = submit_batch(alice, 1)
    request = alice.get(f"/requests/{request_id}").json()

    assert bob.get(f"/requests/{request_id}").json() == request
    assert bob.get("/requests").json()["requests"] == [request]
    answers = [bob.post(f"/requests/{request_id}:cancel"), bob.post(f"/requests/{request_id}:retry")]
    assert [answer.status_code for answer in answers] == [200, 202]
    assert {answer.json()["owner"] for answer in answers} == {request["owner"]}


@pytest.mark.parametrize(("method", "suffix"), BY_ID)
def test_another_tenants_request_is_answered_like_a_missing_one(service: Service, method: str, suffix: str) -> None:
    [foreign] = submit_batch(service.caller(), 1)
    caller = service.caller()

    answers = [caller.call(method, f"/requests/{each}{suffix}") for each in (foreign, uuid4().hex)]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()
