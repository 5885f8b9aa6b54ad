"""The local Cloud Tasks as one object: the address for clients, and control of time and of attempts for tests."""

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
from local.cloud_tasks.dispatcher import Dispatcher, Send
from local.cloud_tasks.engine import NAME_WINDOW, Attempt, Engine, Outcome, messages
from local.cloud_tasks.grpc_server import GrpcServer
from local.cloud_tasks.http_sender import HttpSender
from local.cloud_tasks.locked_engine import LockedEngine
from local.cloud_tasks.token_issuer import LocalTokenIssuer

T = TypeVar("T")


class CloudTasks:
    """Serves inside its `with` block, on an event loop in its own thread.

    `send` replaces HTTP. `name_window` is how long the name of an ended task cannot be used again. Under a virtual
    clock a target has `max_wait` of real time to respond; after that the attempt counts as timed out at its deadline.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock | None = None,
        send: Send | None = None,
        name_window: timedelta = NAME_WINDOW,
        max_wait: timedelta = timedelta(seconds=10),
    ) -> None:
        self.tokens = LocalTokenIssuer()
        self._clock = clock or SystemClock()
        self._engine = LockedEngine(Engine(self.tokens, name_window=name_window), self._clock)
        self._host, self._port = host, port
        self._send = send
        self._max_wait = max_wait
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="cloud-tasks", daemon=True)
        self._loop_resources = AsyncExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as resources:
            self._thread.start()
            resources.callback(self._stop_loop)
            self._dispatcher = self._run_on_loop(self._start_dispatcher())
            server = GrpcServer(self._engine, on_call=self._dispatcher.wake)
            resources.callback(server.stop)
            self._port = server.start(self._host, self._port)
            self._resources = resources.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resources.close()

    @property
    def address(self) -> str:
        """host:port of the gRPC API."""
        return f"{self._host}:{self._port}"

    @property
    def now(self) -> datetime:
        return self._clock.now()

    def client(self) -> tasks_v2.CloudTasksClient:
        """An official client of this server. It is closed with the server."""
        channel = grpc.insecure_channel(self.address)
        self._resources.callback(channel.close)
        return tasks_v2.CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))

    def advance(self, span: timedelta = timedelta(0)) -> int:
        """Moves virtual time forward and sends each attempt at its time; returns the number of attempts."""
        clock = self._require_virtual_clock()
        until = clock.now() + span
        sent = self._run_on_loop(self._dispatcher.run_until(clock, until))
        clock.move_to(until)
        return sent

    def run_until_idle(self, limit: timedelta = timedelta(hours=1)) -> int:
        """Moves virtual time until no attempt is due within the limit; returns the number of attempts.

        The clock ends at the last attempt, not at the limit.
        """
        clock = self._require_virtual_clock()
        return self._run_on_loop(self._dispatcher.run_until(clock, clock.now() + limit))

    def pending(self, queue: str | None = None) -> list[tasks_v2.Task]:
        """The tasks of one queue or of all queues that have not ended, with bodies, by their schedule time."""
        found = self._engine.run(lambda engine, _: engine.pending(queue))
        return [tasks_v2.Task.wrap(message) for message in found]

    def delete(self, task: str) -> None:
        """Deletes a task, like DeleteTask."""
        request = messages.DeleteTaskRequest(name=task)
        self._change(lambda engine, now: engine.tasks.delete(request, now))

    def force_run(self, task: str) -> None:
        """Sends an attempt at once, like RunTask; also under a virtual clock."""
        request = messages.RunTaskRequest(name=task)
        self._change(lambda engine, now: engine.tasks.run(request, now))
        if isinstance(self._clock, VirtualClock):
            self.advance()

    def duplicate(self, task: str) -> Outcome:
        """Sends a copy of the task's attempt in flight, else of its next one. The task does not change."""
        attempt = self._engine.run(lambda engine, now: engine.deliveries.duplicate(task, now))
        return self._run_on_loop(self._dispatcher.send(attempt))

    def deliver(self, attempt: Attempt) -> Outcome:
        """Sends an earlier attempt again, as a late duplicate. Its task may have ended."""
        return self._run_on_loop(self._dispatcher.send(attempt))

    def reset_names(self) -> None:
        """Makes the names of all ended tasks available."""
        self._engine.run(lambda engine, _: engine.reset_names())

    def _change(self, operation: Callable[[Engine, datetime], object]) -> None:
        self._engine.run(operation)
        self._dispatcher.wake()

    def _require_virtual_clock(self) -> VirtualClock:
        if not isinstance(self._clock, VirtualClock):
            raise TypeError("Only a VirtualClock can be moved.")
        return self._clock

    async def _start_dispatcher(self) -> Dispatcher:
        dispatcher = Dispatcher(self._engine, self._send or await self._http_send())
        self._loop_resources.push_async_callback(dispatcher.close)
        if isinstance(self._clock, SystemClock):
            dispatcher.start(self._clock)
        return dispatcher

    async def _http_send(self) -> Send:
        max_wait = self._max_wait if isinstance(self._clock, VirtualClock) else None
        sender = await self._loop_resources.enter_async_context(HttpSender(max_wait))
        return sender.send

    def _stop_loop(self) -> None:
        self._run_on_loop(self._loop_resources.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run_on_loop(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()
