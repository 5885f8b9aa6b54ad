"""Verification of the local stack's unsigned tokens."""

import base64
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from common.errors import NotSignedIn
from common.identity import unsigned_tokens
from local.emulators.firestore import PROJECT
from local.token import unsigned_token
from tests.tokens import NO_TIMES, encode, encode_json

VALID = unsigned_token("alice")
CLAIMS = json.loads(base64.urlsafe_b64decode(VALID.split(".")[1] + "=="))
UNSIGNED = {"alg": "none", "typ": "JWT"}


def unsigned(header: Any, claims: Any) -> str:
    return f"{encode_json(header)}.{encode_json(claims)}."


def with_claims(**claims: Any) -> str:
    return unsigned_token("alice", claims=claims)


def test_an_unsigned_token_is_accepted_with_its_claims() -> None:
    assert unsigned_tokens(PROJECT)(VALID) == CLAIMS


@pytest.mark.parametrize("name", ["a", "al", "ali", "alic"])
def test_base64_of_every_length_is_decoded(name: str) -> None:
    claims = {**CLAIMS, "sub": name}

    assert unsigned_tokens(PROJECT)(unsigned(UNSIGNED, claims)) == claims


def test_a_clock_may_differ_by_seconds() -> None:
    now = time.time()

    assert unsigned_tokens(PROJECT)(with_claims(exp=now - 5, iat=now + 5, auth_time=now + 5))["sub"] == "alice"


INVALID = {
    "one part": "hello",
    "two parts": VALID.rpartition(".")[0],
    "four parts": f"{VALID}.",
    "two tokens": f"{VALID} {VALID}",
    "empty parts": "..",
    "no base64": "%%%.%%%.",
    "characters outside ASCII": "ä.ö.ü",
    "a list as header": unsigned([], CLAIMS),
    "a deeply nested header": f"{encode(b'[' * 5000)}.e30.",
    "a list as claims": unsigned(UNSIGNED, []),
    "a signature": f"{VALID}c2ln",
    "another algorithm": unsigned({**UNSIGNED, "alg": "RS256"}, CLAIMS),
    "an expired token": unsigned_token("alice", now=datetime.now(UTC) - timedelta(hours=2)),
    "no expiry": with_claims(exp=None),
    "a text as expiry": with_claims(exp="tomorrow"),
    "NaN as expiry": with_claims(exp=float("nan")),
    "issued in the future": with_claims(iat=time.time() + 600),
    "a sign-in in the future": with_claims(auth_time=time.time() + 600),
    "NaN as time of issue": with_claims(iat=float("nan")),
    "a text as sign-in": with_claims(auth_time="yesterday"),
    "another audience": with_claims(aud="another"),
    "a list of audiences": with_claims(aud=[PROJECT]),
}


@pytest.mark.parametrize("case", INVALID)
def test_an_invalid_token_is_refused(case: str) -> None:
    with pytest.raises(NotSignedIn):
        unsigned_tokens(PROJECT)(INVALID[case])


@pytest.mark.parametrize("case", NO_TIMES)
@pytest.mark.parametrize("name", ["exp", "iat", "auth_time"])
def test_a_token_without_its_times_is_refused(name: str, case: str) -> None:
    with pytest.raises(NotSignedIn, match=f"^The token's {name} is not a number.$"):
        unsigned_tokens(PROJECT)(with_claims(**{name: NO_TIMES[case]}))


REASONS = {
    "The token is not a JSON Web Token.": INVALID["one part"],
    "The local stack accepts unsigned tokens only; python -m local.token NAME prints one.": INVALID[
        "another algorithm"
    ],
    "The token is for another project.": INVALID["another audience"],
    "The token has expired.": INVALID["an expired token"],
    "The token has no claims.": INVALID["a list as claims"],
    "The token's iat is not in the past; is a clock wrong?": INVALID["issued in the future"],
    "The token's auth_time is not in the past; is a clock wrong?": INVALID["a sign-in in the future"],
}


@pytest.mark.parametrize("reason", REASONS)
def test_a_refusal_states_its_reason(reason: str) -> None:
    with pytest.raises(NotSignedIn) as refusal:
        unsigned_tokens(PROJECT)(REASONS[reason])

    assert str(refusal.value) == reason
