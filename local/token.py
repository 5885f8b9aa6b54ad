"""Prints an ID token for curl:  curl -H "Authorization: Bearer $(python -m local.token ann)" ...

It is unsigned, as from the Firebase Auth emulator. Only the Firestore emulator and functions that use it accept it.
"""

import argparse
import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from local.emulators.firestore import PROJECT

VALID_FOR = timedelta(hours=1)


def unsigned_token(
    name: str,
    *,
    tenant: str | None = None,
    email: str | None = None,
    project: str = PROJECT,
    now: datetime | None = None,
    claims: Mapping[str, Any] | None = None,
) -> str:
    """A token of the user `name` with the claims that Firebase sets; `claims` adds to them or overrides them."""
    issued = now or datetime.now(UTC)
    payload = {
        "iss": f"https://securetoken.google.com/{project}",
        "aud": project,
        "sub": name,
        "user_id": name,
        "iat": int(issued.timestamp()),
        "exp": int((issued + VALID_FOR).timestamp()),
        "auth_time": int(issued.timestamp()),
        "email": email or f"{name}@example.com",
        "email_verified": True,
        "firebase": {"identities": {}, "sign_in_provider": "custom"},
        **({} if tenant is None else {"tenant": tenant}),
        **(claims or {}),
    }
    return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(payload)}."


def _part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.token", description="Print an ID token for the local stack.")
    parser.add_argument("name", help="the user's uid")
    parser.add_argument("--tenant", help="the tenant claim (default: none; the user is a tenant alone)")
    parser.add_argument("--email", help="verified e-mail address (default: NAME@example.com)")
    options = parser.parse_args()
    print(unsigned_token(options.name, tenant=options.tenant, email=options.email))


if __name__ == "__main__":
    main()
