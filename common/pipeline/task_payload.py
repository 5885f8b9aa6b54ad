"""The body of a task, encoder and decoder side by side.

A worker trusts it once only: the first delivery claims with the record in it, without a read, under the precondition
that the document has not been written since.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from common.json_values import INTEGERS
from common.pipeline.record import SCHEMA, YEARS, Record, is_due
from common.pipeline.store import Stored

MAX_BODY_BYTES = 24 * 1024


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
    def decode(cls, data: bytes) -> Self:
        """The inverse of `encode`. Raises InvalidPayload."""
        try:
            body: dict[str, Any] = json.loads(data, parse_int=_stored_integer)
            seconds = body.get("time_budget_seconds")
            budget = None if seconds is None else timedelta(seconds=seconds)
            if "record" not in body:
                return cls(str(body["id"]), int(body["generation"]), time_budget=budget)
            record, update_time = body["record"], str(body["u"])
            _check_times(update_time, record.get("due"))
            if record.get("schema", SCHEMA) > SCHEMA:
                return cls(str(record["id"]), int(record["generation"]), time_budget=budget)
            stored = Stored(Record.model_validate_json(json.dumps(record)), update_time)
            return cls.of(stored, time_budget=budget)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
            raise InvalidPayload(f"the body is not a task payload: {type(error).__name__}") from error


def _check_times(update_time: str, due: str | None) -> None:
    """Raises ValueError for times that are none, before a gateway or the lifecycle does."""
    written_at = datetime.fromisoformat(update_time)
    if written_at.year not in YEARS:
        raise ValueError("no time of a write")
    if due is not None:
        is_due(due, written_at)


def _stored_integer(text: str) -> int:
    """Raises ValueError for an integer that Firestore cannot have stored."""
    if (number := int(text)) not in INTEGERS:
        raise ValueError("more than 64 bits")
    return number


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
