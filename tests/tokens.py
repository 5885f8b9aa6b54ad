"""Firebase ID tokens for tests, signed with keys that the tests create."""

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from local.emulators.firestore import PROJECT

KEY_ID = "a1b2c3"
NO_TIMES: dict[str, Any] = {
    "absent": None,
    "a boolean": True,
    "a text": "1",
    "a list": [1],
    "NaN": float("nan"),
    "infinity": float("inf"),
    "negative infinity": float("-inf"),
}


@dataclass(frozen=True)
class Key:
    """A private key and its certificate."""

    private: rsa.RSAPrivateKey
    certificate: str

    def write(self, path: Path) -> None:
        """Writes both for a TLS server at 127.0.0.1."""
        private = self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_text(self.certificate + private.decode())


def new_key() -> Key:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "securetoken.system.gserviceaccount.com")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(private, hashes.SHA256())
    )
    return Key(private, certificate.public_bytes(serialization.Encoding.PEM).decode())


def firebase_claims(**changed: Any) -> dict[str, Any]:
    """Returns the claims of a valid token of Alice, with changes."""
    now = int(time.time())
    claims = {
        "iss": f"https://securetoken.google.com/{PROJECT}",
        "aud": PROJECT,
        "sub": "alice",
        "iat": now,
        "exp": now + 3600,
        "auth_time": now,
    }
    return claims | changed


def signed_token(key: Key, claims: Mapping[str, Any] | None = None, **header: Any) -> str:
    """Returns a token that the key signed with RS256, even if `header` states another algorithm."""
    content = token_content(firebase_claims() if claims is None else claims, **header)
    return f"{content}.{encode(key.private.sign(content.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def token_content(claims: Any, **header: Any) -> str:
    """Returns the part of a token that is signed: header and claims."""
    return f"{encode_json({'alg': 'RS256', 'kid': KEY_ID, 'typ': 'JWT', **header})}.{encode_json(claims)}"


def encode_json(value: object) -> str:
    return encode(json.dumps(value).encode())


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
