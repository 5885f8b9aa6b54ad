"""The engine behind a lock: the threads of gRPC, of the dispatcher and of a test share it."""

from collections.abc import Callable
from datetime import datetime
from threading import Lock
from typing import TypeVar

from local.cloud_tasks.clock import Clock
from local.cloud_tasks.engine import Engine

T = TypeVar("T")


class LockedEngine:
    """Reads the clock under the lock, so the time that the engine receives never goes back."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._lock = Lock()

    def run(self, operation: Callable[[Engine, datetime], T]) -> T:
        """The result of the operation. No other operation runs at the same time."""
        with self._lock:
            return operation(self._engine, self._clock.now())
