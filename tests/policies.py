"""The policy of the types of work that tests define."""

from typing import Any

from common.queues import Policy


def policy(**fields: Any) -> Policy:
    """Returns a policy of three attempts and ten minutes, with rates that no test reaches, changed by `fields`."""
    usual = {
        "queue": "demo",
        "enabled": True,
        "max_attempts": 3,
        "time_budget_seconds": 600,
        "min_backoff_seconds": 2,
        "max_backoff_seconds": 300,
        "max_doublings": 7,
        "max_dispatches_per_second": 500,
        "max_concurrent_dispatches": 100,
    }
    return Policy.model_validate({**usual, **fields})
