"""What Firestore can hold of JSON, and how large it is there ('Storage size calculations', 'Supported data types').

Checked where a value comes from outside, a caller's input or a type's result, since a refused write is no outcome: a
record must always be able to end.
"""

import math
from collections.abc import Iterable

MAX_DEPTH = 16
NUMBER_BYTES = 8
SMALL_BYTES = 1


def stored_bytes(value: object) -> int:
    """The size that Firestore counts: 8 for a number, the UTF-8 length and 1 for a text, keys like texts."""
    match value:
        case None | bool():
            return SMALL_BYTES
        case int() | float():
            return NUMBER_BYTES
        case str():
            return len(value.encode("utf-8", "surrogatepass")) + 1
        case list() | tuple():
            return sum(map(stored_bytes, value))
        case dict():
            return sum(stored_bytes(str(key)) + stored_bytes(each) for key, each in value.items())
        case _:
            return len(str(value)) + 1


def fault_in(value: object, *, depth: int = 0) -> str | None:
    """What keeps a value from being stored, in words, or None."""
    match value:
        case list() | dict() if depth >= MAX_DEPTH:
            return f"something nested deeper than {MAX_DEPTH}"
        case list():
            return _first(_fault_in_item(each, depth) for each in value)
        case dict():
            return _first(_fault_in_key(key) or fault_in(each, depth=depth + 1) for key, each in value.items())
        case str():
            return _fault_in_text(value)
        case _:
            return _fault_in_scalar(value)


def _fault_in_scalar(value: object) -> str | None:
    match value:
        case None | bool():
            return None
        case int():
            return None if -(2**63) <= value < 2**63 else "an integer beyond 64 bits"
        case float():
            return None if math.isfinite(value) else "a number that is not finite"
        case _:
            return f"a {type(value).__name__}, which is not JSON"


def _fault_in_item(item: object, depth: int) -> str | None:
    return "a list within a list" if isinstance(item, list) else fault_in(item, depth=depth + 1)


def _fault_in_key(key: object) -> str | None:
    if not isinstance(key, str):
        return "a key that is no text"
    if not key or (key.startswith("__") and key.endswith("__")):
        return "an empty or reserved key"
    return _fault_in_text(key)


def _fault_in_text(text: str) -> str | None:
    return "a text with a lone surrogate" if any("\ud800" <= character <= "\udfff" for character in text) else None


def _first(faults: Iterable[str | None]) -> str | None:
    return next(filter(None, faults), None)
