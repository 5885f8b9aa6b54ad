"""The retention of records and assets in common/retention.json."""

from datetime import timedelta

from common.queues import Policy
from common.retention import ASSET_RETENTION, ASSET_REUSE, DELETION_LAG, LONGEST_ATTEMPT, RECORD_RETENTION
from tests.policies import policy

LONGEST_LEASE = policy(time_budget_seconds=1770).lease


def test_a_record_is_kept_for_35_days_and_an_asset_for_37() -> None:
    assert (timedelta(days=35), timedelta(days=37)) == (RECORD_RETENTION, ASSET_RETENTION)


def test_no_lease_is_longer_than_the_longest_attempt() -> None:
    assert max(fact.le for fact in Policy.model_fields["time_budget_seconds"].metadata if hasattr(fact, "le")) == 1770
    assert LONGEST_LEASE < LONGEST_ATTEMPT


def test_an_asset_that_is_used_again_outlives_the_record() -> None:
    assert timedelta(0) < ASSET_REUSE
    assert ASSET_REUSE + LONGEST_ATTEMPT + RECORD_RETENTION + DELETION_LAG <= ASSET_RETENTION
