"""Which of a caller's headers a task stores, and which are sent (recorded, unless marked as a choice)."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

USER_AGENT: Final = "Google-Cloud-Tasks"

_DROPPED: Final = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "from",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "via",
        "x-forwarded-for",
        "x-google",
    }
)
_DROPPED_PREFIXES: Final = ("x-google-", "x-appengine-")
_SYSTEM_PREFIX: Final = "x-cloudtasks-"
_BAD_NAME: Final = re.compile(r"[^!-9;-~]")
_BAD_VALUE: Final = re.compile(r"[^\t -~]")
_MAX_BYTES: Final = 8188


def filter_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers as a task stores them. A header that must not be sent is dropped, never refused."""
    kept = {name: _clean_value(value) for name, value in headers.items() if not _is_dropped(name)}
    return {name: value for name, value in kept.items() if value and len(name) + len(value) <= _MAX_BYTES} | {
        "User-Agent": USER_AGENT
    }


def is_reserved(name: str) -> bool:
    """Whether a queue's header override is refused for its name. A name that a task drops is refused too (a choice)."""
    lowered = name.lower()
    return not name or ":" in name or lowered in _DROPPED or lowered.startswith((*_DROPPED_PREFIXES, _SYSTEM_PREFIX))


def merge_headers(*layers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """A later layer replaces the headers of an earlier one; the casing of names is ignored."""
    chosen = {name.lower(): (name, value) for layer in layers for name, value in layer}
    return dict(chosen.values())


def without_system_headers(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Removes a caller's X-CloudTasks-* headers: stored but not sent (recorded for TaskName, else a choice)."""
    return [pair for pair in headers.items() if not pair[0].lower().startswith(_SYSTEM_PREFIX)]


def _is_dropped(name: str) -> bool:
    lowered = name.lower()
    return (
        not name or _BAD_NAME.search(name) is not None or lowered in _DROPPED or lowered.startswith(_DROPPED_PREFIXES)
    )


def _clean_value(value: str) -> str:
    """The value as it is stored, empty if it cannot be sent."""
    cut = value.partition("\0")[0].replace("\r", "_").replace("\n", "_")
    return "" if _BAD_VALUE.search(cut) else cut
