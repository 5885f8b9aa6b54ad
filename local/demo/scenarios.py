"""What the demo asks for, and every state that each request must be seen in, in order."""

from dataclasses import dataclass
from typing import Any

State = tuple[str, int]
"""A status and the attempt that it was reached in."""

ONE_ATTEMPT: list[State] = [("queued", 0), ("processing", 1), ("completed", 1)]


@dataclass(frozen=True)
class Scenario:
    """`name` is also part of its idempotency key; `cancel` ends it as soon as it works."""

    name: str
    body: dict[str, Any]
    states: list[State]
    error_code: str | None = None
    failed_attempts: int = 0
    cancel: bool = False


def _diagnostic(**given: Any) -> dict[str, Any]:
    return {"type": "diagnostic", "input": given}


ASSET = Scenario(
    name="social asset",
    body={
        "type": "medical_asset",
        "input": {
            "doctor_name": "Dr. Ann Weber",
            "practice_name": "Lakeside Dental",
            "practice_type": "dentist",
            "channel": "social",
            "primary_message": "Gentle check-ups, also on Saturdays",
            "call_to_action": "Book your visit",
            "contact": "lakeside-dental.example",
            "brand_color": "#0f766e",
        },
    },
    states=ONE_ATTEMPT,
)
SCENARIOS = (
    ASSET,
    Scenario(
        name="fails twice",
        body=_diagnostic(sleep_seconds=1.5, steps=3, fail_times=2),
        states=[
            ("queued", 0),
            ("processing", 1),
            ("queued", 1),
            ("processing", 2),
            ("queued", 2),
            ("processing", 3),
            ("completed", 3),
        ],
        failed_attempts=2,
    ),
    Scenario(
        name="fails for good",
        body=_diagnostic(sleep_seconds=1, steps=2, fail_times=1, permanent=True),
        states=[("queued", 0), ("processing", 1), ("failed", 1)],
        error_code="permanent",
        failed_attempts=1,
    ),
    Scenario(
        name="is cancelled",
        body=_diagnostic(sleep_seconds=20, steps=20),
        states=[("queued", 0), ("processing", 1), ("cancelled", 1)],
        cancel=True,
    ),
)
BATCH = tuple(
    Scenario(name=f"batch {number}", body=_diagnostic(sleep_seconds=1 + number / 2, steps=4), states=ONE_ATTEMPT)
    for number in range(1, 4)
)
