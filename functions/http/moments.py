"""The times that callers send: RFC 3339.

Pydantic cannot do this: it accepts numbers, bare dates and times without an offset, in strict mode no text.
"""

import re
from datetime import UTC, datetime, timedelta

from common.pipeline.record import YEARS

_RFC3339 = re.compile(r"[0-9]{4}(-[0-9]{2}){2}[Tt][0-9]{2}(:[0-9]{2}){2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-5][0-9])")
_LEAP_SECOND = re.compile("(?<=:)60(?=[.Zz+-])")
_OUT_OF_BOUNDS = f"must be between the years {YEARS[0]} and {YEARS[-1]}, in UTC"


def parse_moment(value: object) -> datetime:
    """Returns the time in UTC. Raises ValueError with a message for the caller."""
    try:
        moment = _parse_rfc3339(value) if isinstance(value, str) and _RFC3339.fullmatch(value) else None
    except ValueError:
        moment = None
    except OverflowError:
        raise ValueError(_OUT_OF_BOUNDS) from None
    if moment is None:
        raise ValueError("must be an RFC 3339 date-time with an offset, such as 2026-01-31T09:00:00Z")
    if moment.year not in YEARS:
        raise ValueError(_OUT_OF_BOUNDS)
    return moment


def _parse_rfc3339(value: str) -> datetime:
    """Returns the time in UTC. A leap second, which only ends a month, is the next second: datetime has none.

    Raises ValueError, or OverflowError for a time that datetime cannot hold.
    """
    whole, leap_seconds = _LEAP_SECOND.subn("59", value.upper())
    moment = datetime.fromisoformat(whole).astimezone(UTC) + timedelta(seconds=leap_seconds)
    if leap_seconds and (moment.day, moment.hour, moment.minute, moment.second) != (1, 0, 0, 0):
        raise ValueError("no leap second")
    return moment
