"""Somebody to send a request as: made for one smoke test, and deleted after it."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

IDENTITY_TOOLKIT = "https://identitytoolkit.googleapis.com"


@dataclass(frozen=True)
class People:
    """The users of a project, as its administrator makes and deletes them ("Identity Toolkit API", accounts)."""

    project: str
    api_key: str
    page: str
    access_token: str
    tenant: str | None = None
    base_url: str = IDENTITY_TOOLKIT

    @contextmanager
    def somebody(self) -> Iterator[str]:
        """An ID token of a new user, who is gone afterwards."""
        admin = {"Authorization": f"Bearer {self.access_token}", "X-Goog-User-Project": self.project}
        password = secrets.token_urlsafe(24)
        person = {"email": f"smoke-{secrets.token_hex(8)}@{self.project}.invalid", "password": password}
        with httpx.Client(base_url=self.base_url, timeout=30) as http:
            made = http.post(f"/v1/projects/{self.project}/accounts", json=person, headers=admin).raise_for_status()
            uid = made.json()["localId"]
            try:
                if self.tenant is not None:
                    claims = {"localId": uid, "customAttributes": json.dumps({"tenant": self.tenant})}
                    updated = http.post(f"/v1/projects/{self.project}/accounts:update", json=claims, headers=admin)
                    updated.raise_for_status()
                signed_in = http.post(
                    "/v1/accounts:signInWithPassword",
                    params={"key": self.api_key},
                    json={**person, "returnSecureToken": True},
                    headers={"Referer": f"{self.page}/"},  # the key is for the page alone
                ).raise_for_status()
                yield str(signed_in.json()["idToken"])
            finally:
                gone = {"localId": uid}
                http.post(f"/v1/projects/{self.project}/accounts:delete", json=gone, headers=admin).raise_for_status()
