"""Issues tokens that look like Google's, signed by a key that exists only in this process."""

from datetime import datetime, timedelta
from functools import cached_property
from hashlib import sha256
from threading import Lock

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt
from google.auth.crypt import RSASigner

ISSUER = "https://accounts.google.com"
LIFETIME = timedelta(hours=1)
_REUSE = timedelta(minutes=5)


class LocalTokenIssuer:
    """Reuses a token for some minutes, since signing takes longer than the rest of a dispatch."""

    def __init__(self) -> None:
        self._issued: dict[tuple[str, str], tuple[datetime, str]] = {}
        self._lock = Lock()

    def oidc(self, *, email: str, audience: str, now: datetime) -> str:
        """A JWT (RS256) with exactly the claims of a token of the real service."""
        with self._lock:
            issued_at, token = self._issued.get((email, audience), (None, ""))
            if issued_at is None or not issued_at <= now < issued_at + _REUSE:
                token = self._sign(email, audience, now)
                self._issued[email, audience] = (now, token)
            return token

    def oauth(self, *, email: str, scope: str, now: datetime) -> str:
        """An opaque text that no service accepts."""
        return f"ya29.local-{sha256(f'{email} {scope} {now:%Y%m%d%H}'.encode()).hexdigest()}"

    @cached_property
    def public_key(self) -> bytes:
        """The public key that verifies the tokens, as PEM."""
        return self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @cached_property
    def _signer(self) -> RSASigner:
        private = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        signer: RSASigner = RSASigner.from_string(private, key_id=sha256(self.public_key).hexdigest()[:40])
        return signer

    def _sign(self, email: str, audience: str, now: datetime) -> str:
        account = _account_id(email)
        issued_seconds = int(now.timestamp())
        claims = {
            "iss": ISSUER,
            "aud": audience,
            "azp": account,
            "sub": account,
            "email": email,
            "email_verified": True,
            "iat": issued_seconds,
            "exp": issued_seconds + int(LIFETIME.total_seconds()),
        }
        encoded: bytes = jwt.encode(self._signer, claims)
        return encoded.decode()


def _account_id(email: str) -> str:
    """A numeric id like that of a service account, always the same for an email."""
    return str(10**20 + int(sha256(email.encode()).hexdigest(), 16) % 10**20)
