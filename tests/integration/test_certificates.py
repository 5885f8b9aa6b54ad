"""Fetching the certificates that verify tokens, from a local endpoint like Google's."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest

from common.certificates import FETCH_AGAIN_AFTER, STALE_FOR, GoogleCertificates
from common.errors import Unavailable
from local.stack.ports import free_port
from tests.integration.certificates import MAX_AGE, CertificateEndpoint, certificate_endpoint
from tests.tokens import new_key

KEY, NEWER_KEY = new_key(), new_key()
CERTIFICATES = {"a1b2c3": KEY.certificate}
NEWER = {"d4e5f6": NEWER_KEY.certificate}
SECOND = timedelta(seconds=1)


class Clock:
    """Never moves."""

    def __init__(self) -> None:
        self.seconds = 1.0

    def __call__(self) -> float:
        return self.seconds

    def wait(self, duration: timedelta) -> None:
        self.seconds += duration.total_seconds()


@pytest.fixture
def endpoint() -> Iterator[CertificateEndpoint]:
    with certificate_endpoint(CERTIFICATES) as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def certificates(endpoint: CertificateEndpoint, clock: Clock) -> GoogleCertificates:
    return GoogleCertificates(url=endpoint.url, clock=clock)


def test_certificates_are_fetched_and_parsed_once(
    certificates: GoogleCertificates, endpoint: CertificateEndpoint, clock: Clock
) -> None:
    first = certificates("a1b2c3")
    clock.wait(MAX_AGE - SECOND)

    assert first is not None
    assert [certificates("a1b2c3") for _ in range(20)] == [first] * 20
    assert endpoint.calls == 1


def test_certificates_are_fetched_over_https(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    KEY.write(server := tmp_path / "server.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server))

    with certificate_endpoint(CERTIFICATES, tls=server) as endpoint:
        assert GoogleCertificates(url=endpoint.url)("a1b2c3") is not None


def test_an_unknown_key_does_not_exist(certificates: GoogleCertificates) -> None:
    assert certificates("d4e5f6") is None


@pytest.mark.parametrize("age", [timedelta(0), MAX_AGE / 2])
def test_certificates_are_fetched_again_after_their_max_age(
    certificates: GoogleCertificates, endpoint: CertificateEndpoint, clock: Clock, age: timedelta
) -> None:
    endpoint.age = age
    certificates("a1b2c3")
    endpoint.certificates = NEWER

    clock.wait(MAX_AGE - age - SECOND)
    assert certificates("a1b2c3") is not None
    clock.wait(SECOND)

    assert certificates("a1b2c3") is None
    assert certificates("d4e5f6") is not None


def test_the_last_certificates_serve_for_hours_if_the_endpoint_fails(
    certificates: GoogleCertificates, endpoint: CertificateEndpoint, clock: Clock
) -> None:
    certificates("a1b2c3")
    endpoint.status = 503
    clock.wait(MAX_AGE + STALE_FOR - SECOND)

    assert certificates("a1b2c3") is not None
    with pytest.raises(Unavailable):
        certificates("d4e5f6")

    clock.wait(SECOND)
    with pytest.raises(Unavailable):
        certificates("a1b2c3")


def test_a_failed_endpoint_is_called_again_after_a_while(
    certificates: GoogleCertificates, endpoint: CertificateEndpoint, clock: Clock
) -> None:
    certificates("a1b2c3")
    endpoint.status = 503
    clock.wait(MAX_AGE)
    for _ in range(5):
        certificates("a1b2c3")
    endpoint.status, endpoint.certificates = 200, NEWER

    clock.wait(FETCH_AGAIN_AFTER)

    assert certificates("d4e5f6") is not None
    assert endpoint.calls == 3


def test_old_certificates_serve_while_a_thread_fetches_new_ones(
    certificates: GoogleCertificates, endpoint: CertificateEndpoint, clock: Clock
) -> None:
    certificates("a1b2c3")
    clock.wait(MAX_AGE)
    endpoint.stalls = True
    fetching = Thread(target=certificates, args=["a1b2c3"])
    fetching.start()
    while endpoint.calls < 2:
        time.sleep(0.01)

    assert certificates("a1b2c3") is not None
    assert fetching.is_alive()

    endpoint.closing.set()
    fetching.join()


def test_concurrent_first_calls_fetch_once(certificates: GoogleCertificates, endpoint: CertificateEndpoint) -> None:
    barrier, found = Barrier(8), []

    def call() -> None:
        barrier.wait()
        found.append(certificates("a1b2c3"))

    threads = [Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(found), None in found, endpoint.calls) == (8, False, 1)


def test_an_endpoint_that_refuses_connections_is_unavailable() -> None:
    with pytest.raises(Unavailable, match=r"^The certificates for token verification could not be fetched$"):
        GoogleCertificates(url=f"http://127.0.0.1:{free_port()}/")("a1b2c3")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"{}"),
        (404, b"{}"),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'{"keys": []}'),
        (200, b'{"a1b2c3": "-----BEGIN CERTIFICATE-----"}'),
        (200, b"\xff"),
    ],
)
def test_an_answer_without_certificates_is_unavailable(
    certificates: GoogleCertificates, endpoint: CertificateEndpoint, status: int, body: bytes
) -> None:
    endpoint.status, endpoint.body = status, body

    with pytest.raises(Unavailable):
        certificates("a1b2c3")


def test_an_endpoint_that_does_not_answer_in_time_is_unavailable(endpoint: CertificateEndpoint) -> None:
    endpoint.stalls = True

    with pytest.raises(Unavailable):
        GoogleCertificates(url=endpoint.url, timeout=timedelta(seconds=0.2))("a1b2c3")


def test_an_error_is_not_cached(certificates: GoogleCertificates, endpoint: CertificateEndpoint) -> None:
    endpoint.status = 503
    with pytest.raises(Unavailable):
        certificates("a1b2c3")
    endpoint.status = 200

    assert certificates("a1b2c3") is not None
