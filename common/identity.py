"""Identifies callers by Firebase ID tokens, verified as in Firebase's 'Verify ID tokens' for third-party libraries.

Unsigned tokens are for the local stack only: `Settings.accepts_unsigned_tokens` decides.
"""

import base64
import binascii
import json
import math
import time
from collections.abc import Mapping
from typing import Any, Protocol

from google.auth import exceptions, jwt

from common.caller import MAX_NAME_CHARACTERS, SYSTEM_TENANT, Caller, is_name
from common.certificates import Signature
from common.errors import Forbidden, NotSignedIn

CLOCK_SKEW_SECONDS = 10  # between Google's clock, or the caller's in the local stack, and ours
NOT_VALID = "The token is not valid."

Claims = Mapping[str, Any]


class Verifier(Protocol):
    """Verifies signature, audience and times of a token and returns its claims. Raises NotSignedIn or Unavailable."""

    def __call__(self, token: str) -> Claims: ...


class Certificates(Protocol):
    """Returns the key of an id, or None if there is none. Raises Unavailable."""

    def __call__(self, key_id: str, /) -> Signature | None: ...


class Identity:
    """Returns the caller of a bearer token."""

    def __init__(self, verify: Verifier, *, project: str, require_tenant: bool) -> None:
        self._verify = verify
        self._issuer = f"https://securetoken.google.com/{project}"
        self._require_tenant = require_tenant

    def caller(self, authorization: str | None) -> Caller:
        """Raises NotSignedIn; Forbidden if a required tenant is missing; Unavailable without certificates."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise NotSignedIn("Send a Firebase ID token: Authorization: Bearer <token>.")
        claims = self._verify(token.strip())
        uid, tenant = claims.get("sub"), claims.get("tenant")
        if claims.get("iss") != self._issuer:
            raise NotSignedIn("The token was issued for another project.")
        if not is_name(uid):
            raise NotSignedIn("The token has no user id.")
        if tenant is None and self._require_tenant:
            raise Forbidden("The token has no tenant claim, which is required here.")
        if tenant is not None and not is_name(tenant):
            raise Forbidden(f"The token's tenant claim is not a text of 1 to {MAX_NAME_CHARACTERS} characters.")
        if f"t:{tenant}" == SYSTEM_TENANT:
            raise Forbidden("The token's tenant claim is reserved for recurring requests.")
        return Caller(uid=uid, tenant=f"u:{uid}" if tenant is None else f"t:{tenant}")


def signed_tokens(project: str, certificates: Certificates) -> Verifier:
    """Returns a verifier of tokens that Firebase has signed for the project."""

    def verify(token: str) -> Claims:
        try:
            header = jwt.decode_header(token)
            claims: Claims = jwt.decode(token, verify=False)
            if header.get("alg") != "RS256" or not is_name(key_id := header.get("kid")):
                raise NotSignedIn("The token is not signed like a Firebase ID token.")
            content, _, signature = token.rpartition(".")
            key = certificates(key_id)
            if key is None or not key.verify(content.encode(), base64.urlsafe_b64decode(_padded(signature))):
                raise NotSignedIn(NOT_VALID)
        except (ValueError, TypeError, RecursionError, exceptions.GoogleAuthError) as error:
            raise NotSignedIn(NOT_VALID) from error
        _check(claims, project)
        return claims

    return verify


def unsigned_tokens(project: str) -> Verifier:
    """Returns a verifier that accepts unsigned tokens (alg none), as the Firestore emulator does. Local stack only."""

    def verify(token: str) -> Claims:
        try:
            header, claims, signature = (_decode(part) for part in token.split("."))
        except ValueError as error:
            raise NotSignedIn("The token is not a JSON Web Token.") from error
        if not isinstance(header, dict) or header.get("alg") != "none" or signature is not None:
            raise NotSignedIn("The local stack accepts unsigned tokens only; python -m local.token NAME prints one.")
        if not isinstance(claims, dict):
            raise NotSignedIn("The token has no claims.")
        _check(claims, project)
        return claims

    return verify


def _check(claims: Claims, project: str) -> None:
    """Raises NotSignedIn for a token of another project, or one whose times are missing, past or in the future."""
    if claims.get("aud") != project:
        raise NotSignedIn("The token is for another project.")
    for name in ("exp", "iat", "auth_time"):
        if not _is_finite(claims.get(name)):
            raise NotSignedIn(f"The token's {name} is not a number.")
    now = time.time()
    if claims["exp"] < now - CLOCK_SKEW_SECONDS:
        raise NotSignedIn("The token has expired.")
    for name in ("iat", "auth_time"):
        if claims[name] > now + CLOCK_SKEW_SECONDS:
            raise NotSignedIn(f"The token's {name} is not in the past; is a clock wrong?")


def _is_finite(claim: object) -> bool:
    return type(claim) is int or (isinstance(claim, float) and math.isfinite(claim))  # a bool is no int here


def _decode(part: str) -> Any:
    if not part:
        return None
    try:
        return json.loads(base64.urlsafe_b64decode(_padded(part)))
    except (binascii.Error, UnicodeDecodeError, RecursionError) as error:
        raise ValueError("not base64url") from error


def _padded(part: str) -> str:
    return part + "=" * (-len(part) % 4)
