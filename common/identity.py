"""Who calls: Firebase ID tokens, verified as Firebase's 'Verify ID tokens' says for third-party libraries.

Unsigned tokens exist for the local stack alone. Whether they may be accepted is decided from the environment, once.
"""

import base64
import binascii
import json
import time
from collections.abc import Mapping
from functools import partial
from typing import Any, Protocol

import cachecontrol
import requests
from google.auth import exceptions
from google.auth.transport.requests import Request
from google.oauth2 import id_token

from common.errors import Forbidden, NotSignedIn, Unavailable
from common.intake import Caller

CERTIFICATES_URL = "https://www.googleapis.com/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com"
CLOCK_SKEW_SECONDS = 10
CERTIFICATES_TIMEOUT_SECONDS = 5

Claims = Mapping[str, Any]


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
        if not isinstance(uid, str) or not uid.isprintable() or not 0 < len(uid) <= 128:
            raise NotSignedIn("The token names nobody.")
        if tenant is None and self._require_tenant:
            raise Forbidden("The token has no tenant claim, which is required here.")
        if tenant is not None and (not isinstance(tenant, str) or not tenant or not tenant.isprintable()):
            raise Forbidden("The token's tenant claim is not a text.")
        return Caller(uid=uid, tenant=f"u:{uid}" if tenant is None else f"t:{tenant}")


def signed_tokens(project: str, *, certificates_url: str = CERTIFICATES_URL) -> Verifier:
    """Verifies signatures with Google's certificates, which are cached for as long as they say."""
    session = requests.Session()
    session.mount("https://", adapter := cachecontrol.CacheControlAdapter())
    session.mount("http://", adapter)
    fetch = Request(session=session)

    within_timeout: Any = partial(fetch, timeout=CERTIFICATES_TIMEOUT_SECONDS)

    def verify(token: str) -> Claims:
        try:
            claims: Claims = id_token.verify_token(
                token,
                within_timeout,
                audience=project,
                certs_url=certificates_url,
                clock_skew_in_seconds=CLOCK_SKEW_SECONDS,
            )
        except exceptions.TransportError as error:
            raise Unavailable("The certificates that tokens are verified with could not be fetched") from error
        except (ValueError, RecursionError, exceptions.GoogleAuthError) as error:
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
        if not isinstance(expires, int | float) or expires < time.time() - CLOCK_SKEW_SECONDS:
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
