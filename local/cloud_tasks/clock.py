"""Real and virtual time."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime: ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class VirtualClock:
    """Moves only when a test moves it. Starts at the present second by default, so that issued tokens are valid."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime.now(UTC).replace(microsecond=0)

    def now(self) -> datetime:
        return self._now

    def move_to(self, moment: datetime) -> None:
        """Moves forward to the moment; never back."""
        self._now = max(self._now, moment)
