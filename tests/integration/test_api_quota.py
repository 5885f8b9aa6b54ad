"""How many requests a tenant may have open."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest

from tests.integration.running import Caller, Service, serving

ASK = {"type": "diagnostic", "input": {}}


@pytest.fixture(scope="module")
def small(service: Service, api_environment: Mapping[str, str]) -> Iterator[Service]:
    """An api where a tenant may have three open requests."""
    with serving({**api_environment, "OPEN_REQUESTS_PER_TENANT": "3"}) as url, httpx.Client(base_url=url) as http:
        yield replace(service, http=http)


@pytest.fixture
def full(small: Service) -> Caller:
    """Somebody who has three open requests, the last of which with the key `last`."""
    caller = small.caller(tenant=uuid4().hex)
    for key in ("first", "second", "last"):
        assert caller.post("/requests", ASK, key=key).status_code == 202
    return caller


def assert_too_many(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_open_requests")
    assert 1 <= int(answer.headers["Retry-After"]) <= 10


def test_the_101st_open_request_is_refused(caller: Caller) -> None:
    for _ in range(10):
        assert caller.post("/requests:batch", {"requests": [ASK] * 10}).status_code == 202

    answer = caller.post("/requests", ASK)

    assert_too_many(answer)
    assert "100" in answer.json()["detail"]


def test_a_request_too_many_leaves_nothing_behind(small: Service, full: Caller) -> None:
    assert_too_many(full.post("/requests", ASK))

    assert len(small.stored_by(full)) == 3
    assert len(small.enqueued_by(full)) == 3


def test_a_tenant_is_full_for_all_of_its_members(small: Service, full: Caller) -> None:
    colleague = small.caller(tenant=full.tenant.removeprefix("t:"))

    assert_too_many(colleague.post("/requests", ASK))


def test_a_full_tenant_does_not_concern_others(small: Service, full: Caller) -> None:
    assert small.caller().post("/requests", ASK).status_code == 202


def test_a_repeat_is_answered_even_when_the_tenant_is_full(full: Caller) -> None:
    answer = full.post("/requests", ASK, key="last")

    assert (answer.status_code, answer.headers["Idempotency-Replayed"]) == (200, "true")


def test_calls_at_once_do_not_slip_through_together(small: Service) -> None:
    caller = small.caller()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: caller.post("/requests", ASK), range(8)))

    assert sorted(answer.status_code for answer in answers) == [202] * 3 + [429] * 5


def test_each_of_a_batch_counts(small: Service) -> None:
    caller = small.caller()

    assert_too_many(caller.post("/requests:batch", {"requests": [ASK] * 4}))
    assert caller.post("/requests:batch", {"requests": [ASK] * 3}).status_code == 202


def test_a_repeated_batch_is_answered_even_when_the_tenant_is_full(small: Service) -> None:
    caller, batch = small.caller(), {"requests": [ASK] * 3}
    first = caller.post("/requests:batch", batch, key="batch")

    assert caller.post("/requests:batch", batch, key="batch").json() == first.json()


def test_a_batch_that_exists_in_part_is_refused_when_the_tenant_is_full(small: Service, full: Caller) -> None:
    assert_too_many(full.post("/requests:batch", {"requests": [ASK, ASK]}, key="last"))

    assert len(small.stored_by(full)) == 3


def test_what_was_open_already_is_counted(small: Service, service: Service) -> None:
    uid = uuid4().hex
    service.caller(uid).post("/requests:batch", {"requests": [ASK] * 3}).raise_for_status()

    assert_too_many(small.caller(uid).post("/requests", ASK))


def test_what_has_ended_is_not_counted(small: Service, service: Service) -> None:
    uid = uuid4().hex
    earlier = service.caller(uid)
    for _ in range(3):
        earlier.post(earlier.post("/requests", ASK).headers["Location"] + ":cancel").raise_for_status()

    assert small.caller(uid).post("/requests", ASK).status_code == 202


def test_a_retry_counts(small: Service, full: Caller, service: Service) -> None:
    as_before = replace(full, http=service.http)
    ended = as_before.post("/requests", ASK).headers["Location"]
    as_before.post(f"{ended}:cancel").raise_for_status()

    assert_too_many(full.post(f"{ended}:retry"))
    assert full.get(ended).json()["status"] == "cancelled"


def test_looking_and_cancelling_is_possible_when_the_tenant_is_full(full: Caller) -> None:
    last = full.get("/requests").json()["requests"][0]["id"]

    assert full.post(f"/requests/{last}:cancel").status_code == 200
