"""Fetching the certificates that verify tokens, from a local endpoint like Google's."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from common.errors import Unavailable
from common.identity import Certificates, google_certificates
from local.stack.ports import free_port
from tests.integration.certificates import MAX_AGE, CertificateEndpoint, certificate_endpoint
from tests.tokens import new_key

CERTIFICATES = {"a1b2c3": "-----BEGIN CERTIFICATE-----"}
NEWER = {"d4e5f6": "-----BEGIN CERTIFICATE-----"}


@pytest.fixture
def endpoint() -> Iterator[CertificateEndpoint]:
    with certificate_endpoint(CERTIFICATES) as running:
        yield running


@pytest.fixture
def certificates(endpoint: CertificateEndpoint) -> Certificates:
    return google_certificates(url=endpoint.url)


def test_certificates_are_cached(certificates: Certificates, endpoint: CertificateEndpoint) -> None:
    assert [certificates() for _ in range(20)] == [CERTIFICATES] * 20
    assert endpoint.calls == 1


def test_certificates_are_cached_over_https(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new_key().write(server := tmp_path / "server.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server))

    with certificate_endpoint(CERTIFICATES, tls=server) as endpoint:
        certificates = google_certificates(url=endpoint.url)
        answers = [certificates(), certificates()]

    assert (answers, endpoint.calls) == ([CERTIFICATES] * 2, 1)


def test_certificates_are_fetched_again_after_their_max_age(
    certificates: Certificates, endpoint: CertificateEndpoint
) -> None:
    endpoint.age = MAX_AGE + timedelta(seconds=1)
    certificates()

    endpoint.certificates = NEWER

    assert certificates() == NEWER


def test_an_endpoint_that_refuses_connections_is_unavailable() -> None:
    with pytest.raises(Unavailable, match=r"^The certificates for token verification could not be fetched$"):
        google_certificates(url=f"http://127.0.0.1:{free_port()}/")()


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, b"{}"), (404, b"{}"), (200, b"<html>"), (200, b"[]"), (200, b'{"keys": []}'), (200, b"\xff")],
)
def test_an_answer_without_certificates_is_unavailable(
    certificates: Certificates, endpoint: CertificateEndpoint, status: int, body: bytes
) -> None:
    endpoint.status, endpoint.body = status, body

    with pytest.raises(Unavailable):
        certificates()


def test_an_endpoint_that_does_not_answer_in_time_is_unavailable(endpoint: CertificateEndpoint) -> None:
    endpoint.stalls = True

    with pytest.raises(Unavailable):
        google_certificates(url=endpoint.url, timeout=timedelta(seconds=0.2))()


def test_an_error_is_not_cached(certificates: Certificates, endpoint: CertificateEndpoint) -> None:
    endpoint.status = 503
    with pytest.raises(Unavailable):
        certificates()
    endpoint.status = 200

    assert certificates() == CERTIFICATES
