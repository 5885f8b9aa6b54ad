"""One request as a caller asks for it, and the bounds that hold whatever its type."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from common.errors import Fault, InvalidInput, TooLarge
from common.pipeline.record import json_bytes
from common.storable import stored_bytes
from common.work import JsonObject

MAX_REQUEST_BYTES = 256 * 1024
FARTHEST_RUN = timedelta(days=366)


@dataclass(frozen=True)
class Asked:
    """One request as it was asked; `input` has been validated against its type."""

    type: str
    input: JsonObject
    run_at: datetime | None = None
    notify: tuple[JsonObject, ...] | None = None


def check(asked: Asked, now: datetime, *, pointer: str) -> None:
    """Raises InvalidInput with a JSON pointer under `pointer`, or TooLarge."""
    if asked.run_at is not None and asked.run_at > now + FARTHEST_RUN:
        raise InvalidInput(Fault(f"{pointer}/run_at", "must be at most a year ahead"))
    whole = [asked.type, asked.input, asked.notify, asked.run_at and asked.run_at.isoformat()]
    if max(json_bytes(whole), stored_bytes(whole)) > MAX_REQUEST_BYTES:
        raise TooLarge(f"A request may have at most {MAX_REQUEST_BYTES} bytes.")
