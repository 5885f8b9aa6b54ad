"""What the use cases raise, divided by who must act. No HTTP in here."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Fault:
    """One thing wrong with an input: where, as a JSON pointer (RFC 6901), and what was expected."""

    pointer: str
    message: str


class InvalidInput(Exception):
    """The caller must send something else."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(f"{fault.pointer or '/'}: {fault.message}" for fault in faults))
        self.faults = faults


class TooLarge(Exception):
    """The caller must send less."""


class KeyReused(Exception):
    """The caller used an idempotency key again for something else."""

    def __init__(self, pointer: str = "") -> None:
        super().__init__("This Idempotency-Key was used for another request; send a new key, or the same request.")
        self.pointer = pointer


class NotFound(Exception):
    """There is nothing there, or it is another tenant's, which callers cannot tell apart."""


class AlreadyEnded(Exception):
    """The request is not in a state that allows this."""


class Expired(Exception):
    """The record is past its retention and may be deleted at any moment."""


class QuotaExceeded(Exception):
    """The caller must wait until some of its requests have ended."""

    def __init__(self, limit: int, retry_after: timedelta) -> None:
        super().__init__(f"At most {limit} requests of a tenant may be open at once; wait until some have ended.")
        self.retry_after = retry_after


class NotSignedIn(Exception):
    """The caller must send a valid token."""


class Forbidden(Exception):
    """The caller is known, and may not do this."""


class Unavailable(Exception):
    """Time heals this: a remote system did not answer, and what became of the call is unknown."""


class NewerRecord(Exception):
    """Written by a newer release, or of a type this one does not know: a roll-out is under way. Touch nothing."""
