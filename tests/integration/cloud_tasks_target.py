"""A real HTTP target that records its requests, with the casing of their headers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, TypeAlias

Client: TypeAlias = Any
"""An official client. Its annotations name protobuf's types, but it accepts dictionaries and returns Python's times."""

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
        """The value of the header with exactly this casing. Fails if a name was sent twice."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(found) <= 1, self.headers
        return dict(self.headers).get(name)


@dataclass
class Target:
    """`respond` returns the status of the response, or its status and headers."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    respond: Callable[[Request], int | tuple[int, dict[str, str]]] = lambda _: 200


def create_task(client: Client, queue: str, task_id: str = "", **fields: Any) -> Any:
    """Creates a task, with a URL that does not exist unless the fields contain an http_request."""
    name = {"name": f"{queue}/tasks/{task_id}"} if task_id else {}
    return client.create_task(parent=queue, task={"http_request": {"url": URL}} | name | fields)


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
            response = target.respond(request)
            status, headers = response if isinstance(response, tuple) else (response, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
