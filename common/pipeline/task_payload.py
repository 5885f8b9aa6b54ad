"""The body of a task, encoder and decoder side by side.

A worker trusts it once only: the first delivery claims with the record in it, without a read, under the precondition
that the document has not been written since.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from common.json_values import INTEGERS
from common.pipeline.due import is_due
from common.pipeline.record import SCHEMA, YEARS, Record
from common.pipeline.store import Stored

MAX_BODY_BYTES = 24 * 1024
MAX_CLOCK_SKEW = timedelta(days=1)  # between Firestore's clock and ours

_UPDATE_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z")
_EPOCH = re.compile(r"1970-01-01T00:00:00(\.0+)?Z")


class InvalidPayload(ValueError):
    """The body was not encoded here."""


@dataclass(frozen=True)
class TaskPayload:
    """The request of a task.

    `stored` is the record when the task was created, or None if the body would be too large or a newer release wrote
    it. `time_budget` is the budget from which the task's dispatch deadline was computed; tasks of older releases have
    None.
    """

    record_id: str
    generation: int
    stored: Stored | None = None
    time_budget: timedelta | None = None

    @classmethod
    def of(cls, stored: Stored, *, time_budget: timedelta | None = None) -> Self:
        return cls(stored.record.id, stored.record.generation, stored, time_budget)

    def encode(self) -> bytes:
        """Returns at most MAX_BODY_BYTES of JSON."""
        budget = {} if self.time_budget is None else {"time_budget_seconds": self.time_budget.total_seconds()}
        if self.stored is not None:
            whole = _json({"u": self.stored.update_time, "record": self.stored.record.to_json(), **budget})
            if len(whole) <= MAX_BODY_BYTES:
                return whole
        return _json({"id": self.record_id, "generation": self.generation, **budget})

    @classmethod
    def decode(cls, data: bytes, *, now: datetime | None = None) -> Self:
        """The inverse of `encode`. Raises InvalidPayload, also for a record written more than a day after `now`."""
        try:
            body: dict[str, Any] = json.loads(data, parse_int=_stored_integer)
            budget = _time_budget(body.get("time_budget_seconds"))
            if "record" not in body:
                return cls(str(body["id"]), int(body["generation"]), time_budget=budget)
            record, update_time = body["record"], body["u"]
            _check_times(update_time, record.get("due"), now)
            if record.get("schema", SCHEMA) > SCHEMA:
                return cls(str(record["id"]), int(record["generation"]), time_budget=budget)
            stored = Stored(Record.model_validate_json(json.dumps(record)), update_time)
            _check_notify(stored.record)
            return cls.of(stored, time_budget=budget)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
            raise InvalidPayload(f"the body is not a task payload: {type(error).__name__}") from error


def _check_times(update_time: str, due: str | None, now: datetime | None) -> None:
    """Raises ValueError for times that are none, before a gateway or the lifecycle does."""
    written_at = datetime.fromisoformat(update_time)
    if not _UPDATE_TIME.fullmatch(update_time) or written_at.year not in YEARS or _EPOCH.fullmatch(update_time):
        raise ValueError("no time of a write")
    if now is not None and written_at > now + MAX_CLOCK_SKEW:
        raise ValueError("a time in the future")
    if due is not None:
        is_due(due, written_at)


def _check_notify(record: Record) -> None:
    """Raises ValueError for an entry from which no notification can be created."""
    if not all(isinstance(entry.get("type"), str) for entry in record.notify or ()):
        raise ValueError("a notification without a type")


def _time_budget(seconds: Any) -> timedelta | None:
    """Raises ValueError for a budget that is no positive duration."""
    if seconds is None:
        return None
    if isinstance(seconds, bool) or (budget := timedelta(seconds=seconds)) <= timedelta(0):
        raise ValueError("no positive duration")
    return budget


def _stored_integer(text: str) -> int:
    """Raises ValueError for an integer that Firestore cannot have stored."""
    if (number := int(text)) not in INTEGERS:
        raise ValueError("more than 64 bits")
    return number


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
