"""Sleeps, fails and snoozes as it is told: for the local stack and for tests.

In this order: it snoozes once, then sleeps in steps with progress; where it is to fail it does so half way.
"""

from datetime import timedelta

from pydantic import Field

from common.work import JsonObject, PermanentFailure, Snooze, TryAgain, Work, WorkInput


class Input(WorkInput):
    """All optional: without any it ends at once."""

    sleep_seconds: float = Field(0, ge=0, le=3600, description="How long it takes, in all")
    steps: int = Field(1, ge=1, le=100, description="In how many parts, each with progress")
    fail_times: int = Field(0, ge=0, le=100, description="How many attempts fail")
    permanent: bool = Field(False, description="The first failure is for good")
    snooze_seconds: float | None = Field(None, gt=0, le=86400, description="Put off once, for so long")


def run(given: Input, work: Work) -> JsonObject:
    """Returns how long it slept and in which attempt. Raises Snooze, TryAgain or PermanentFailure as told."""
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
        raise PermanentFailure("Told to fail for good.")
    if failing:
        raise TryAgain(f"Told to fail in the first {given.fail_times} attempts.")
    return {"slept_seconds": given.sleep_seconds, "attempt": work.attempt}
