"""The limit on the open requests of a tenant."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from common.errors import QuotaExceeded
from common.pipeline.quota import Quota
from common.pipeline.record import Status
from tests.fakes import FakeDocuments
from tests.unit.builders import SECOND, Clock, ended, processing, queued
from tests.unit.scripted_gateways import ScriptedDocuments

TENANT = "t:clinic"


class RecordedCounts:
    """The counts of documents, and the tenants that were counted, in order."""

    def __init__(self, documents: FakeDocuments) -> None:
        self.documents = documents
        self.tenants: list[str] = []

    def count_open(self, *, tenant: str, limit: int) -> int:
        self.tenants.append(tenant)
        return self.documents.count_open(tenant=tenant, limit=limit)


def new_ids(number: int) -> list[str]:
    return [secrets.token_hex(4) for _ in range(number)]


def counts_of(open_requests: int) -> RecordedCounts:
    """Returns the counts of that many open requests, an ended one, and one of another tenant."""
    records = [queued(id=f"r{index}") if index % 2 else processing(id=f"r{index}") for index in range(open_requests)]
    others = [ended(Status.FAILED, id="e1"), queued(id="o", tenant="t:other")]
    return RecordedCounts(ScriptedDocuments(*records, *others).inner)


def test_requests_can_be_reserved_up_to_the_limit() -> None:
    quota = Quota(counts_of(97), limit=100, clock=Clock())

    quota.reserve(TENANT, new_ids(3))

    with pytest.raises(QuotaExceeded, match="at most 100 open requests"):
        quota.reserve(TENANT, new_ids(1))


def test_a_batch_is_reserved_as_a_whole_or_not_at_all() -> None:
    quota = Quota(counts_of(97), limit=100, clock=Clock())

    with pytest.raises(QuotaExceeded):
        quota.reserve(TENANT, new_ids(4))

    quota.reserve(TENANT, new_ids(3))


def test_released_requests_can_be_reserved_again() -> None:
    quota = Quota(counts_of(0), limit=1, clock=Clock())
    with quota.reserve(TENANT, new_ids(1)):
        pass

    quota.reserve(TENANT, new_ids(1))


def test_a_tenant_is_counted_at_most_once_in_ten_seconds() -> None:
    counts, clock = counts_of(0), Clock()
    quota = Quota(counts, limit=100, clock=clock)

    quota.reserve(TENANT, new_ids(1))
    clock.wait(9.9 * SECOND)
    quota.reserve(TENANT, new_ids(1))
    assert counts.tenants == [TENANT]

    clock.wait(0.1 * SECOND)
    quota.reserve(TENANT, new_ids(1))
    assert counts.tenants == [TENANT, TENANT]


def test_the_next_count_frees_the_quota_of_ended_requests() -> None:
    counts, clock = counts_of(100), Clock()
    quota = Quota(counts, limit=100, clock=clock)
    with pytest.raises(QuotaExceeded):
        quota.reserve(TENANT, new_ids(1))

    del counts.documents.stored["r0"]
    clock.wait(10 * SECOND)

    quota.reserve(TENANT, new_ids(1))


def test_a_refusal_has_the_time_until_the_next_count() -> None:
    clock = Clock()
    quota = Quota(counts_of(99), limit=100, clock=clock)
    quota.reserve(TENANT, new_ids(1))

    clock.wait(4 * SECOND)
    with pytest.raises(QuotaExceeded) as refusal:
        quota.reserve(TENANT, new_ids(1))

    assert refusal.value.retry_after == 6 * SECOND


def test_each_tenant_has_its_own_quota() -> None:
    counts = counts_of(100)
    quota = Quota(counts, limit=100, clock=Clock())
    with pytest.raises(QuotaExceeded):
        quota.reserve(TENANT, new_ids(1))

    quota.reserve("t:other", new_ids(1))

    assert counts.tenants == [TENANT, "t:other"]


def test_simultaneous_first_calls_share_one_quota() -> None:
    counted = Barrier(8)

    class Counts:
        def count_open(self, **_: object) -> int:
            counted.wait(10)
            return 0

    quota = Quota(Counts(), limit=3, clock=Clock())

    def reserve(_: int) -> bool:
        try:
            quota.reserve(TENANT, new_ids(1))
        except QuotaExceeded:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(reserve, range(8))) == 3


def test_calls_for_the_same_request_at_once_count_once() -> None:
    quota = Quota(counts_of(0), limit=2, clock=Clock())

    with quota.reserve(TENANT, ["a"]) as winner, quota.reserve(TENANT, ["a"]), quota.reserve(TENANT, ["a", "b"]):
        winner.stored = ["a"]

    quota.reserve(TENANT, ["c"])
    with pytest.raises(QuotaExceeded):
        quota.reserve(TENANT, ["d"])


@pytest.mark.parametrize("error", [ValueError("a bug"), KeyboardInterrupt()])
def test_what_was_not_stored_is_released_whatever_is_raised(error: BaseException) -> None:
    quota = Quota(counts_of(0), limit=1, clock=Clock())

    with pytest.raises(type(error)), quota.reserve(TENANT, ["a"]):
        raise error

    quota.reserve(TENANT, ["b"])


def test_a_release_does_not_change_a_later_count() -> None:
    clock = Clock()
    quota = Quota(counts_of(1), limit=2, clock=clock)
    with quota.reserve(TENANT, ["a"]):
        clock.wait(10 * SECOND)
        quota.reserve(TENANT, ["b"])

    with pytest.raises(QuotaExceeded):
        quota.reserve(TENANT, ["c"])
