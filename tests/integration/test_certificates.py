"""Fetching the certificates that verify tokens, from a local endpoint like Google's."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from common.certificates import (
    FETCH_AGAIN_AFTER,
    FIRST_FETCH_AGAIN_AFTER,
    MAX_BYTES,
    MIN_LIFETIME,
    STALE_FOR,
    GoogleCertificates,
    Signature,
)
from common.errors import Unavailable
from local.stack.ports import free_port
from tests.integration.certificates import MAX_AGE, CertificateEndpoint, certificate_endpoint
from tests.tokens import new_key

KEY, NEWER_KEY = new_key(), new_key()
CERTIFICATES = {"a1b2c3": KEY.certificate}
NEWER = {"d4e5f6": NEWER_KEY.certificate}
SECOND = timedelta(seconds=1)
TIMEOUT = timedelta(seconds=0.5)
ELLIPTIC = (
    ec.generate_private_key(ec.SECP256R1())
    .public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)


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

    assert certificates("d4e5f6") is not None
    assert certificates("a1b2c3") is None


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
        with pytest.raises(Unavailable):
            certificates("d4e5f6")
    endpoint.status, endpoint.certificates = 200, NEWER

    clock.wait(FETCH_AGAIN_AFTER)

    assert certificates("d4e5f6") is not None
    assert endpoint.calls == 3


def test_a_call_that_the_old_certificates_answer_never_waits(
    certificates: GoogleCertificates, endpoint: CertificateEndpoint, clock: Clock
) -> None:
    first = certificates("a1b2c3")
    clock.wait(MAX_AGE)
    endpoint.stalls = True

    started = time.monotonic()

    assert [certificates("a1b2c3") for _ in range(4)] == [first] * 4
    assert time.monotonic() - started < 1


@pytest.mark.parametrize("age", [MAX_AGE, MAX_AGE + STALE_FOR], ids=["an unknown key", "too old"])
def test_a_call_that_the_old_certificates_cannot_answer_waits_for_the_fetch(
    certificates: GoogleCertificates, endpoint: CertificateEndpoint, clock: Clock, age: timedelta
) -> None:
    certificates("a1b2c3")
    clock.wait(age)
    endpoint.certificates, endpoint.seconds_per_byte = NEWER, 0.0002

    found = call_at_once(certificates, "d4e5f6", "d4e5f6", "unknown", "d4e5f6")

    assert [isinstance(each, Exception) or each is None for each in found] == [False, False, True, False]
    assert (found[2], endpoint.calls) == (None, 2)


def call_at_once(certificates: GoogleCertificates, *key_ids: str) -> list[Signature | Unavailable | None]:
    """Returns what each call returned or raised."""
    barrier, found = Barrier(len(key_ids)), dict[int, Signature | Unavailable | None]()

    def call(index: int, key_id: str) -> None:
        barrier.wait()
        try:
            found[index] = certificates(key_id)
        except Unavailable as error:
            found[index] = error

    threads = [Thread(target=call, args=each) for each in enumerate(key_ids)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [found[index] for index in range(len(key_ids))]


def test_concurrent_first_calls_fetch_once(certificates: GoogleCertificates, endpoint: CertificateEndpoint) -> None:
    found = call_at_once(certificates, *["a1b2c3"] * 8)

    assert not isinstance(found[0], Unavailable | None)
    assert (found, endpoint.calls) == ([found[0]] * 8, 1)


def test_concurrent_first_calls_share_a_failure(endpoint: CertificateEndpoint) -> None:
    endpoint.stalls = True
    certificates = GoogleCertificates(url=endpoint.url, timeout=TIMEOUT)
    started = time.monotonic()

    found = call_at_once(certificates, *["a1b2c3"] * 4)

    assert all(isinstance(each, Unavailable) for each in found)
    assert (time.monotonic() - started < 2 * TIMEOUT.total_seconds(), endpoint.calls) == (True, 1)


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
        *(
            (200, json.dumps(each).encode())
            for each in (
                {},
                {"": KEY.certificate},
                {"a\nb": KEY.certificate},
                {"x" * 129: KEY.certificate},
                {"a1b2c3": ELLIPTIC},
                {"a1b2c3": KEY.certificate, "padding": KEY.certificate + " " * MAX_BYTES},
            )
        ),
    ],
)
def test_an_answer_without_certificates_is_a_failure(
    certificates: GoogleCertificates, endpoint: CertificateEndpoint, clock: Clock, status: int, body: bytes
) -> None:
    endpoint.status, endpoint.body = status, body
    with pytest.raises(Unavailable):
        certificates("a1b2c3")

    endpoint.status, endpoint.body = 200, None
    clock.wait(FIRST_FETCH_AGAIN_AFTER)
    assert certificates("a1b2c3") is not None

    endpoint.status, endpoint.body = status, body
    clock.wait(MAX_AGE)
    with pytest.raises(Unavailable):
        certificates("d4e5f6")
    assert certificates("a1b2c3") is not None


@pytest.mark.parametrize(("stalls", "seconds_per_byte"), [(True, 0), (False, 0.1)], ids=["no answer", "a slow body"])
def test_an_endpoint_that_does_not_answer_in_time_is_unavailable(
    endpoint: CertificateEndpoint, stalls: bool, seconds_per_byte: float
) -> None:
    endpoint.stalls, endpoint.seconds_per_byte = stalls, seconds_per_byte
    started = time.monotonic()

    with pytest.raises(Unavailable):
        GoogleCertificates(url=endpoint.url, timeout=TIMEOUT)("a1b2c3")

    assert time.monotonic() - started < 2 * TIMEOUT.total_seconds()


def test_a_fetch_ends_at_its_deadline(endpoint: CertificateEndpoint) -> None:
    endpoint.seconds_per_byte = 0.1
    before = set(threading.enumerate())
    with pytest.raises(Unavailable):
        GoogleCertificates(url=endpoint.url, timeout=TIMEOUT)("a1b2c3")

    fetching = [each for each in threading.enumerate() if each not in before and "_run" in each.name]
    for thread in fetching:
        thread.join(TIMEOUT.total_seconds())

    assert not any(thread.is_alive() for thread in fetching)


def test_a_first_fetch_is_repeated_a_second_after_its_failure(
    certificates: GoogleCertificates, endpoint: CertificateEndpoint, clock: Clock
) -> None:
    endpoint.status = 503
    for _ in range(5):
        with pytest.raises(Unavailable):
            certificates("a1b2c3")
    endpoint.status = 200

    clock.wait(FIRST_FETCH_AGAIN_AFTER)

    assert certificates("a1b2c3") is not None
    assert endpoint.calls == 2


HOUR = timedelta(hours=1)
LIFETIMES = {
    "public, max-age=3600": HOUR,
    "Public, Max-Age=3600": HOUR,
    'MAX-AGE="3600"': HOUR,
    "must-revalidate,max-age=3600 , public": HOUR,
    "max-age=31": timedelta(seconds=31),
    "max-age=29": MIN_LIFETIME,
    "max-age=0": MIN_LIFETIME,
    "s-maxage=3600": MIN_LIFETIME,
    "x-max-age=3600": MIN_LIFETIME,
    "max-age=x": MIN_LIFETIME,
    "no-store": MIN_LIFETIME,
    "": MIN_LIFETIME,
    "max-age=" + "9" * 400: timedelta(seconds=2**31),
}


@pytest.mark.parametrize("cache_control", LIFETIMES)
def test_certificates_are_fresh_for_their_max_age_and_at_least_30_seconds(
    certificates: GoogleCertificates, endpoint: CertificateEndpoint, clock: Clock, cache_control: str
) -> None:
    endpoint.cache_control = cache_control
    certificates("a1b2c3")

    clock.wait(LIFETIMES[cache_control] - SECOND)
    assert (certificates("d4e5f6"), endpoint.calls) == (None, 1)

    clock.wait(SECOND)
    assert (certificates("d4e5f6"), endpoint.calls) == (None, 2)


def test_certificates_that_a_cache_kept_too_long_are_fresh_for_30_seconds(
    certificates: GoogleCertificates, endpoint: CertificateEndpoint, clock: Clock
) -> None:
    endpoint.age = MAX_AGE * 2
    certificates("a1b2c3")

    clock.wait(MIN_LIFETIME - SECOND)

    assert (certificates("d4e5f6"), endpoint.calls) == (None, 1)
