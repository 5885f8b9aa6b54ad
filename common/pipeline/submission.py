"""A validated submission, and the limits that apply to every type of work."""

from dataclasses import dataclass
from datetime import datetime

from common.errors import Fault, InvalidInput, TooLarge
from common.json_values import json_bytes, stored_bytes
from common.work import LONGEST_DELAY, JsonObject

MAX_REQUEST_BYTES = 256 * 1024


@dataclass(frozen=True)
class Submission:
    """One request as its caller sent it; `input` is valid for its type."""

    type: str
    input: JsonObject
    run_at: datetime | None = None
    notify: tuple[JsonObject, ...] | None = None


def check_limits(submission: Submission, now: datetime, *, pointer: str) -> None:
    """Raises InvalidInput with a JSON pointer under `pointer`, or TooLarge."""
    if submission.run_at is not None and submission.run_at > now + LONGEST_DELAY:
        raise InvalidInput(Fault(f"{pointer}/run_at", "must be at most a year ahead"))
    run_at = submission.run_at and submission.run_at.isoformat()
    whole = [submission.type, submission.input, submission.notify, run_at]
    if max(json_bytes(whole), stored_bytes(whole)) > MAX_REQUEST_BYTES:
        raise TooLarge(f"A request may have at most {MAX_REQUEST_BYTES} bytes.")
