"""The caller of an operation."""

from dataclasses import dataclass

SYSTEM_TENANT = "t:system"  # of recurring requests; no caller is of it


@dataclass(frozen=True)
class Caller:
    """A verified caller. `tenant` is t:{claim} or u:{uid}; it decides which requests the caller sees."""

    uid: str
    tenant: str
