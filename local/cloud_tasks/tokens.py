"""Tokens as Google's look, signed by a key that is made when it is first needed and known to nobody else."""

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
_REUSED_FOR = timedelta(minutes=5)


class LocalTokens:
    """Signing is slow beside everything else here, so a token is reused for a while."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str], tuple[datetime, str]] = {}
        self._lock = Lock()

    def oidc(self, *, email: str, audience: str, now: datetime) -> str:
        """A JWT with exactly the claims of the real service's; RS256."""
        with self._lock:
            made_at, token = self._made.get((email, audience), (None, ""))
            if made_at is None or not made_at <= now < made_at + _REUSED_FOR:
                token = self._sign(email, audience, now)
                self._made[email, audience] = (now, token)
            return token

    def oauth(self, *, email: str, scope: str, now: datetime) -> str:
        """An opaque text; nothing accepts it."""
        return f"ya29.local-{sha256(f'{email} {scope} {now:%Y%m%d%H}'.encode()).hexdigest()}"

    @cached_property
    def public_key(self) -> bytes:
        """The PEM by which the tokens can be verified."""
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
        account = account_id(email)
        issued = int(now.timestamp())
        claims = {
            "iss": ISSUER,
            "aud": audience,
            "azp": account,
            "sub": account,
            "email": email,
            "email_verified": True,
            "iat": issued,
            "exp": issued + int(LIFETIME.total_seconds()),
        }
        encoded: bytes = jwt.encode(self._signer, claims)
        return encoded.decode()


def account_id(email: str) -> str:
    """A numeric id as service accounts have it, always the same for an email."""
    return str(10**20 + int(sha256(email.encode()).hexdigest(), 16) % 10**20)
