"""The errors of the use cases, divided by who must act. No HTTP in this module."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Fault:
    """One fault of an input: its place, as a JSON pointer (RFC 6901), and what was expected there."""

    pointer: str
    message: str


class InvalidInput(Exception):
    """The caller must send something else."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(f"{fault.pointer or '/'}: {fault.message}" for fault in faults))
        self.faults = faults


class TooLarge(Exception):
    """The caller must send less."""


class UnsupportedCoding(Exception):
    """The caller must send the body without compression."""


class BrokenBody(Exception):
    """The caller must send the whole body, in time."""

    def __init__(self) -> None:
        super().__init__("The body is malformed, ended early or took too long.")


class KeyReused(Exception):
    """The caller used an idempotency key for two different requests."""

    def __init__(self, pointer: str = "") -> None:
        super().__init__("This Idempotency-Key was used for another request; send a new key, or the same request.")
        self.pointer = pointer


class NotFound(Exception):
    """There is no such request, or it belongs to another tenant; callers cannot distinguish the two."""


class WrongState(Exception):
    """The state of the request does not allow the operation."""


class TypeNotOffered(Exception):
    """New requests of this type are not accepted: it is draining, disabled or removed."""


class Expired(Exception):
    """The record is past its retention, so Firestore may delete it at any moment."""


class Erased(Exception):
    """The request was erased; its id stays used."""


class QuotaExceeded(Exception):
    """The caller must wait until some of its requests have ended."""

    def __init__(self, limit: int, retry_after: timedelta) -> None:
        super().__init__(f"A tenant may have at most {limit} open requests; wait until some have ended.")
        self.retry_after = retry_after


class NotSignedIn(Exception):
    """The caller must send a valid token."""


class Forbidden(Exception):
    """The caller is known but lacks permission."""


class Unavailable(Exception):
    """A remote system did not answer, so the outcome of the call is unknown. A later repeat may succeed."""


class NewerRecord(Exception):
    """The record has a newer schema or an unknown type, as during a roll-out: do not change it."""
