"""The quota of open requests, over HTTP."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest

from tests.integration.running import Caller, Service, serving

REQUEST = {"type": "diagnostic", "input": {}}


@pytest.fixture(scope="module")
def small(service: Service, api_environment: Mapping[str, str]) -> Iterator[Service]:
    """An API where a tenant may have three open requests."""
    with serving({**api_environment, "OPEN_REQUESTS_PER_TENANT": "3"}) as url, httpx.Client(base_url=url) as http:
        yield replace(service, http=http)


@pytest.fixture
def full(small: Service) -> Caller:
    """A caller whose tenant has three open requests, the last with the key `last`."""
    caller = small.caller(tenant=uuid4().hex)
    for key in ("first", "second", "last"):
        assert caller.post("/requests", REQUEST, key=key).status_code == 202
    return caller


def assert_over_quota(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_open_requests")
    assert 1 <= int(answer.headers["Retry-After"]) <= 10


def test_a_tenant_may_have_100_open_requests_by_default(caller: Caller) -> None:
    for _ in range(10):
        assert caller.post("/requests:batch", {"requests": [REQUEST] * 10}).status_code == 202

    answer = caller.post("/requests", REQUEST)

    assert_over_quota(answer)
    assert "100" in answer.json()["detail"]


def test_a_request_over_quota_is_neither_stored_nor_enqueued(small: Service, full: Caller) -> None:
    assert_over_quota(full.post("/requests", REQUEST))

    assert len(small.stored_by(full)) == 3
    assert len(small.enqueued_by(full)) == 3


def test_all_members_of_a_tenant_share_its_quota(small: Service, full: Caller) -> None:
    colleague = small.caller(tenant=full.tenant.removeprefix("t:"))

    assert_over_quota(colleague.post("/requests", REQUEST))
    assert small.caller().post("/requests", REQUEST).status_code == 202


def test_a_replay_is_answered_over_quota(full: Caller) -> None:
    answer = full.post("/requests", REQUEST, key="last")

    assert (answer.status_code, answer.headers["Idempotency-Replayed"]) == (200, "true")


def test_each_request_of_a_batch_counts(small: Service) -> None:
    caller = small.caller()

    assert_over_quota(caller.post("/requests:batch", {"requests": [REQUEST] * 4}))
    assert caller.post("/requests:batch", {"requests": [REQUEST] * 3}).status_code == 202


def test_a_retry_counts(service: Service, small: Service, full: Caller) -> None:
    without_limit = replace(full, http=service.http)
    location = without_limit.post("/requests", REQUEST).headers["Location"]
    without_limit.post(f"{location}:cancel").raise_for_status()

    assert_over_quota(full.post(f"{location}:retry"))
    assert full.get(location).json()["status"] == "cancelled"


def test_a_request_can_be_cancelled_over_quota(full: Caller) -> None:
    last = full.get("/requests").json()["requests"][0]["id"]

    assert full.post(f"/requests/{last}:cancel").status_code == 200


def test_retries_of_a_request_at_once_count_once(service: Service, small: Service) -> None:
    caller = small.caller()
    location = caller.post("/requests", REQUEST).headers["Location"]
    caller.post(f"{location}:cancel").raise_for_status()
    caller.post("/requests", REQUEST).raise_for_status()

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: caller.post(f"{location}:retry").status_code, range(4)))

    assert sorted(answers) == [200, 200, 200, 202]
    assert caller.post("/requests", REQUEST).status_code == 202
    assert_over_quota(caller.post("/requests", REQUEST))


def test_refused_key_reuses_do_not_use_up_the_quota(small: Service) -> None:
    caller = small.caller()
    caller.post("/requests", REQUEST, key="used").raise_for_status()

    for _ in range(10):
        assert caller.post("/requests", {**REQUEST, "input": {"steps": 2}}, key="used").status_code == 422

    assert caller.post("/requests", REQUEST).status_code == 202
