"""The field `due`: a shard and the moment by which something must have happened, as text that sorts by time."""

import hashlib
from datetime import UTC, datetime, timedelta

SHARDS = 4
_DUE_FORMAT = "%Y%m%dT%H%M%S"


def due_key(request_id: str, moment: datetime) -> str:
    """Returns the `due` of a request: its shard and the moment, rounded up to a second.

    Shards distribute the writes over several ranges of the index.
    """
    whole = moment if moment.microsecond == 0 else moment.replace(microsecond=0) + timedelta(seconds=1)
    return due_until(hashlib.sha256(request_id.encode()).digest()[0] % SHARDS, whole)


def due_until(shard: int, now: datetime) -> str:
    """Returns the greatest `due` of a shard that is overdue at `now`."""
    return f"{shard:02x}-{now.astimezone(UTC).strftime(_DUE_FORMAT)}"


def is_due(due: str, now: datetime) -> bool:
    return due <= due_until(int(due[:2], 16), now)
