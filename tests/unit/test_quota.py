"""How many requests a tenant may have open."""

from datetime import timedelta

import pytest

from common.errors import QuotaExceeded
from common.pipeline.quota import Quota
from common.pipeline.record import Status
from tests.fakes import FakeDocuments
from tests.unit.builders import Clock, ended, processing, queued
from tests.unit.scripted_gateways import ScriptedDocuments

TENANT = "t:clinic"


class Counting:
    """Documents that count how often they are counted."""

    def __init__(self, documents: FakeDocuments) -> None:
        self.documents = documents
        self.counted: list[str] = []

    def count_open(self, *, tenant: str, limit: int) -> int:
        self.counted.append(tenant)
        return self.documents.count_open(tenant=tenant, limit=limit)


def opened(number: int) -> Counting:
    """That many open requests, and some that have ended."""
    records = [queued(id=f"r{index}") if index % 2 else processing(id=f"r{index}") for index in range(number)]
    return Counting(ScriptedDocuments(*records, ended(Status.FAILED, id="e1"), queued(id="o", tenant="t:other")).inner)


def test_requests_are_admitted_up_to_the_limit() -> None:
    quota = Quota(opened(97), limit=100, clock=Clock())

    quota.reserve(TENANT, 3)

    with pytest.raises(QuotaExceeded):
        quota.reserve(TENANT, 1)


def test_a_batch_is_admitted_as_a_whole_or_not_at_all() -> None:
    quota = Quota(opened(97), limit=100, clock=Clock())

    with pytest.raises(QuotaExceeded):
        quota.reserve(TENANT, 4)

    quota.reserve(TENANT, 3)


def test_it_is_counted_once_in_ten_seconds() -> None:
    counts, clock = opened(0), Clock()
    quota = Quota(counts, limit=100, clock=clock)

    quota.reserve(TENANT, 1)
    clock.wait(timedelta(seconds=9.9))
    quota.reserve(TENANT, 1)
    assert counts.counted == [TENANT]

    clock.wait(timedelta(seconds=0.1))
    quota.reserve(TENANT, 1)
    assert counts.counted == [TENANT, TENANT]


def test_what_has_ended_makes_room_at_the_next_count() -> None:
    counts, clock = opened(100), Clock()
    quota = Quota(counts, limit=100, clock=clock)
    with pytest.raises(QuotaExceeded):
        quota.reserve(TENANT, 1)

    del counts.documents.stored["r0"]
    clock.wait(timedelta(seconds=10))

    quota.reserve(TENANT, 1)


def test_a_refusal_tells_when_it_is_counted_anew() -> None:
    clock = Clock()
    quota = Quota(opened(99), limit=100, clock=clock)
    quota.reserve(TENANT, 1)

    clock.wait(timedelta(seconds=4))
    with pytest.raises(QuotaExceeded) as refusal:
        quota.reserve(TENANT, 1)

    assert refusal.value.retry_after == timedelta(seconds=6)


def test_tenants_are_counted_apart() -> None:
    counts = opened(100)
    quota = Quota(counts, limit=100, clock=Clock())
    with pytest.raises(QuotaExceeded):
        quota.reserve(TENANT, 1)

    quota.reserve("t:other", 1)

    assert counts.counted == [TENANT, "t:other"]


def test_released_requests_can_be_reserved_again() -> None:
    quota = Quota(opened(0), limit=1, clock=Clock())
    quota.reserve(TENANT, 1)

    quota.release(TENANT, 1)

    quota.reserve(TENANT, 1)


def test_a_refusal_states_the_limit() -> None:
    quota = Quota(opened(100), limit=100, clock=Clock())

    with pytest.raises(QuotaExceeded, match="at most 100 open requests"):
        quota.reserve(TENANT, 1)
