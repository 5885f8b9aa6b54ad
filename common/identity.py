"""Identifies callers by Firebase ID tokens, verified as in Firebase's 'Verify ID tokens' for third-party libraries.

Unsigned tokens are for the local stack only: `Settings.accepts_unsigned_tokens` decides.
"""

import base64
import binascii
import json
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Protocol, TypeGuard

import cachecontrol
import requests
from google.auth import exceptions, jwt
from pydantic import TypeAdapter, ValidationError

from common.caller import Caller
from common.errors import Forbidden, NotSignedIn, Unavailable

CERTIFICATES_URL = "https://www.googleapis.com/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com"
CLOCK_SKEW_SECONDS = 10
FETCH_TIMEOUT = timedelta(seconds=5)
MAX_NAME_CHARACTERS = 128  # of a uid, as Firebase bounds it, and of a tenant

Claims = Mapping[str, Any]
_CERTIFICATES = TypeAdapter(dict[str, str])  # PEM by key id


class Verifier(Protocol):
    """Verifies signature, audience and expiry of a token and returns its claims. Raises NotSignedIn."""

    def __call__(self, token: str) -> Claims: ...


class Certificates(Protocol):
    """Returns the certificates of the signing keys, as PEM by key id. Raises Unavailable."""

    def __call__(self) -> Mapping[str, str]: ...


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
        if not _is_name(uid):
            raise NotSignedIn("The token has no user id.")
        if tenant is None and self._require_tenant:
            raise Forbidden("The token has no tenant claim, which is required here.")
        if tenant is not None and not _is_name(tenant):
            raise Forbidden(f"The token's tenant claim is not a text of 1 to {MAX_NAME_CHARACTERS} characters.")
        return Caller(uid=uid, tenant=f"u:{uid}" if tenant is None else f"t:{tenant}")


def _is_name(claim: object) -> TypeGuard[str]:
    return isinstance(claim, str) and claim.isprintable() and 0 < len(claim) <= MAX_NAME_CHARACTERS


def google_certificates(*, url: str = CERTIFICATES_URL, timeout: timedelta = FETCH_TIMEOUT) -> Certificates:
    """Returns a source that fetches Google's certificates and caches them for their max-age."""
    session = requests.Session()
    session.mount("https://", adapter := cachecontrol.CacheControlAdapter())
    session.mount("http://", adapter)

    def fetch() -> dict[str, str]:
        try:
            answer = session.get(url, timeout=timeout.total_seconds())
            answer.raise_for_status()
            return _CERTIFICATES.validate_json(answer.content)
        except (requests.RequestException, ValidationError) as error:
            raise Unavailable("The certificates for token verification could not be fetched") from error

    return fetch


def signed_tokens(project: str, certificates: Certificates) -> Verifier:
    """Returns a verifier of tokens that Firebase has signed for the project."""

    def verify(token: str) -> Claims:
        try:
            header = jwt.decode_header(token)
            if header.get("alg") != "RS256" or not _is_name(header.get("kid")):  # without a key id, any key would match
                raise NotSignedIn("The token is not signed like a Firebase ID token.")
            claims: Claims = jwt.decode(
                token, certs=certificates(), audience=project, clock_skew_in_seconds=CLOCK_SKEW_SECONDS
            )
        except (ValueError, TypeError, RecursionError, exceptions.GoogleAuthError) as error:
            raise NotSignedIn("The token is not valid, is for another project, or has expired.") from error
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
        if not isinstance(claims, dict) or claims.get("aud") != project:
            raise NotSignedIn("The token is for another project.")
        expires = claims.get("exp")
        if not isinstance(expires, int | float) or not expires >= time.time() - CLOCK_SKEW_SECONDS:  # NaN is neither
            raise NotSignedIn("The token has expired.")
        return claims

    return verify


def _decode(part: str) -> Any:
    if not part:
        return None
    try:
        return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, UnicodeDecodeError, RecursionError) as error:
        raise ValueError("not base64url") from error
