"""The local Cloud Tasks as one object: an address for clients, and what tests need beyond the API."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, ExitStack
from datetime import datetime, timedelta
from threading import Thread
from types import TracebackType
from typing import Any, Self, TypeVar

import grpc
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport

from local.cloud_tasks.clock import Clock, SystemClock, VirtualClock
from local.cloud_tasks.desk import Desk
from local.cloud_tasks.dispatcher import Dispatcher, Send
from local.cloud_tasks.engine import NAME_WINDOW, Attempt, Engine, Outcome, messages
from local.cloud_tasks.grpc_front import GrpcFront
from local.cloud_tasks.http_sender import HttpSender
from local.cloud_tasks.tokens import LocalTokens

T = TypeVar("T")


class CloudTasks:
    """Serves from `with` to its end, on an event loop in a thread of its own.

    `send` takes the place of HTTP. `patience` is how long, in real time, a target may take under a virtual clock before
    its attempt counts as timed out. `name_window` is how long the names of ended tasks stay taken.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock | None = None,
        send: Send | None = None,
        name_window: timedelta = NAME_WINDOW,
        patience: timedelta = timedelta(seconds=10),
    ) -> None:
        self.tokens = LocalTokens()
        self._clock = clock or SystemClock()
        self._desk = Desk(Engine(self.tokens, name_window=name_window), self._clock)
        self._host, self._port = host, port
        self._send = send
        self._patience = patience
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="cloud-tasks", daemon=True)
        self._open = AsyncExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            self._thread.start()
            opening.callback(self._stop_loop)
            self._dispatcher = self._on_loop(self._start_dispatcher())
            front = GrpcFront(self._desk, self._dispatcher.wake)
            opening.callback(front.stop)
            self._port = front.start(self._host, self._port)
            self._closing = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    @property
    def address(self) -> str:
        """host:port of the gRPC API."""
        return f"{self._host}:{self._port}"

    @property
    def now(self) -> datetime:
        return self._clock.now()

    def client(self) -> tasks_v2.CloudTasksClient:
        """An official client of this server, closed with it."""
        channel = grpc.insecure_channel(self.address)
        self._closing.callback(channel.close)
        return tasks_v2.CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))

    def advance(self, span: timedelta = timedelta(0)) -> int:
        """Lets virtual time pass, and sends everything at its time; returns the number of attempts."""
        clock = self._virtual_clock()
        until = clock.now() + span
        sent = self._on_loop(self._dispatcher.run_until(clock, until))
        clock.move_to(until)
        return sent

    def run_until_idle(self, limit: timedelta = timedelta(hours=1)) -> int:
        """Lets virtual time pass until nothing is left to send within the limit; returns the number of attempts.

        Time stays at the last thing that happened.
        """
        clock = self._virtual_clock()
        return self._on_loop(self._dispatcher.run_until(clock, clock.now() + limit))

    def pending(self, queue: str | None = None) -> list[tasks_v2.Task]:
        """The tasks that have not ended, of one queue or of all, with bodies, the next to be sent first."""
        found = self._desk.ask(lambda engine, _: engine.pending(queue))
        return [tasks_v2.Task.wrap(message) for message in found]

    def purge(self, queue: str) -> None:
        """Deletes the tasks of a queue; their names stay taken."""
        request = messages.PurgeQueueRequest(name=queue)
        self._change(lambda engine, now: engine.queues.purge(request, now))

    def delete(self, task: str) -> None:
        """Deletes a task; its name stays taken."""
        request = messages.DeleteTaskRequest(name=task)
        self._change(lambda engine, now: engine.tasks.delete(request, now))

    def force_run(self, task: str) -> None:
        """As RunTask: whatever the schedule, the queue's state and its limits. Under a virtual clock, too."""
        request = messages.RunTaskRequest(name=task)
        self._change(lambda engine, now: engine.tasks.run(request, now))
        if isinstance(self._clock, VirtualClock):
            self.advance()

    def duplicate(self, task: str) -> Outcome:
        """Sends the attempt that is under way, or would be next, once more. Nothing is counted, nothing is changed."""
        attempt = self._desk.ask(lambda engine, now: engine.deliveries.duplicate(task, now))
        return self._on_loop(self._dispatcher.outcome(attempt))

    def deliver(self, attempt: Attempt) -> Outcome:
        """Sends an attempt that was seen before, as a late duplicate; its task may have ended."""
        return self._on_loop(self._dispatcher.outcome(attempt))

    def reset_names(self) -> None:
        """Frees the names of all ended tasks."""
        self._desk.ask(lambda engine, _: engine.reset_names())

    def _change(self, operation: Callable[[Engine, datetime], object]) -> None:
        self._desk.ask(operation)
        self._dispatcher.wake()

    def _virtual_clock(self) -> VirtualClock:
        if not isinstance(self._clock, VirtualClock):
            raise TypeError("time can be moved only under a VirtualClock")
        return self._clock

    async def _start_dispatcher(self) -> Dispatcher:
        dispatcher = Dispatcher(self._desk, self._send or await self._http_send())
        self._open.push_async_callback(dispatcher.close)
        if isinstance(self._clock, SystemClock):
            dispatcher.start(self._clock)
        return dispatcher

    async def _http_send(self) -> Send:
        patience = self._patience if isinstance(self._clock, VirtualClock) else None
        sender = await self._open.enter_async_context(HttpSender(patience))
        return sender.send

    def _stop_loop(self) -> None:
        self._on_loop(self._open.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _on_loop(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
