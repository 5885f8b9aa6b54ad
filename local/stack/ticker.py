"""Calls the sweeper every few seconds, as Cloud Scheduler does every minute."""

import contextlib
import threading
from datetime import timedelta

import httpx

EVERY = timedelta(seconds=5)


class Ticker:
    """A context manager that calls `url` from a thread."""

    def __init__(self, url: str, *, every: timedelta = EVERY) -> None:
        self._url = url
        self._every = every
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._tick, name="ticker", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()

    def _tick(self) -> None:
        while not self._ended.wait(self._every.total_seconds()):
            # The sweeper logs its own failures, and the next sweep does what this one could not.
            with contextlib.suppress(httpx.TransportError):
                httpx.post(self._url, json={}, timeout=60)
