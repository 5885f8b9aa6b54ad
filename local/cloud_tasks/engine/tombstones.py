"""The names of tasks that have ended, which stay taken for a while."""

from collections import deque
from datetime import datetime, timedelta


class Tombstones:
    """Forgets each name once the window has passed; an empty window forgets at once."""

    def __init__(self, window: timedelta) -> None:
        self._window = window
        self._until: dict[str, datetime] = {}
        self._order: deque[tuple[datetime, str]] = deque()

    def add(self, name: str, now: datetime) -> None:
        until = now + self._window
        self._until[name] = until
        self._order.append((until, name))

    def holds(self, name: str, now: datetime) -> bool:
        while self._order and self._order[0][0] <= now:
            until, expired = self._order.popleft()
            if self._until.get(expired) == until:
                del self._until[expired]
        return name in self._until

    def clear(self) -> None:
        self._until.clear()
        self._order.clear()
