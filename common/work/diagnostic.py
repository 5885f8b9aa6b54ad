"""Sleeps, fails and snoozes as its input specifies: for the local stack and for tests.

It snoozes once, then sleeps in steps with progress. An attempt that should fail does so half way.
"""

from datetime import timedelta

from pydantic import Field

from common.work import JsonObject, PermanentFailure, Snooze, TryAgain, Work, WorkInput


class Input(WorkInput):
    """All fields are optional. Without any, the request completes at once."""

    sleep_seconds: float = Field(0, ge=0, le=3600, description="Total duration")
    steps: int = Field(1, ge=1, le=100, description="Number of steps, each with progress")
    fail_times: int = Field(0, ge=0, le=100, description="Number of attempts that fail")
    permanent: bool = Field(False, description="The first failure is permanent")
    snooze_seconds: float | None = Field(None, gt=0, le=86400, description="Delay of the one snooze")


def run(given: Input, work: Work) -> JsonObject:
    """Returns the duration and the attempt. Raises Snooze, TryAgain or PermanentFailure as the input specifies."""
    if given.snooze_seconds is not None and work.snoozes == 0:
        raise Snooze(timedelta(seconds=given.snooze_seconds))
    part = timedelta(seconds=given.sleep_seconds) / given.steps
    failing = work.attempt <= given.fail_times
    for step in range(given.steps if part else 0):
        if failing and step >= given.steps / 2:
            break
        work.progress(100 * step // given.steps, f"Step {step + 1} of {given.steps}")
        work.sleep(part)
    if failing and given.permanent:
        raise PermanentFailure("This request was submitted to fail permanently.")
    if failing:
        raise TryAgain(f"This request was submitted to fail in its first {given.fail_times} attempts.")
    return {"slept_seconds": given.sleep_seconds, "attempt": work.attempt}
