"""Verification of signed tokens, with real keys and certificates."""

import hashlib
import hmac
import time
from collections.abc import Callable
from typing import NoReturn

import pytest
from cryptography.hazmat.primitives import serialization
from google.auth.crypt import RSAVerifier

from common.errors import NotSignedIn
from common.identity import Verifier, signed_tokens
from local.emulators.firestore import PROJECT
from tests.tokens import (
    KEY_ID,
    NO_TIMES,
    Key,
    encode,
    encode_json,
    firebase_claims,
    new_key,
    signed_token,
    token_content,
)


@pytest.fixture(scope="module")
def key() -> Key:
    return new_key()


@pytest.fixture(scope="module")
def certificates(key: Key) -> dict[str, RSAVerifier]:
    return {name: RSAVerifier.from_string(each.certificate) for name, each in ((KEY_ID, key), ("older", new_key()))}


@pytest.fixture
def verify(certificates: dict[str, RSAVerifier]) -> Verifier:
    return signed_tokens(PROJECT, certificates.get)


def signed_with_secret(secret: bytes) -> str:
    """Returns a token signed by an algorithm that uses the secret in place of a public key."""
    content = token_content(firebase_claims(), alg="HS256")
    return f"{content}.{encode(hmac.digest(secret, content.encode(), hashlib.sha256))}"


def public_key(key: Key) -> bytes:
    return key.private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def with_other_claims(token: str) -> str:
    header, _, signature = token.split(".")
    return f"{header}.{encode_json(firebase_claims(sub='mallory'))}.{signature}"


def without_signature(token: str) -> str:
    return f"{token.rpartition('.')[0]}."


def test_a_firebase_token_is_accepted_with_its_claims(verify: Verifier, key: Key) -> None:
    claims = firebase_claims(tenant="clinic")

    assert verify(signed_token(key, claims)) == claims


def test_a_clock_may_differ_by_seconds(verify: Verifier, key: Key) -> None:
    now = int(time.time())

    verify(signed_token(key, firebase_claims(iat=now + 5, auth_time=now + 5)))
    verify(signed_token(key, firebase_claims(exp=now - 5)))


INVALID: dict[str, Callable[[Key], str]] = {
    "another key": lambda _: signed_token(new_key()),
    "other claims": lambda key: with_other_claims(signed_token(key)),
    "no signature": lambda key: without_signature(signed_token(key)),
    "the id of another key": lambda key: signed_token(key, kid="older"),
    "an unknown key id": lambda key: signed_token(key, kid="unknown"),
    "no key id": lambda key: signed_token(key, kid=None),
    "an empty key id": lambda key: signed_token(key, kid=""),
    "a list as key id": lambda key: signed_token(key, kid=[KEY_ID]),
    "algorithm none": lambda key: signed_token(key, alg="none"),
    "algorithm none without a signature": lambda key: without_signature(signed_token(key, alg="none")),
    "algorithm ES256": lambda key: signed_token(key, alg="ES256"),
    "no algorithm": lambda key: signed_token(key, alg=None),
    "the public key as a secret": lambda key: signed_with_secret(public_key(key)),
    "the certificate as a secret": lambda key: signed_with_secret(key.certificate.encode()),
    "another audience": lambda key: signed_token(key, firebase_claims(aud="another")),
    "a list of audiences": lambda key: signed_token(key, firebase_claims(aud=[PROJECT])),
    "no audience": lambda key: signed_token(key, firebase_claims(aud=None)),
    "an expired token": lambda key: signed_token(key, firebase_claims(exp=int(time.time()) - 60)),
    "a token issued tomorrow": lambda key: signed_token(key, firebase_claims(iat=int(time.time()) + 86400)),
    "a sign-in in the future": lambda key: signed_token(key, firebase_claims(auth_time=int(time.time()) + 60)),
    "a text as expiry": lambda key: signed_token(key, firebase_claims(exp="2999-01-01")),
    "no claims": lambda key: signed_token(key, {}),
}


@pytest.mark.parametrize("case", INVALID)
def test_an_invalid_token_is_refused(verify: Verifier, key: Key, case: str) -> None:
    with pytest.raises(NotSignedIn):
        verify(INVALID[case](key))


@pytest.mark.parametrize("case", NO_TIMES)
@pytest.mark.parametrize("name", ["exp", "iat", "auth_time"])
def test_a_token_without_its_times_is_refused(verify: Verifier, key: Key, name: str, case: str) -> None:
    with pytest.raises(NotSignedIn, match=f"^The token's {name} is not a number.$"):
        verify(signed_token(key, firebase_claims(**{name: NO_TIMES[case]})))


NOT_LIKE_FIREBASE = {
    "one part": "hello",
    "an empty header": "e30.e30.",
    "null as header": "bnVsbA.e30.e30",
    "algorithm none": f"{token_content(firebase_claims(), alg='none')}.c2ln",
    "algorithm HS256": f"{token_content(firebase_claims(), alg='HS256')}.c2ln",
    "algorithm ES256": f"{token_content(firebase_claims(), alg='ES256')}.c2ln",
    "no algorithm": f"{token_content(firebase_claims(), alg=None)}.c2ln",
    "no key id": f"{token_content(firebase_claims(), kid=None)}.c2ln",
}


@pytest.mark.parametrize("case", NOT_LIKE_FIREBASE)
def test_a_token_unlike_firebases_is_refused_before_certificates_are_fetched(case: str) -> None:
    def certificates(key_id: str) -> NoReturn:
        pytest.fail("fetched certificates")

    with pytest.raises(NotSignedIn):
        signed_tokens(PROJECT, certificates)(NOT_LIKE_FIREBASE[case])


REASONS = {
    "The token is not valid.": "hello",
    "The token is not signed like a Firebase ID token.": NOT_LIKE_FIREBASE["no key id"],
}


@pytest.mark.parametrize("reason", REASONS)
def test_a_refusal_states_its_reason(verify: Verifier, reason: str) -> None:
    with pytest.raises(NotSignedIn) as refusal:
        verify(REASONS[reason])

    assert str(refusal.value) == reason
