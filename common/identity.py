"""Who calls: Firebase ID tokens, verified as Firebase's 'Verify ID tokens' says for third-party libraries.

Unsigned tokens exist for the local stack alone. Whether they may be accepted is decided from the environment, once.
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
FETCH_WITHIN = timedelta(seconds=5)
MAX_NAME_CHARACTERS = 128  # of a uid, as Firebase bounds it, and of a tenant

Claims = Mapping[str, Any]
_CERTIFICATES = TypeAdapter(dict[str, str])  # PEM by key id


class Verifier(Protocol):
    """Checks signature, audience and expiry of a token and returns its claims. Raises NotSignedIn."""

    def __call__(self, token: str) -> Claims: ...


class Identity:
    """Turns a bearer token into a caller."""

    def __init__(self, verify: Verifier, *, project: str, require_tenant: bool) -> None:
        self._verify = verify
        self._issuer = f"https://securetoken.google.com/{project}"
        self._require_tenant = require_tenant

    def caller(self, authorization: str | None) -> Caller:
        """Raises NotSignedIn, Forbidden when a tenant is required, or Unavailable without certificates."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise NotSignedIn("Send a Firebase ID token: Authorization: Bearer <token>.")
        claims = self._verify(token.strip())
        uid, tenant = claims.get("sub"), claims.get("tenant")
        if claims.get("iss") != self._issuer:
            raise NotSignedIn("The token was issued for another project.")
        if not _is_name(uid):
            raise NotSignedIn("The token names nobody.")
        if tenant is None and self._require_tenant:
            raise Forbidden("The token has no tenant claim, which is required here.")
        if tenant is not None and not _is_name(tenant):
            raise Forbidden(f"The token's tenant claim is not a text of 1 to {MAX_NAME_CHARACTERS} characters.")
        return Caller(uid=uid, tenant=f"u:{uid}" if tenant is None else f"t:{tenant}")


def _is_name(claim: object) -> TypeGuard[str]:
    return isinstance(claim, str) and claim.isprintable() and 0 < len(claim) <= MAX_NAME_CHARACTERS


def signed_tokens(
    project: str, *, certificates_url: str = CERTIFICATES_URL, fetch_within: timedelta = FETCH_WITHIN
) -> Verifier:
    """Verifies signatures with Google's certificates, which are cached for as long as they say."""
    session = requests.Session()
    session.mount("https://", adapter := cachecontrol.CacheControlAdapter())
    session.mount("http://", adapter)

    def certificates() -> dict[str, str]:
        try:
            answer = session.get(certificates_url, timeout=fetch_within.total_seconds())
            answer.raise_for_status()
            return _CERTIFICATES.validate_json(answer.content)
        except (requests.RequestException, ValidationError) as error:
            raise Unavailable("The certificates that tokens are verified with could not be fetched") from error

    def verify(token: str) -> Claims:
        try:
            header = jwt.decode_header(token)
            if header.get("alg") != "RS256" or not _is_name(header.get("kid")):  # without one, any key would do
                raise NotSignedIn("The token is not signed as Firebase signs its ID tokens.")
            claims: Claims = jwt.decode(
                token, certs=certificates(), audience=project, clock_skew_in_seconds=CLOCK_SKEW_SECONDS
            )
        except (ValueError, TypeError, RecursionError, exceptions.GoogleAuthError) as error:
            raise NotSignedIn("The token is not valid, is for another project, or has expired.") from error
        return claims

    return verify


def unsigned_tokens(project: str) -> Verifier:
    """Believes unsigned tokens (alg none) for `project`, as the Firestore emulator does. For the local stack alone."""

    def verify(token: str) -> Claims:
        try:
            header, claims, signature = (_decode(part) for part in token.split("."))
        except ValueError as error:
            raise NotSignedIn("The token is not a JSON Web Token.") from error
        if not isinstance(header, dict) or header.get("alg") != "none" or signature is not None:
            raise NotSignedIn("The local stack takes unsigned tokens only: python -m local.token NAME prints one.")
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


def is_local(environment: Mapping[str, str]) -> bool:
    """Whether unsigned tokens may be believed: with the Firestore emulator, and never on Cloud Run.

    Cloud Run sets K_SERVICE (Container runtime contract, environment variables).
    """
    return bool(environment.get("FIRESTORE_EMULATOR_HOST")) and "K_SERVICE" not in environment
