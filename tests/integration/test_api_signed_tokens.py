"""Signed tokens: real keys and certificates, from an endpoint like Google's."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import cached_property
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from flask import Flask, request

from common.caller import Caller
from common.errors import NotSignedIn, Unavailable
from common.identity import Identity, signed_tokens
from functions.dependencies import Dependencies
from functions.settings import Settings, read_settings
from local.emulators.firestore import PROJECT
from local.stack.ports import free_port
from tests.integration.certificates import Endpoint, Key, certificate_endpoint, new_key
from tests.serving import served

KID = "a1b2c3"


@pytest.fixture(scope="session")
def key() -> Key:
    return new_key()


@pytest.fixture(scope="session")
def older_key() -> Key:
    return new_key()


@pytest.fixture
def endpoint(key: Key, older_key: Key) -> Iterator[Endpoint]:
    with certificate_endpoint({KID: key.certificate, "older": older_key.certificate}) as served:
        yield served


@pytest.fixture
def identity(endpoint: Endpoint) -> Identity:
    return identity_at(endpoint.url)


def identity_at(url: str) -> Identity:
    tokens = signed_tokens(PROJECT, certificates_url=url, fetch_timeout=timedelta(seconds=0.5))
    return Identity(tokens, project=PROJECT, require_tenant=False)


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    return {
        "iss": f"https://securetoken.google.com/{PROJECT}",
        "aud": PROJECT,
        "sub": "alice",
        "iat": now,
        "exp": now + 3600,
        "auth_time": now,
    } | changed


def part(value: object) -> str:
    return encoded(json.dumps(value).encode())


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def signed(key: Key, told: Mapping[str, Any] | None = None, **header: Any) -> str:
    """The Authorization header with a token that the key signed, whatever the header says."""
    signing = f"{part({'alg': 'RS256', 'kid': KID, 'typ': 'JWT', **header})}.{part(claims() if told is None else told)}"
    signature = key.private.sign(signing.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"Bearer {signing}.{encoded(signature)}"


def confused(key: Key, secret: bytes) -> str:
    """A token signed with what everybody knows, by an algorithm that takes it for a secret."""
    signing = f"{part({'alg': 'HS256', 'kid': KID})}.{part(claims())}"
    return f"Bearer {signing}.{encoded(hmac.digest(secret, signing.encode(), hashlib.sha256))}"


def public_pem(key: Key) -> bytes:
    return key.private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def tampered(token: str) -> str:
    header, _, signature = token.split(".")
    return f"{header}.{part(claims(sub='mallory'))}.{signature}"


def test_a_token_of_firebase_is_accepted(identity: Identity, key: Key) -> None:
    assert identity.caller(signed(key)) == Caller(uid="alice", tenant="u:alice")


def test_the_tenant_of_a_signed_token_is_its_claim(identity: Identity, key: Key) -> None:
    assert identity.caller(signed(key, claims(tenant="clinic"))) == Caller(uid="alice", tenant="t:clinic")


def test_a_clock_that_is_seconds_off_does_no_harm(identity: Identity, key: Key) -> None:
    now = int(time.time())

    identity.caller(signed(key, claims(iat=now + 5)))
    identity.caller(signed(key, claims(exp=now - 5)))


BAD: dict[str, Callable[[Key], str]] = {
    "a key of ours": lambda _: signed(new_key()),
    "other claims than were signed": lambda key: tampered(signed(key)),
    "no signature": lambda key: f"{signed(key).rpartition('.')[0]}.",
    "the key of another id": lambda key: signed(key, kid="older"),
    "an unknown key id": lambda key: signed(key, kid="unknown"),
    "no key id": lambda key: signed(key, kid=None),
    "an empty key id": lambda key: signed(key, kid=""),
    "a key id that is a list": lambda key: signed(key, kid=[KID]),
    "algorithm none": lambda key: signed(key, alg="none"),
    "algorithm none without a signature": lambda key: f"{signed(key, alg='none').rpartition('.')[0]}.",
    "algorithm ES256": lambda key: signed(key, alg="ES256"),
    "no algorithm": lambda key: signed(key, alg=None),
    "the public key as a secret": lambda key: confused(key, public_pem(key)),
    "the certificate as a secret": lambda key: confused(key, key.certificate.encode()),
    "another audience": lambda key: signed(key, claims(aud="another")),
    "a list of audiences": lambda key: signed(key, claims(aud=[PROJECT])),
    "no audience": lambda key: signed(key, claims(aud=None)),
    "another issuer": lambda key: signed(key, claims(iss="https://accounts.google.com")),
    "the issuer of another project": lambda key: signed(key, claims(iss="https://securetoken.google.com/another")),
    "an expired token": lambda key: signed(key, claims(exp=int(time.time()) - 60)),
    "a token of tomorrow": lambda key: signed(key, claims(iat=int(time.time()) + 86400)),
    "an expiry that is a text": lambda key: signed(key, claims(exp="2999-01-01")),
    "no subject": lambda key: signed(key, claims(sub=None)),
    "an empty subject": lambda key: signed(key, claims(sub="")),
    "no claims": lambda key: signed(key, {}),
}


@pytest.mark.parametrize("case", BAD)
def test_a_token_that_is_not_firebases_for_this_project_is_refused(identity: Identity, key: Key, case: str) -> None:
    with pytest.raises(NotSignedIn):
        identity.caller(BAD[case](key))


def test_the_certificates_are_fetched_once_for_many_tokens(identity: Identity, endpoint: Endpoint, key: Key) -> None:
    for number in range(20):
        identity.caller(signed(key, claims(sub=f"user{number}")))

    assert endpoint.hits == 1


def test_the_certificates_are_fetched_again_after_their_max_age(
    identity: Identity, endpoint: Endpoint, key: Key
) -> None:
    endpoint.max_age = 1
    identity.caller(signed(key))
    newer = new_key()
    endpoint.certificates = {"newer": newer.certificate}

    deadline = time.monotonic() + 10
    while endpoint.hits < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
        with pytest.raises(NotSignedIn):
            identity.caller(signed(newer, kid="unknown"))

    assert identity.caller(signed(newer, kid="newer")).uid == "alice"


UNLIKE_FIREBASES = [
    "hello",
    "e30.e30.",
    "bnVsbA.e30.e30",
    *(
        f"{part({'alg': algorithm, 'kid': KID})}.{part(claims())}.c2ln"
        for algorithm in ("none", "HS256", "ES256", None)
    ),
    f"{part({'alg': 'RS256'})}.{part(claims())}.c2ln",
]


@pytest.mark.parametrize("token", UNLIKE_FIREBASES)
def test_what_cannot_be_firebases_is_refused_without_certificates(endpoint: Endpoint, token: str) -> None:
    with pytest.raises(NotSignedIn):
        identity_at(endpoint.url).caller(f"Bearer {token}")

    assert endpoint.hits == 0


def test_an_endpoint_that_is_down_is_nobodys_fault(key: Key) -> None:
    with pytest.raises(Unavailable):
        identity_at(f"http://127.0.0.1:{free_port()}/").caller(signed(key))


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, b"{}"), (404, b"{}"), (200, b"<html>"), (200, b"[]"), (200, b'{"keys": []}'), (200, b"\xff")],
)
def test_an_endpoint_that_has_no_certificates_is_nobodys_fault(
    identity: Identity, endpoint: Endpoint, key: Key, status: int, body: bytes
) -> None:
    endpoint.status, endpoint.body = status, body

    with pytest.raises(Unavailable):
        identity.caller(signed(key))


def test_an_endpoint_that_does_not_answer_is_given_up(identity: Identity, endpoint: Endpoint, key: Key) -> None:
    endpoint.stalled = True

    with pytest.raises(Unavailable):
        identity.caller(signed(key))


def test_an_endpoint_that_has_recovered_is_asked_again(identity: Identity, endpoint: Endpoint, key: Key) -> None:
    endpoint.status = 503
    with pytest.raises(Unavailable):
        identity.caller(signed(key))
    endpoint.status = 200

    assert identity.caller(signed(key)).uid == "alice"


class DeployedDependencies(Dependencies):
    """The parts of a deployed function, with another URL of the certificates."""

    def __init__(self, settings: Settings, *, certificates_url: str) -> None:
        super().__init__(settings)
        self._certificates_url = certificates_url

    @cached_property
    def identity(self) -> Identity:
        assert not self.settings.accepts_unsigned_tokens
        verifier = signed_tokens(self.settings.project, certificates_url=self._certificates_url)
        return Identity(verifier, project=self.settings.project, require_tenant=False)


@pytest.fixture
def deployed(api_environment: Mapping[str, str], endpoint: Endpoint) -> Iterator[str]:
    """The URL of an API with the settings of Cloud Run that fetches its certificates from `endpoint`."""
    settings = read_settings({"GOOGLE_CLOUD_PROJECT": PROJECT, **api_environment, "K_SERVICE": "api"})
    app = Flask(__name__)
    api = DeployedDependencies(settings, certificates_url=endpoint.url).api
    app.add_url_rule("/requests", view_func=lambda: api.answer(request))
    with served(app) as url:
        yield url


def test_a_deployed_api_takes_a_signed_token(deployed: str, key: Key) -> None:
    assert httpx.get(f"{deployed}/requests", headers={"Authorization": signed(key)}).json() == {"requests": []}


def test_a_deployed_api_without_certificates_says_repeat(deployed: str, endpoint: Endpoint, key: Key) -> None:
    endpoint.status = 503

    answer = httpx.get(f"{deployed}/requests", headers={"Authorization": signed(key)})

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
