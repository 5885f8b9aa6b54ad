"""Repeats calls to Google services: new grants, keys and sites take minutes to be known everywhere."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """For how long and how often a call is repeated, and the function that reports each new problem."""

    within: timedelta
    every: timedelta
    report: Callable[[str], None] = print

    def call(self, function: Callable[[], Result], *, retry_on: type[Exception]) -> Result:
        """Returns the result of `function`. Raises its last error when the time is over, every other error at once."""
        retrying = Retrying(
            stop=stop_after_delay(self.within),
            wait=wait_fixed(self.every),
            retry=retry_if_exception_type(retry_on),
            before_sleep=self._report_new_problems(),
            reraise=True,
        )
        return retrying(function)

    def _report_new_problems(self) -> Callable[[RetryCallState], None]:
        reported = ""

        def report(state: RetryCallState) -> None:
            nonlocal reported
            error = state.outcome.exception() if state.outcome else None
            problem = str(error).partition(": ")[0].rstrip(".")  # without the body of an answer
            if problem != reported:
                reported = problem
                self.report(f"Not ready yet: {problem}.")

        return report
