"""The policies of made-up types of work."""

from typing import Any

from common.queues import Policy


def policy(**given: Any) -> Policy:
    """Three attempts of ten minutes, with room for whatever a test sends, unless told otherwise."""
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
    return Policy.model_validate({**usual, **given})
