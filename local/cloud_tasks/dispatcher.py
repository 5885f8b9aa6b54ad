"""Carries attempts from the engine to their targets and brings the outcomes back, in real or in virtual time."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from heapq import heappop, heappush
from itertools import count
from typing import TypeAlias

from local.cloud_tasks.clock import SystemClock, VirtualClock
from local.cloud_tasks.desk import Desk
from local.cloud_tasks.engine import TIMEOUT, UNREACHABLE, Attempt, Delivery, Engine, Outcome
from local.cloud_tasks.report import log, report_failure

Answer: TypeAlias = Outcome | int
Send: TypeAlias = Callable[[Attempt], Answer | Awaitable[Answer]]
"""Sends an attempt and returns the HTTP status or an Outcome. A plain function runs in a thread."""

_THREADS = 64


class Dispatcher:
    """Lives on one event loop; only `wake` may be called from other threads.

    A turn settles what has ended by now and starts what is due. Between turns, real time waits; virtual time jumps.
    """

    def __init__(self, desk: Desk, send: Send) -> None:
        self._desk = desk
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
        """Says that a call may have made something due."""
        self._loop.call_soon_threadsafe(self._changed.set)

    def start(self, clock: SystemClock) -> None:
        """Dispatches in real time from now on."""
        running = self._loop.create_task(self._run(clock))
        running.add_done_callback(_report_death)
        self._running.add(running)

    async def run_until(self, clock: VirtualClock, limit: datetime) -> int:
        """Sends everything that falls due up to the limit, each thing at its time; returns the number of attempts.

        The clock stands still while anything is being sent, and is left at the last thing that happened.
        An exception of the send function counts as no answer and is raised here in the end.
        """
        sent = 0
        while True:
            self._changed.clear()
            sent += self._desk.ask(self._turn)
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

    async def outcome(self, attempt: Attempt | None) -> Outcome:
        """Sends the attempt and says how it ended; None cannot be sent."""
        if attempt is None:
            return UNREACHABLE
        if inspect.iscoroutinefunction(self._send):
            answer = await self._send(attempt)
        else:
            given = await self._loop.run_in_executor(self._threads, self._send, attempt)
            answer = await given if inspect.isawaitable(given) else given
        outcome = answer if isinstance(answer, Outcome) else Outcome(answer)
        return TIMEOUT if outcome.took > attempt.deadline else outcome

    async def close(self) -> None:
        """Abandons what is being sent."""
        abandoned = self._running | self._sending
        for each in abandoned:
            each.cancel()
        await asyncio.gather(*abandoned, return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, clock: SystemClock) -> None:
        while True:
            self._changed.clear()
            self._desk.ask(self._turn)
            while self._errors:
                log.error("send.failed", exc_info=self._errors.pop())
            due = self._next_turn()
            with suppress(TimeoutError):
                async with asyncio.timeout(None if due is None else (due - clock.now()).total_seconds()):
                    await self._changed.wait()

    def _turn(self, engine: Engine, now: datetime) -> int:
        while self._ended and self._ended[0][0] <= now:
            _, _, delivery, outcome = heappop(self._ended)
            verdict = engine.deliveries.settle(delivery, outcome, now)
            if not outcome.succeeded:
                report_failure(delivery, outcome, verdict, now)
        started = engine.deliveries.start_due(now)
        for delivery in started:
            sending = self._loop.create_task(self._carry(delivery))
            self._sending.add(sending)
            sending.add_done_callback(self._carried)
        return len(started)

    def _next_turn(self) -> datetime | None:
        due = self._desk.ask(lambda engine, _: engine.deliveries.next_due())
        ended = self._ended[0][0] if self._ended else None
        return min((moment for moment in (due, ended) if moment is not None), default=None)

    async def _carry(self, delivery: Delivery) -> None:
        try:
            outcome = await self.outcome(delivery.attempt)
        except Exception as error:  # the failure of one target is its own: it has brought no answer
            self._errors.append(error)
            outcome = UNREACHABLE
        ended = delivery.dispatched + min(outcome.took, delivery.task.deadline)
        heappush(self._ended, (ended, next(self._order), delivery, outcome))

    def _carried(self, sending: asyncio.Task[None]) -> None:
        self._sending.discard(sending)
        self._changed.set()


def _report_death(running: asyncio.Task[None]) -> None:
    """A fault of ours must not look like a queue that is empty."""
    if not running.cancelled() and (error := running.exception()):
        log.critical("dispatcher.died", exc_info=error)
