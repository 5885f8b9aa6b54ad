"""The unsigned ID tokens of the local stack."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

from local.token import unsigned_token

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())


def parts(token: str) -> list[dict[str, Any]]:
    header, claims, signature = token.split(".")
    assert signature == ""
    return [json.loads(base64.urlsafe_b64decode(part + "===")) for part in (header, claims)]


def test_a_token_has_the_claims_of_firebase_and_no_signature() -> None:
    assert parts(unsigned_token("alice", now=NOW)) == [
        {"alg": "none", "typ": "JWT"},
        {
            "iss": "https://securetoken.google.com/demo-local",
            "aud": "demo-local",
            "sub": "alice",
            "user_id": "alice",
            "iat": SECONDS,
            "exp": SECONDS + 3600,
            "auth_time": SECONDS,
            "email": "alice@example.com",
            "email_verified": True,
            "firebase": {"identities": {}, "sign_in_provider": "custom"},
        },
    ]


def test_claims_can_be_added_and_replaced() -> None:
    claims = parts(unsigned_token("alice", tenant="clinic", email="a@clinic.example", claims={"exp": 1}))[1]

    assert (claims["tenant"], claims["email"], claims["exp"]) == ("clinic", "a@clinic.example", 1)
