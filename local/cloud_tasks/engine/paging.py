"""Pages of ListQueues and ListTasks. Every page with entries has a token, even the last one (recorded)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from local.cloud_tasks.engine.errors import invalid_argument

_PREFIX = "after:"


@dataclass(frozen=True, slots=True)
class Page:
    """The keys of a page and the token of the next page; an empty page has no token."""

    keys: Sequence[str]
    next_token: str


def paginate(keys: list[str], *, call: str, size: int, token: str, max_size: int) -> Page:
    """The next page of the sorted `keys`. Keys may be added and removed between two pages."""
    if size < 0:
        raise invalid_argument(f"{call}Request.pageSize cannot be negative.")
    start = bisect_right(keys, _decode(token)) if token else 0
    chosen = keys[start : start + min(size or max_size, max_size)]
    return Page(chosen, _encode(chosen[-1]) if chosen else "")


def _encode(last_key: str) -> str:
    return urlsafe_b64encode(f"{_PREFIX}{last_key}".encode()).decode()


def _decode(token: str) -> str:
    try:
        text = urlsafe_b64decode(token.encode()).decode()
    except ValueError:
        text = ""
    if not text.startswith(_PREFIX):
        raise invalid_argument("Invalid page_token")
    return text.removeprefix(_PREFIX)
