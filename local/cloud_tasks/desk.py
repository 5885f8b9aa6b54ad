"""The one way to the engine, which several threads share: gRPC's, the dispatcher's and a test's."""

from collections.abc import Callable
from datetime import datetime
from threading import Lock
from typing import TypeVar

from local.cloud_tasks.clock import Clock
from local.cloud_tasks.engine import Engine

T = TypeVar("T")


class Desk:
    """One caller at a time; the time is read when it is the caller's turn, so the engine never sees it go back."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._lock = Lock()

    def ask(self, operation: Callable[[Engine, datetime], T]) -> T:
        """What the operation returns, done without interruption."""
        with self._lock:
            return operation(self._engine, self._clock.now())
