"""JSON as callers may send it: what can be stored and told again as it was, and reads the same to everyone.

Parsers differ on repeated names, NaN and large numbers. What one of them lets through must not surprise another.
"""

import json
import math
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Never

from common.errors import Fault, InvalidInput

MAX_DEPTH = 16  # Firestore stores 20 levels of maps and lists (Quotas and limits), and the record adds its own
MAX_FAULTS = 20
MAX_NAME_CHARACTERS = 100
_EXACT = 2**53
_INTEGERS = range(-(2**63), 2**63)
_NOT_TEXT = re.compile("[\0\ud800-\udfff]")  # UTF-8 has no lone surrogates; NUL ends a text in too many places


class _Refused(ValueError):
    """In our own words."""


def parse(data: bytes) -> Any:
    """Raises InvalidInput."""
    try:
        value = json.loads(data.decode(), object_pairs_hook=_object, parse_float=_number, parse_constant=_constant)
    except RecursionError as error:
        raise _not_json("is nested too deeply") from error
    except UnicodeDecodeError as error:
        raise _not_json("must be UTF-8") from error
    except json.JSONDecodeError as error:
        raise _not_json(f"must be JSON, which ends at line {error.lineno}, column {error.colno}") from error
    except _Refused as error:
        raise _not_json(str(error)) from error
    except ValueError as error:
        raise _not_json("has a number of too many digits") from error
    if faults := tuple(islice(_faults(value), MAX_FAULTS)):
        raise InvalidInput(*faults)
    return value


def _not_json(reason: str) -> InvalidInput:
    return InvalidInput(Fault("", reason))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Refused("has an object in which a name stands more than once")
    return found


def _number(text: str) -> float | int:
    """46.0 is a whole number to JSON Schema and to every browser, so it is one here."""
    number = float(text)
    return int(number) if number.is_integer() and abs(number) <= _EXACT else number


def _constant(name: str) -> Never:
    raise _Refused(f"must be JSON, which has no {name}")


def _faults(value: Any, *parts: str | int) -> Iterator[Fault]:
    if len(parts) > MAX_DEPTH:
        yield Fault("", "is nested too deeply")
    elif isinstance(value, dict):
        for name, each in value.items():
            if _NOT_TEXT.search(name):
                yield Fault(pointer(*parts), "has a name that is not Unicode text without NUL")
            else:
                yield from _faults(each, *parts, name)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _faults(each, *parts, index)
    elif isinstance(value, str):
        if _NOT_TEXT.search(value):
            yield Fault(pointer(*parts), "must be Unicode text without NUL")
    elif isinstance(value, float):
        if not math.isfinite(value):
            yield Fault(pointer(*parts), "is too large")
    elif value is not None and value not in _INTEGERS:
        yield Fault(pointer(*parts), "must fit into 64 bits")


def pointer(*parts: str | int) -> str:
    """A JSON pointer (RFC 6901). A very long name is cut: it stands in an answer."""
    return "".join(f"/{_shown(part)}" for part in parts)


def _shown(part: str | int) -> str:
    name = str(part)
    if len(name) > MAX_NAME_CHARACTERS:
        name = f"{name[:MAX_NAME_CHARACTERS]}…"
    return name.replace("~", "~0").replace("/", "~1")
