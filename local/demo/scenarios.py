"""The requests of the demo, with the states that each one must go through."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Scenario:
    """`states` are statuses, each with the number of its attempt; `name` is also part of the idempotency key."""

    name: str
    body: dict[str, Any]
    states: tuple[str, ...] = ("queued 0", "processing 1", "completed 1")
    error_code: str | None = None

    @property
    def failed_attempts(self) -> int:
        """Each ends as failed, or as queued for the next attempt."""
        return sum(state.startswith(("queued", "failed")) for state in self.states[1:])


def _diagnostic(**options: Any) -> dict[str, Any]:
    return {"type": "diagnostic", "input": options}


INPUT = {
    "doctor_name": "Dr. Ann Weber",
    "practice_name": "Lakeside Dental",
    "practice_type": "dentist",
    "channel": "social",
    "primary_message": "Gentle check-ups, also on Saturdays",
    "call_to_action": "Book your visit",
}
ASSET = Scenario("social asset", {"type": "medical_asset", "input": INPUT})
FAILS_TWICE = Scenario(
    "fails twice",
    _diagnostic(sleep_seconds=1.5, steps=3, fail_times=2),
    ("queued 0", "processing 1", "queued 1", "processing 2", "queued 2", "processing 3", "completed 3"),
)
FAILS_PERMANENTLY = Scenario(
    "fails permanently",
    _diagnostic(sleep_seconds=1, steps=2, fail_times=1, permanent=True),
    ("queued 0", "processing 1", "failed 1"),
    error_code="permanent",
)
CANCELLED = Scenario(
    "is cancelled", _diagnostic(sleep_seconds=20, steps=20), ("queued 0", "processing 1", "cancelled 1")
)
SINGLE = (ASSET, FAILS_TWICE, FAILS_PERMANENTLY, CANCELLED)
BATCH = tuple(Scenario(f"batch {n}", _diagnostic(sleep_seconds=1 + n / 2, steps=4)) for n in range(1, 4))
