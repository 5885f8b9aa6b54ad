"""Which of a caller's headers are stored with a task, and which headers go out (recorded, except where said)."""

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
_LONGEST: Final = 8188


def storable(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers as a task stores them. Nothing is refused: what may not be sent is dropped."""
    kept = {name: _storable_value(value) for name, value in headers.items() if not _is_dropped(name)}
    return {name: value for name, value in kept.items() if value and len(name) + len(value) <= _LONGEST} | {
        "User-Agent": USER_AGENT
    }


def is_reserved(name: str) -> bool:
    """Whether a queue's header override may not have this name; treats a task's dropped names alike (a choice)."""
    lowered = name.lower()
    return not name or ":" in name or lowered in _DROPPED or lowered.startswith((*_DROPPED_PREFIXES, _SYSTEM_PREFIX))


def merged(*layers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """One header per name in any casing: a later layer replaces an earlier one."""
    chosen = {name.lower(): (name, value) for layer in layers for name, value in layer}
    return dict(chosen.values())


def without_system(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """A caller's X-CloudTasks-* headers are stored but never sent (recorded for TaskName, a choice for the rest)."""
    return [pair for pair in headers.items() if not pair[0].lower().startswith(_SYSTEM_PREFIX)]


def _is_dropped(name: str) -> bool:
    lowered = name.lower()
    return (
        not name or _BAD_NAME.search(name) is not None or lowered in _DROPPED or lowered.startswith(_DROPPED_PREFIXES)
    )


def _storable_value(value: str) -> str:
    """The value, or an empty text if it cannot be sent."""
    cut = value.partition("\0")[0].replace("\r", "_").replace("\n", "_")
    return "" if _BAD_VALUE.search(cut) else cut
