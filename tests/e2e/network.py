"""A network between the browser and a server that can be cut, as when a laptop leaves the house."""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

CHUNK = 65_536
T = TypeVar("T")


class Network:
    """Forwards TCP connections to `target` (host:port) from `with` to its end, in a thread.

    While it is cut nothing arrives and nobody is told: bytes wait, new connections too. When it is mended the old
    connections are reset, as after a change of address, and those that were begun meanwhile go through. It may also
    hold back only the answers, which come when it is mended. With `tls` it takes HTTPS and forwards HTTP.
    """

    address: str

    def __init__(self, target: str, *, tls: ssl.SSLContext | None = None) -> None:
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._there, self._back = asyncio.Event(), asyncio.Event()
        self._there.set()
        self._back.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._connections: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._tls))
        host, port = self._server.sockets[0].getsockname()
        self.address = f"{host}:{port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        self._run(self._hold(self._there, self._back))

    def hold_answers(self) -> None:
        self._run(self._hold(self._back))

    def mend(self) -> None:
        self._run(self._mend())

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _hold(self, *ways: asyncio.Event) -> None:
        for way in ways:
            way.clear()

    async def _mend(self) -> None:
        if not self._there.is_set():
            self._reset()
        self._there.set()
        self._back.set()

    async def _end(self) -> None:
        self._server.close()
        self._reset()
        await self._mend()
        await asyncio.gather(*self._connections)

    def _reset(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        await self._there.wait()
        with contextlib.suppress(ConnectionError, ssl.SSLError):  # the latter when a browser leaves amid an answer
            await self._forward(reader, writer)
        writer.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_target, to_target = await asyncio.open_connection(*self._target)
        both = {writer, to_target}
        self._writers |= both
        try:
            await asyncio.gather(
                self._pump(reader, to_target, self._there), self._pump(from_target, writer, self._back)
            )
        finally:
            self._writers -= both
            to_target.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: asyncio.Event) -> None:
        while data := await reader.read(CHUNK):
            await way.wait()
            writer.write(data)
            await writer.drain()
        await way.wait()
        # Both ways end together: HTTP knows no half of a connection.
        writer.close()
