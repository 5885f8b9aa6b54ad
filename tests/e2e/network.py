"""A network between the browser and a server that a test can interrupt."""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

CHUNK = 65_536
T = TypeVar("T")


class Network:
    """Forwards TCP connections to `target` (host:port) in a thread, while its `with` block runs.

    `interrupt` stops all bytes and new connections without an error on either side. `hold_answers` stops only the
    bytes from the target. `restore` delivers what has waited; after an interruption it first resets the connections
    that existed before, as after a change of address. With `tls` it accepts HTTPS and forwards HTTP.
    """

    address: str

    def __init__(self, target: str, *, tls: ssl.SSLContext | None = None) -> None:
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._can_send, self._can_receive = asyncio.Event(), asyncio.Event()
        self._can_send.set()
        self._can_receive.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._connections: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._tls))
        host, port = self._server.sockets[0].getsockname()
        self.address = f"{host}:{port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def interrupt(self) -> None:
        self._run(self._hold(self._can_send, self._can_receive))

    def hold_answers(self) -> None:
        self._run(self._hold(self._can_receive))

    def restore(self) -> None:
        self._run(self._restore())

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _hold(self, *gates: asyncio.Event) -> None:
        for gate in gates:
            gate.clear()

    async def _restore(self) -> None:
        if not self._can_send.is_set():
            self._reset()
        self._can_send.set()
        self._can_receive.set()

    async def _close(self) -> None:
        self._server.close()
        self._reset()
        await self._restore()
        await asyncio.gather(*self._connections)

    def _reset(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        await self._can_send.wait()
        with contextlib.suppress(ConnectionError, ssl.SSLError):  # SSLError when a browser closes during an answer
            await self._forward(reader, writer)
        writer.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_target, to_target = await asyncio.open_connection(*self._target)
        both = {writer, to_target}
        self._writers |= both
        try:
            await asyncio.gather(
                self._pump(reader, to_target, self._can_send), self._pump(from_target, writer, self._can_receive)
            )
        finally:
            self._writers -= both
            to_target.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: asyncio.Event) -> None:
        while data := await reader.read(CHUNK):
            await gate.wait()
            writer.write(data)
            await writer.drain()
        await gate.wait()
        # HTTP has no half-open connections, so both directions end together.
        writer.close()
