"""Looking: lists and single requests, and who sees whose."""

import secrets
from collections.abc import Callable
from uuid import uuid4

import pytest

from common.pipeline.record import Parent, child_id
from tests.integration.running import Caller, Service

ASK = {"type": "diagnostic", "input": {}}


def ask(caller: Caller, count: int = 1) -> list[str]:
    """The ids of that many new requests, the oldest first."""
    return [str(caller.post("/requests", ASK).raise_for_status().json()["id"]) for _ in range(count)]


def test_all_of_25_requests_are_listed_newest_first_on_three_pages(caller: Caller) -> None:
    expected = ask(caller, 25)[::-1]

    page = caller.get("/requests").json()
    listed = [page["requests"]]
    while token := page.get("next_page_token"):
        page = caller.get("/requests", page_token=token).json()
        listed.append(page["requests"])

    assert [len(requests) for requests in listed] == [10, 10, 5]
    assert [request["id"] for requests in listed for request in requests] == expected


def test_a_page_that_ends_with_the_last_request_has_no_next(caller: Caller) -> None:
    ask(caller, 2)

    assert "next_page_token" not in caller.get("/requests", limit="2").json()


def test_requests_of_the_same_moment_are_each_listed_once(service: Service, caller: Caller) -> None:
    batch = {"requests": [ASK] * 5}
    expected = {each["id"] for each in caller.post("/requests:batch", batch).json()["requests"]}

    first = caller.get("/requests", limit="3").json()
    second = caller.get("/requests", limit="3", page_token=first["next_page_token"]).json()

    assert len({record.created_at for record in service.stored_by(caller)}) == 1
    assert sorted(each["id"] for each in first["requests"] + second["requests"]) == sorted(expected)


def test_a_request_that_comes_between_two_pages_moves_nothing(caller: Caller) -> None:
    oldest, newest = ask(caller, 2)
    first = caller.get("/requests", limit="1").json()
    ask(caller)

    second = caller.get("/requests", limit="1", page_token=first["next_page_token"]).json()

    assert [first["requests"][0]["id"], second["requests"][0]["id"]] == [newest, oldest]


def test_a_list_of_one_status_has_those_of_that_status_only(caller: Caller) -> None:
    queued, cancelled = ask(caller, 2)
    caller.post(f"/requests/{cancelled}:cancel")

    listed = {
        status: [each["id"] for each in caller.get("/requests", status=status).json()["requests"]]
        for status in ("queued", "cancelled", "failed")
    }

    assert listed == {"queued": [queued], "cancelled": [cancelled], "failed": []}


def test_whoever_asked_for_nothing_has_an_empty_list(caller: Caller) -> None:
    assert caller.get("/requests").json() == {"requests": []}


def test_a_list_tells_what_a_single_request_tells(caller: Caller) -> None:
    [request_id] = ask(caller)

    assert caller.get("/requests").json()["requests"] == [caller.get(f"/requests/{request_id}").json()]


def test_a_notification_is_told_with_its_parent_and_is_nobodys_own(service: Service, caller: Caller) -> None:
    [request_id] = ask(caller)
    child = notified(service, request_id)

    told = caller.get(f"/requests/{request_id}").json()

    assert [each["id"] for each in told["notifications"]] == [child]
    assert caller.get(f"/requests/{child}").status_code == 404


def notified(service: Service, request_id: str) -> str:
    """Gives a request a notification, as its end would."""
    parent = service.edit(request_id, notify=({"type": "email"},))
    child = parent.changed(
        id=child_id(parent=parent.id, redrive=0, index=0),
        tenant=None,
        notify=None,
        parent=Parent(id=parent.id, redrive=0, tenant=parent.tenant),
    )
    service.documents.commit(None, [child])
    return child.id


@pytest.fixture
def colleagues(service: Service) -> tuple[Caller, Caller]:
    tenant = uuid4().hex
    return service.caller(tenant=tenant), service.caller(tenant=tenant)


def test_members_of_a_tenant_see_each_others_requests(colleagues: tuple[Caller, Caller]) -> None:
    alice, bob = colleagues
    [request_id] = ask(alice)

    assert bob.get(f"/requests/{request_id}").json()["id"] == request_id
    assert [each["id"] for each in bob.get("/requests").json()["requests"]] == [request_id]


def test_members_of_a_tenant_cancel_and_retry_each_others_requests(colleagues: tuple[Caller, Caller]) -> None:
    alice, bob = colleagues
    [request_id] = ask(alice)

    answers = [bob.post(f"/requests/{request_id}:cancel"), bob.post(f"/requests/{request_id}:retry")]

    assert [answer.status_code for answer in answers] == [200, 202]
    assert {answer.json()["owner"] for answer in answers} == {alice.get(f"/requests/{request_id}").json()["owner"]}


OPERATIONS = [("GET", ""), ("POST", ":cancel"), ("POST", ":retry"), ("GET", "/assets/a.png")]


STRANGERS: dict[str, Callable[[str], dict[str, str]]] = {
    "another user": lambda uid: {"name": f"not {uid}"},
    "a tenant's member of the same uid": lambda uid: {"name": uid, "tenant": "clinic"},
    "a tenant named like the uid": lambda uid: {"name": "mallory", "tenant": uid},
    "a tenant named like the stored tenant": lambda uid: {"name": "mallory", "tenant": f"u:{uid}"},
}


@pytest.mark.parametrize(("method", "suffix"), OPERATIONS)
@pytest.mark.parametrize("stranger", STRANGERS)
def test_a_foreign_request_is_as_missing_as_none(service: Service, stranger: str, method: str, suffix: str) -> None:
    uid = secrets.token_hex(8)
    [foreign] = ask(service.caller(uid))
    other = service.caller(**STRANGERS[stranger](uid))

    answers = [other.call(method, f"/requests/{each}{suffix}") for each in (foreign, uuid4().hex)]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()
