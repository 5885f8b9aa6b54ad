"""The caller of an operation."""

from dataclasses import dataclass
from typing import TypeGuard

MAX_NAME_CHARACTERS = 128  # of a uid, as Firebase bounds it, of a tenant, and of a key id
SYSTEM_TENANT = "t:system"  # of recurring requests; no caller is of it


@dataclass(frozen=True)
class Caller:
    """A verified caller. `tenant` is t:{claim} or u:{uid}; it decides which requests the caller sees."""

    uid: str
    tenant: str


def is_name(claim: object) -> TypeGuard[str]:
    """Whether a part of a token can be a uid, a tenant or a key id."""
    return isinstance(claim, str) and claim.isprintable() and 0 < len(claim) <= MAX_NAME_CHARACTERS
