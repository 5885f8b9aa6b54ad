"""Types of work: one module or package each in this folder, with its policy under the same name in queues.json.

A type is a module with two names. `Input`, a `WorkInput`, says what may be asked; the API, its schema and the
page's form follow from it. `run(given, work)` does it and returns the result, or raises one of the outcomes
below; any other exception is a failed attempt and is tried again. `run` may be called more than once for one
request, so whatever leaves the system carries `work.effect_key`, and what must not be done twice is a `step`.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict
from pydantic import JsonValue as JsonValue  # part of what types import from here

type_name = r"[a-z][a-z0-9_]{0,39}"
JsonObject = dict[str, JsonValue]
CODE = r"[a-z][a-z0-9_]{0,63}"
MAX_WORDS = 4000
LONGEST_DELAY = timedelta(days=366)


class WorkInput(BaseModel):
    """What may be asked of a type. Strict: a number is not a text, and an unknown field is an error."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Asset(BaseModel):
    """A file that an attempt has made. Records hold this reference, never the bytes."""

    model_config = ConfigDict(frozen=True)

    name: str
    content_type: str
    bytes: int
    path: str


class Work(Protocol):
    """What a running attempt may do. Each method but `time_left` stops the attempt when it is no longer ours.

    It then raises `Stopped`, which is no `Exception`, so that a type's own retry loops cannot swallow it.
    """

    effect_key: str
    """Stable over attempts: the idempotency key that every outside effect has to carry."""
    attempt: int
    snoozes: int

    def progress(self, percent: int, message: str) -> None:
        """Tell whoever waits. At most one write a second, and never falling within an attempt."""

    def step(self, name: str, do: Callable[[], JsonValue]) -> Any:
        """Return what `do` returned, now or in an earlier attempt: a finished step is not done again."""

    def save(self, name: str, content_type: str, content: bytes) -> Asset:
        """Store a file under this attempt's own claim, so that no other attempt can overwrite it."""

    def sleep(self, duration: timedelta) -> None:
        """Wait, at most for what is left of the time budget."""

    def time_left(self) -> timedelta:
        """What is left of the type's time budget: cut every client timeout to it."""


class Outcome(Exception):
    """An end of an attempt that its type chose. The words reach the caller: no addresses, no secrets."""

    def __init__(self, message: str, *, code: str) -> None:
        if not re.fullmatch(CODE, code):
            raise ValueError(f"An error code consists of lower-case letters, digits and '_': {code!r}")
        self.message = words(message, MAX_WORDS)
        self.code = code
        super().__init__(self.message)


class PermanentFailure(Outcome):
    """Trying again cannot help: the request ends `failed`."""

    def __init__(self, message: str, *, code: str = "permanent") -> None:
        super().__init__(message, code=code)


class TryAgain(Outcome):
    """A failed attempt like any exception, in words that the caller may read."""

    def __init__(self, message: str, *, code: str = "attempt_failed") -> None:
        super().__init__(message, code=code)


class RetryAfter(TryAgain):
    """A failed attempt whose next one should not come before `delay`."""

    def __init__(self, delay: timedelta, message: str, *, code: str = "attempt_failed") -> None:
        super().__init__(message, code=code)
        self.delay = bounded(delay)


class Snooze(Exception):
    """Not yet: come back after `delay`. The attempt is given back."""

    def __init__(self, delay: timedelta) -> None:
        self.delay = bounded(delay)
        super().__init__(f"snoozed for {self.delay}")


def words(message: object, limit: int) -> str:
    """A message as it can be stored: a text of at most so many characters, without lone surrogates."""
    return str(message)[:limit].encode("utf-8", "replace").decode()


def bounded(delay: timedelta) -> timedelta:
    """A delay that a request can be put off by: from now to a year."""
    return min(max(delay, timedelta(0)), LONGEST_DELAY)


class Stopped(BaseException):
    """This attempt may do nothing more: it was cancelled, superseded, or its time is up."""
