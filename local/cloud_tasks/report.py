"""What the console says: one line for each failed attempt. Never bodies, headers or URLs, which carry secrets."""

import logging
from datetime import datetime

from local.cloud_tasks.engine import Delivery, Outcome, Verdict

log = logging.getLogger("local.cloud_tasks")


def report_failure(delivery: Delivery, outcome: Outcome, verdict: Verdict, now: datetime) -> None:
    """The event's name, then its facts as key=value. HTTP status 0 is no answer."""
    task = delivery.task
    retry = f" retry_in={(task.schedule_time - now).total_seconds():g}s" if verdict is Verdict.RETRIED else ""
    log.warning(
        "attempt.failed queue=%s task=%s attempt=%d http=%d verdict=%s%s",
        delivery.queue.name.rpartition("/")[2],
        task.short_name,
        delivery.started.number,
        outcome.status,
        verdict.value.replace(" ", "_"),
        retry,
    )
