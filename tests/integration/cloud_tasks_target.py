"""A real HTTP target that remembers what it was sent, to the casing of the headers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import monotonic, sleep
from typing import Any, TypeAlias

import pytest
from google.api_core import exceptions

Client: TypeAlias = Any
"""An official client. Its annotations name protobuf's types where it takes dictionaries and returns Python's times."""

LOCATION = "projects/p/locations/l"
QUEUE = f"{LOCATION}/queues/q"
URL = "https://target.invalid/work"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The value of a header in exactly this casing; one name is never sent twice."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(found) <= 1, self.headers
        return dict(self.headers).get(name)


@dataclass
class Target:
    """`answer` gives the status, or the status and headers, of the answer to each request."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    answer: Callable[[Request], int | tuple[int, dict[str, str]]] = lambda _: 200

    def wait_for(self, count: int, within: float = 5.0) -> None:
        """Returns once so many requests have arrived; fails after the given seconds."""
        deadline = monotonic() + within
        while len(self.requests) < count:
            assert monotonic() < deadline, f"{len(self.requests)} of {count} requests arrived"
            sleep(0.005)


def create_task(client: Client, queue: str, task_id: str = "", **fields: Any) -> Any:
    """A task with the given id, or none, and an HTTP request that nobody receives unless the fields say otherwise."""
    name = {"name": f"{queue}/tasks/{task_id}"} if task_id else {}
    return client.create_task(parent=queue, task={"http_request": {"url": URL}} | name | fields)


def refused_with(call: Callable[[], object]) -> tuple[Any, str]:
    """The code and the text with which a call is refused."""
    with pytest.raises(exceptions.GoogleAPICallError) as refused:
        call()
    return refused.value.code, refused.value.message


@contextmanager
def http_target() -> Iterator[Target]:
    """A target on a free port of the loopback interface."""
    target = Target()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(target))
    target.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield target
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(target: Target) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return self._serve
            raise AttributeError(name)

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(self.command, self.path, list(self.headers.items()), body)
            target.requests.append(request)
            answer = target.answer(request)
            status, headers = answer if isinstance(answer, tuple) else (answer, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
