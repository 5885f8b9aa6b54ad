"""Sends the engine's attempts to their targets and settles them, in real or in virtual time."""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from heapq import heappop, heappush
from itertools import count
from typing import TypeAlias

from local.cloud_tasks.clock import SystemClock, VirtualClock
from local.cloud_tasks.engine import TIMEOUT, UNREACHABLE, Attempt, Delivery, Engine, Outcome, Verdict
from local.cloud_tasks.locked_engine import LockedEngine

Response: TypeAlias = Outcome | int
Send: TypeAlias = Callable[[Attempt], Response | Awaitable[Response]]
"""Sends an attempt and returns the HTTP status or an Outcome. A plain function runs in a thread."""

_THREADS = 64
_log = logging.getLogger("local.cloud_tasks")


class Dispatcher:
    """Lives on one event loop; other threads may only call `wake`.

    A turn settles the attempts that have ended and starts those that are due. Between two turns, the dispatcher waits
    in real time and moves the clock in virtual time.
    """

    def __init__(self, engine: LockedEngine, send: Send) -> None:
        self._engine = engine
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._threads = ThreadPoolExecutor(_THREADS, "cloud-tasks-send")
        self._running: set[asyncio.Task[None]] = set()
        self._sending: set[asyncio.Task[None]] = set()
        self._ended: list[tuple[datetime, int, Delivery, Outcome]] = []
        self._order = count()
        self._errors: list[Exception] = []

    def wake(self) -> None:
        """Starts a turn, since a call may have made an attempt due."""
        self._loop.call_soon_threadsafe(self._changed.set)

    def start(self, clock: SystemClock) -> None:
        """Dispatches in real time from now on."""
        running = self._loop.create_task(self._run(clock))
        running.add_done_callback(_log_crash)
        self._running.add(running)

    async def run_until(self, clock: VirtualClock, limit: datetime) -> int:
        """Sends every attempt that is due until the limit, each at its time; returns their number.

        The clock does not move while an attempt is sent, and ends at the time of the last turn. An exception of the
        send function counts as an unreachable target and is raised at the end.
        """
        sent = 0
        while True:
            self._changed.clear()
            sent += self._engine.run(self._take_turn)
            if self._sending:
                await self._changed.wait()
                continue
            due = self._next_turn()
            if due is None or due > limit:
                break
            clock.move_to(due)
        if self._errors:
            raise self._errors.pop()
        return sent

    async def send(self, attempt: Attempt | None) -> Outcome:
        """Sends an attempt and returns its outcome. None cannot be sent."""
        if attempt is None:
            return UNREACHABLE
        if inspect.iscoroutinefunction(self._send):
            response = await self._send(attempt)
        else:
            result = await self._loop.run_in_executor(self._threads, self._send, attempt)
            response = await result if inspect.isawaitable(result) else result
        outcome = response if isinstance(response, Outcome) else Outcome(response)
        return TIMEOUT if outcome.took > attempt.deadline else outcome

    async def close(self) -> None:
        """Cancels the attempts in flight."""
        cancelled = self._running | self._sending
        for each in cancelled:
            each.cancel()
        await asyncio.gather(*cancelled, return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, clock: SystemClock) -> None:
        while True:
            self._changed.clear()
            self._engine.run(self._take_turn)
            while self._errors:
                _log.error("send.failed", exc_info=self._errors.pop())
            due = self._next_turn()
            with suppress(TimeoutError):
                async with asyncio.timeout(None if due is None else (due - clock.now()).total_seconds()):
                    await self._changed.wait()

    def _take_turn(self, engine: Engine, now: datetime) -> int:
        while self._ended and self._ended[0][0] <= now:
            _, _, delivery, outcome = heappop(self._ended)
            verdict = engine.deliveries.settle(delivery, outcome, now)
            if not outcome.succeeded:
                _log_failure(delivery, outcome, verdict, now)
        started = engine.deliveries.start_due(now)
        for delivery in started:
            sending = self._loop.create_task(self._deliver(delivery))
            self._sending.add(sending)
            sending.add_done_callback(self._on_delivered)
        return len(started)

    def _next_turn(self) -> datetime | None:
        due = self._engine.run(lambda engine, _: engine.deliveries.next_due())
        ended = self._ended[0][0] if self._ended else None
        return min((moment for moment in (due, ended) if moment is not None), default=None)

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            outcome = await self.send(delivery.attempt)
        except Exception as error:  # of the send function: the other attempts go on
            self._errors.append(error)
            outcome = UNREACHABLE
        ended = delivery.dispatched + min(outcome.took, delivery.task.deadline)
        heappush(self._ended, (ended, next(self._order), delivery, outcome))

    def _on_delivered(self, sending: asyncio.Task[None]) -> None:
        self._sending.discard(sending)
        self._changed.set()


def _log_failure(delivery: Delivery, outcome: Outcome, verdict: Verdict, now: datetime) -> None:
    """HTTP status 0 means no response. Bodies, headers and URLs may contain secrets, so they are not logged."""
    task = delivery.task
    retry = f" retry_in={(task.schedule_time - now).total_seconds():g}s" if verdict is Verdict.RETRIED else ""
    _log.warning(
        "attempt.failed queue=%s task=%s attempt=%d http=%d verdict=%s%s",
        delivery.queue.name.rpartition("/")[2],
        task.task_id,
        delivery.record.number,
        outcome.status,
        verdict.value,
        retry,
    )


def _log_crash(running: asyncio.Task[None]) -> None:
    """Logs a bug of the dispatcher: without it, a stopped dispatcher looks like an empty queue."""
    if not running.cancelled() and (error := running.exception()):
        _log.critical("dispatcher.crashed", exc_info=error)
