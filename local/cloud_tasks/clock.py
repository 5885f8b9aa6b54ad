"""The two clocks of the local Cloud Tasks."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime: ...


class SystemClock:
    """The time of day."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class VirtualClock:
    """Time that stands still until it is moved. Starts at the present second, so that tokens are valid."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime.now(UTC).replace(microsecond=0)

    def now(self) -> datetime:
        return self._now

    def move_to(self, moment: datetime) -> None:
        """Moves on to the moment; never back."""
        self._now = max(self._now, moment)
