"""gunicorn's worker in each function: time limits for incoming requests, and problem documents for what is no HTTP.

gunicorn waits for a request without a limit, so a few halves of requests would occupy all threads. It has no setting
for that, and functions-framework passes none, so `install` replaces the class that gunicorn uses for threads.
"""

import contextlib
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from gunicorn.http.errors import ExpectationFailed, LimitRequestHeaders, LimitRequestLine, NoMoreData, ParseException
from gunicorn.workers import gthread

from common import log
from functions.http.problems import BAD_REQUEST, INTERNAL, Problem

HEADERS_WITHIN = timedelta(seconds=5)
BODY_WITHIN = timedelta(seconds=30)
END_WITHIN = timedelta(seconds=2)

REFUSALS = {
    ExpectationFailed: Problem(417, "expectation_failed", "The expectation cannot be met"),
    LimitRequestHeaders: Problem(431, "headers_too_large", "The headers are too large"),
    LimitRequestLine: Problem(414, "uri_too_long", "The URI is too long"),
}


class Deadlines:
    """The sockets from which threads are reading, each with the moment at which that ends."""

    def __init__(self) -> None:
        self._ends: dict[socket.socket, float] = {}

    @contextmanager
    def until(self, end: float, reading: socket.socket) -> Iterator[None]:
        self._ends[reading] = end
        try:
            yield
        finally:
            self.clear(reading)

    def clear(self, reading: socket.socket) -> None:
        self._ends.pop(reading, None)

    def enforce(self) -> None:
        """Ends the overdue reads: a thread that waits for data gets the end of the stream, and can still answer."""
        for reading, end in tuple(self._ends.items()):
            if end < time.monotonic():
                with contextlib.suppress(OSError):
                    reading.shutdown(socket.SHUT_RD)


class TimedBody:
    """The body of a request. All of it must arrive in BODY_WITHIN from the first read."""

    def __init__(self, body: Any, deadlines: Deadlines, connection: socket.socket) -> None:
        self._body = body
        self._deadlines = deadlines
        self._connection = connection
        self._end: float | None = None

    @property
    def failed(self) -> bool:
        """Whether the connection cannot be used again. Read by gunicorn."""
        return bool(self._body.failed)

    def read(self, size: int | None = None) -> bytes:
        """Raises OSError if the body is cut off or malformed."""
        self._end = self._end or time.monotonic() + BODY_WITHIN.total_seconds()
        with self._deadlines.until(self._end, self._connection):
            try:
                return bytes(self._body.read(size))
            except ParseException as error:
                raise NoMoreData from error  # gunicorn closes the connection; it would answer a ParseException again


def await_end(connection: socket.socket) -> None:
    """Waits until the caller has read the answer and closed. gunicorn would do it in the thread that accepts calls."""
    end = time.monotonic() + END_WITHIN.total_seconds()
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        while (left := end - time.monotonic()) > 0:
            connection.settimeout(left)
            if not connection.recv(65_536):
                break
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RD)  # gunicorn finds the end, and only closes


class Worker(gthread.ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's threads. The methods that are overridden here have gunicorn's names."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._deadlines = Deadlines()

    def enqueue_req(self, conn: Any) -> None:
        """Counts from here, not from the first thread that is free: many halves must not add up their times."""
        conn.headers_until = time.monotonic() + HEADERS_WITHIN.total_seconds()
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        with self._deadlines.until(conn.headers_until, conn.sock):
            is_open = super().handle(conn)
        if not is_open:
            await_end(conn.sock)
        return is_open

    def handle_request(self, req: Any, conn: Any) -> Any:
        self._deadlines.clear(conn.sock)
        req.body = TimedBody(req.body, self._deadlines, conn.sock)
        return super().handle_request(req, conn)

    def murder_pending(self) -> None:
        """gunicorn calls this at least once a second."""
        super().murder_pending()
        self._deadlines.enforce()

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:  # noqa: ARG002
        """Answers what is no HTTP, and calls that the application did not answer."""
        if not isinstance(exc, ParseException):
            log.error("call.failed", exc_info=True)
        refused = REFUSALS.get(type(exc), BAD_REQUEST)
        response = (refused if isinstance(exc, ParseException) else INTERNAL).to_response()
        response.headers["Connection"] = "close"
        head = f"HTTP/1.1 {response.status}\r\n{response.headers}".encode("latin-1")
        with contextlib.suppress(OSError):
            client.sendall(head + response.get_data())


def install() -> None:
    """Makes gunicorn, which starts later in this process, use Worker."""
    gthread.ThreadWorker = Worker
