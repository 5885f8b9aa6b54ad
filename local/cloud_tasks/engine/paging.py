"""Pages of the two lists. Every page that holds something carries a token, even the last (recorded)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from local.cloud_tasks.engine.errors import invalid

_PREFIX = "after:"


@dataclass(frozen=True, slots=True)
class Page:
    """The keys of a page and the token of the next, empty after the end."""

    keys: Sequence[str]
    next_token: str


def page_of(keys: list[str], *, call: str, size: int, token: str, largest: int) -> Page:
    """The page of the sorted `keys` that follows the token. Keys may come and go between two pages."""
    if size < 0:
        raise invalid(f"{call}Request.pageSize cannot be negative.")
    start = bisect_right(keys, _read(token)) if token else 0
    chosen = keys[start : start + min(size or largest, largest)]
    return Page(chosen, urlsafe_b64encode(f"{_PREFIX}{chosen[-1]}".encode()).decode() if chosen else "")


def _read(token: str) -> str:
    try:
        text = urlsafe_b64decode(token.encode()).decode()
    except ValueError:
        text = ""
    if not text.startswith(_PREFIX):
        raise invalid("Invalid page_token")
    return text.removeprefix(_PREFIX)
