"""Google's certificate endpoint as a local server, and keys whose certificates it serves."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Key:
    """A private key with the certificate that is served for it."""

    private: rsa.RSAPrivateKey
    certificate: str


def new_key() -> Key:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "securetoken.system.gserviceaccount.com")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(private, hashes.SHA256())
    )
    return Key(private, certificate.public_bytes(serialization.Encoding.PEM).decode())


@dataclass
class Endpoint:
    """What is served, and how often it was asked for."""

    certificates: Mapping[str, str]
    max_age: int = 3600
    status: int = 200
    body: bytes | None = None
    hits: int = 0
    stalled: bool = False
    url: str = ""
    ended: Event = field(default_factory=Event)


@contextmanager
def certificate_endpoint(certificates: Mapping[str, str]) -> Iterator[Endpoint]:
    endpoint = Endpoint(certificates)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            endpoint.hits += 1
            if endpoint.stalled and endpoint.ended.wait(10):  # else it answers after all: without a bound, a test fails
                return
            body = endpoint.body if endpoint.body is not None else json.dumps(endpoint.certificates).encode()
            self.send_response_only(endpoint.status)
            self.send_header("Date", formatdate(usegmt=True))
            self.send_header("Content-Type", "application/json; charset=UTF-8")
            self.send_header("Cache-Control", f"public, max-age={endpoint.max_age}, must-revalidate, no-transform")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class's name)
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    endpoint.url = f"http://127.0.0.1:{server.server_port}/certificates"
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        endpoint.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()
