"""Types of work: one module or package each in this folder, with a policy of the same name in queues.json.

A type defines two names. `Input`, a `WorkInput`, is the model of its input; the API, its schema and the page's form
derive from it. `run(given, work)` does the work and returns the result, or raises one of the outcomes below. Any other
exception is a failed attempt and is retried. `run` may be called more than once for one request: send
`work.effect_key` with every outside effect, and put work that must not be repeated into a `step`.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict
from pydantic import JsonValue as JsonValue  # types import it from here

TYPE_NAME_PATTERN = r"[a-z][a-z0-9_]{0,39}"
JsonObject = dict[str, JsonValue]
CODE_PATTERN = r"[a-z][a-z0-9_]{0,63}"
ASSET_NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
MAX_MESSAGE_CHARACTERS = 4000
LONGEST_DELAY = timedelta(days=366)


class WorkInput(BaseModel):
    """The input of a type. Strict: a number is not a text, and an unknown field is an error."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Asset(BaseModel):
    """A reference to a file that an attempt has stored. Records hold references, never the bytes.

    The file is deleted some time after `made_at` (RFC 3339, UTC), so a step that names it is not kept for ever.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    content_type: str
    bytes: int
    path: str
    made_at: str


class Work(Protocol):
    """The operations of a running attempt.

    Every method except `time_left` raises AttemptAborted after the attempt has lost its request or spent its time
    budget; a finished `step` still returns its value. AttemptAborted is not an `Exception`, so a type's own retry loop
    cannot catch it by accident.
    """

    effect_key: str
    """The idempotency key that every outside effect must carry: the same in all attempts."""
    attempt: int
    snoozes: int

    def progress(self, percent: int, message: str) -> None:
        """Shows progress to the listeners, at most once a second. The percentage never falls within an attempt."""

    def step(self, name: str, do: Callable[[], JsonValue]) -> Any:
        """Returns the value of `do`, from this attempt or an earlier one: a finished step is not repeated.

        A step whose value names an asset is repeated in an attempt that begins later than `ASSET_REUSE` (23 hours)
        after the asset was made. So save an asset in a step of its own.
        """

    def save(self, name: str, content_type: str, content: bytes) -> Asset:
        """Stores a file under the claim of this attempt, so that no other attempt can overwrite it."""

    def sleep(self, duration: timedelta) -> None:
        """Waits, at most until the time budget is spent."""

    def time_left(self) -> timedelta:
        """Returns the rest of the time budget. Limit every client timeout to it."""


class FailureCode(StrEnum):
    """The codes of failed attempts and requests that callers and operators see. A type may use codes of its own."""

    ATTEMPTS = "attempts"  # the budget of attempts is used up
    LOST = "lost"  # the last attempt ended without an answer
    PERMANENT = "permanent"
    RESULT_TOO_LARGE = "result_too_large"
    RESULT_NOT_STORABLE = "result_not_storable"
    WITHDRAWN = "withdrawn"  # no release knows the type
    ATTEMPT_FAILED = "attempt_failed"
    TIMEOUT = "timeout"  # the time budget is spent
    SNOOZES = "snoozes"  # too many


DEAD_LETTERS = frozenset({FailureCode.ATTEMPTS, FailureCode.LOST})
"""The codes of requests that a redrive may help, once the cause is fixed. They raise an alert."""


class Outcome(Exception):
    """An outcome that the type chose. The caller reads the message: no addresses, no secrets."""

    def __init__(self, message: str, *, code: str) -> None:
        if not re.fullmatch(CODE_PATTERN, code):
            raise ValueError(f"An error code consists of lower-case letters, digits and '_': {code!r}")
        self.message = storable_text(message, MAX_MESSAGE_CHARACTERS)
        self.code = code
        super().__init__(self.message)


class PermanentFailure(Outcome):
    """A retry cannot help: the request ends `failed`."""

    def __init__(self, message: str, *, code: str = FailureCode.PERMANENT) -> None:
        super().__init__(message, code=code)


class TryAgain(Outcome):
    """A failed attempt, like any exception, with a message for the caller."""

    def __init__(self, message: str, *, code: str = FailureCode.ATTEMPT_FAILED) -> None:
        super().__init__(message, code=code)


class RetryAfter(TryAgain):
    """A failed attempt; the next attempt starts after `delay` at the earliest."""

    def __init__(self, delay: timedelta, message: str, *, code: str = FailureCode.ATTEMPT_FAILED) -> None:
        super().__init__(message, code=code)
        self.delay = bounded_delay(delay)


class Snooze(Exception):
    """The work cannot start yet: it runs again after `delay`, and this attempt is not counted."""

    def __init__(self, delay: timedelta) -> None:
        self.delay = bounded_delay(delay)
        super().__init__(f"snoozed for {self.delay}")


def storable_text(message: object, limit: int) -> str:
    """Returns the message as a storable text of at most `limit` characters, without lone surrogates."""
    return str(message)[:limit].encode("utf-8", "replace").decode()


def bounded_delay(delay: timedelta) -> timedelta:
    """Returns the delay, limited to between now and a year."""
    return min(max(delay, timedelta(0)), LONGEST_DELAY)


class AttemptAborted(BaseException):
    """The attempt must stop: its request was cancelled or taken over, or its time budget is spent."""
