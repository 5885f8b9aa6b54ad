"""Typical inputs of the type medical_asset."""

from typing import Any

from common.work.medical_asset import Input

TYPICAL: dict[str, Any] = {
    "doctor_name": "Dr. Amara Okafor",
    "practice_name": "Harbour Street Dental",
    "practice_type": "Dental practice",
    "channel": "social",
    "primary_message": "New patients are welcome. We have opened Saturday appointments from 9 to 13.",
    "brand_color": "#1F5C63",
    "call_to_action": "Book your check-up",
    "contact": "020 7946 0018 · harbourstreet.example",
}
LIMITS = {
    "doctor_name": 80,
    "practice_name": 80,
    "practice_type": 60,
    "primary_message": 400,
    "call_to_action": 50,
    "contact": 120,
}


def typical_input(**fields: Any) -> Input:
    """Returns the typical input with these fields; a field that is None is omitted."""
    return Input(**{name: value for name, value in {**TYPICAL, **fields}.items() if value is not None})


def filled_with(text: str) -> Input:
    """Returns an input in which each field repeats this text up to its limit."""
    return typical_input(**{name: (text * limit)[:limit].strip() for name, limit in LIMITS.items()})
