"""JSON that callers may send and that types of work may return: exactly what Firestore stores and returns unchanged.

Parsers differ on repeated names, NaN and large numbers, so those are refused. Firestore does not store a list within a
list or a reserved name ('Supported data types', 'Quotas and limits'). A refused write is no outcome: a value is
checked when it arrives, so that its record can always be written.
"""

import json
import math
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Never

from common.errors import Fault, InvalidInput

MAX_DEPTH = 16  # Firestore stores 20 levels of maps and lists, and the record adds its own
MAX_FAULTS = 20
MAX_VALUES = 5_000  # each value of a body costs memory and time, in the parser and in an error about it
MAX_PATH_BYTES = 1400  # of the names from the root to a value; Firestore allows 1,500, and the record adds its own
MAX_SHOWN_CHARACTERS = 100
NUMBER_BYTES = 8
SMALL_BYTES = 1
_EXACT = 2**53
INTEGERS = range(-(2**63), 2**63)  # that Firestore stores
_STRING_OR_VALUE = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|$)|([,{\[])', re.DOTALL)
_NOT_TEXT = re.compile("[\0\ud800-\udfff]")  # lone surrogates have no UTF-8; many systems cut a text at NUL


class _Refused(ValueError):
    """The message is for the caller."""


def parse(data: bytes) -> Any:
    """Returns the JSON value of a body. Raises InvalidInput with at most MAX_FAULTS faults."""
    if _has_too_many_values(data):
        raise _not_json(f"may have at most {MAX_VALUES:,} values")
    try:
        value = json.loads(data.decode(), object_pairs_hook=_object, parse_float=_number, parse_constant=_constant)
    except RecursionError as error:
        raise _not_json("is nested too deeply") from error
    except UnicodeDecodeError as error:
        raise _not_json("must be UTF-8") from error
    except json.JSONDecodeError as error:
        raise _not_json(f"must be JSON; the error is at line {error.lineno}, column {error.colno}") from error
    except _Refused as error:
        raise _not_json(str(error)) from error
    except ValueError as error:
        raise _not_json("has a number of too many digits") from error
    if found := tuple(islice(faults(value), MAX_FAULTS)):
        raise InvalidInput(*found)
    return value


def faults(value: object, *parts: str | int) -> Iterator[Fault]:
    """Yields a fault for each place of a value that cannot be stored. `parts` is the path to the value."""
    match value:
        case dict() | list() if len(parts) >= MAX_DEPTH:
            yield Fault(pointer(*parts), f"must not be nested deeper than {MAX_DEPTH} levels")
        case dict():
            for name, each in value.items():
                if message := _fault_of_name(name, parts):
                    yield Fault(pointer(*parts), message)
                else:
                    yield from faults(each, *parts, name)
        case list():
            for index, each in enumerate(value):
                if isinstance(each, list):
                    yield Fault(pointer(*parts, index), "must not be a list within a list")
                else:
                    yield from faults(each, *parts, index)
        case _:
            if message := _fault_of_scalar(value):
                yield Fault(pointer(*parts), message)


def pointer(*parts: str | int) -> str:
    """Returns a JSON pointer (RFC 6901). Long names are cut, because the pointer is part of an answer."""
    return "".join(f"/{_shown(part)}" for part in parts)


def json_bytes(value: object) -> int:
    """Returns the size of a JSON value, serialised in UTF-8."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def stored_bytes(value: object) -> int:
    """Returns the size as Firestore counts it (Storage size calculations): 8 for a number, UTF-8 bytes + 1 for text."""
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


def _fault_of_name(name: object, parts: tuple[str | int, ...]) -> str | None:
    if not isinstance(name, str):
        return "must have string names"
    if _NOT_TEXT.search(name):
        return "has a name that is not Unicode text without NUL"
    if sum(len(part.encode()) + 1 for part in (*parts, name) if isinstance(part, str)) > MAX_PATH_BYTES:
        return f"has names that are longer than {MAX_PATH_BYTES} bytes together"
    if not name or (name.startswith("__") and name.endswith("__")):
        return "has a name that is empty, or that begins and ends with '__'"
    return None


def _fault_of_scalar(value: object) -> str | None:
    match value:
        case None | bool():
            return None
        case int():
            return None if value in INTEGERS else "must fit into 64 bits"
        case float():
            return None if math.isfinite(value) else "must be a finite number"
        case str():
            return "must be Unicode text without NUL" if _NOT_TEXT.search(value) else None
        case _:
            return f"must be JSON, not a value of type {type(value).__name__}"


def _has_too_many_values(data: bytes) -> bool:
    """Counts before anything is parsed: a value follows each comma and each opening bracket that is not in a string."""
    if sum(map(data.count, (b",", b"{", b"["))) <= MAX_VALUES:
        return False
    found = (match for match in _STRING_OR_VALUE.finditer(data) if match[1])
    return next(islice(found, MAX_VALUES, None), None) is not None


def _not_json(reason: str) -> InvalidInput:
    return InvalidInput(Fault("", reason))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Refused("has an object with a repeated name")
    return found


def _number(text: str) -> float | int:
    """46.0 is an integer in JSON Schema and in every browser, so it is stored as one."""
    number = float(text)
    return int(number) if number.is_integer() and abs(number) <= _EXACT else number


def _constant(name: str) -> Never:
    raise _Refused(f"must be JSON, which has no {name}")


def _shown(part: str | int) -> str:
    name = str(part)
    if len(name) > MAX_SHOWN_CHARACTERS:
        name = f"{name[:MAX_SHOWN_CHARACTERS]}…"
    return name.replace("~", "~0").replace("/", "~1")
