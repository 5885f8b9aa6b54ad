"""A delivery of a task, as `process` gets it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Delivery:
    """One delivery, as described by the headers of Cloud Tasks.

    `task` is the full task name and `eta` the schedule time of this delivery. `retry_count` counts the earlier
    deliveries, forced runs included; `execution_count` those of them that were answered below 500. `previous_response`
    is the HTTP status of the last delivery that ended.
    """

    task: str
    generation: int
    retry_count: int
    execution_count: int | None = None
    eta: datetime | None = None
    previous_response: int | None = None

    @property
    def unanswered(self) -> int:
        """How many earlier deliveries are dead or still running."""
        answered = self.retry_count if self.execution_count is None else self.execution_count
        return max(self.retry_count - answered, 0)

    @property
    def reports_death(self) -> bool:
        """A worker answers below 500, so a 5xx means that a delivery died."""
        return self.previous_response is not None and self.previous_response >= 500
