"""A local server in place of Google's certificate endpoint."""

import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

MAX_AGE = timedelta(hours=1)
MAX_STALL_SECONDS = 10  # then it answers, and the test of the timeout fails


@dataclass
class CertificateEndpoint:
    """The answer of the endpoint, and how often it was called."""

    certificates: Mapping[str, str]
    age: timedelta = timedelta(0)
    status: int = 200
    body: bytes | None = None
    calls: int = 0
    stalls: bool = False
    seconds_per_byte: float = 0
    cache_control: str = f"public, max-age={int(MAX_AGE.total_seconds())}, must-revalidate, no-transform"
    url: str = ""
    closing: Event = field(default_factory=Event)


@contextmanager
def certificate_endpoint(certificates: Mapping[str, str], *, tls: Path | None = None) -> Iterator[CertificateEndpoint]:
    """Uses HTTPS if `tls`, the file of a certificate and its key, is given."""
    endpoint = CertificateEndpoint(certificates)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            endpoint.calls += 1
            if endpoint.stalls and endpoint.closing.wait(MAX_STALL_SECONDS):
                return
            body = endpoint.body if endpoint.body is not None else json.dumps(endpoint.certificates).encode()
            self.send_response_only(endpoint.status)
            self.send_header("Age", str(int(endpoint.age.total_seconds())))
            self.send_header("Content-Type", "application/json; charset=UTF-8")
            self.send_header("Cache-Control", endpoint.cache_control)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if not endpoint.seconds_per_byte:
                self.wfile.write(body)
                return
            for byte in body:
                if endpoint.closing.wait(endpoint.seconds_per_byte):
                    return
                self.wfile.write(bytes([byte]))

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class's name)
            """Logs nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    endpoint.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}/certificates"
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        endpoint.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
