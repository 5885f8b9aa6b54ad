"""The fields of a request in log lines, without its content. Metrics count and measure them."""

from datetime import datetime
from typing import Any

from common.pipeline.record import OPEN, Record, waiting_since


def of_claim(record: Record) -> dict[str, Any]:
    """Returns the queue time of a first attempt. Later attempts wait for a backoff or a redrive, so they have none."""
    if record.started_at is None or (record.attempt, record.redrive, record.snoozes) != (1, 0, 0):
        return {}
    return {"queue_ms": _milliseconds(_requested_start(record), record.started_at)}


def of_end(record: Record) -> dict[str, Any]:
    """Returns how the request ended and, unless it was redriven, its total time. Empty while it is open."""
    if record.status in OPEN or record.finished_at is None:
        return {}
    fields: dict[str, Any] = {"type": record.type, "ended": record.status.value}
    if record.error is not None:
        fields["code"] = record.error.code
    if record.redrive == 0:
        fields["total_ms"] = _milliseconds(_requested_start(record), record.finished_at)
    return fields


def open_seconds(record: Record, now: datetime) -> int:
    """Returns for how many seconds the request has waited for an attempt."""
    return max(0, round((now - waiting_since(record)).total_seconds()))


def _requested_start(record: Record) -> datetime:
    return record.created_at if record.run_at is None else max(record.created_at, record.run_at)


def _milliseconds(begin: datetime, end: datetime) -> int:
    return max(0, round((end - begin).total_seconds() * 1000))
