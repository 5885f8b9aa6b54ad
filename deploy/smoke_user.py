"""The user that sends the smoke request: created for one smoke test and deleted after it."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from deploy.retry_policy import RetryPolicy

IDENTITY_TOOLKIT = "https://identitytoolkit.googleapis.com"
SIGN_IN = RetryPolicy(within=timedelta(minutes=5), every=timedelta(seconds=2))


class SmokeUserError(Exception):
    """No user can be created or signed in; the message has the reason."""


class _NotReadyError(SmokeUserError):
    """Signing in may succeed later: a new key, and one with new restrictions, is refused for minutes."""


@dataclass(frozen=True)
class SmokeUsers:
    """Creates and deletes users of a project, as its administrator ("Identity Toolkit API", accounts)."""

    project: str
    api_key: str
    page: str
    access_token: str
    tenant: str | None = None
    base_url: str = IDENTITY_TOOLKIT
    retry: RetryPolicy = SIGN_IN

    @contextmanager
    def temporary_user(self) -> Iterator[str]:
        """Yields an ID token of a new user, and deletes the user afterwards. Raises SmokeUserError."""
        admin = {"headers": {"Authorization": f"Bearer {self.access_token}", "X-Goog-User-Project": self.project}}
        password = secrets.token_urlsafe(24)
        account = {"email": f"smoke-{secrets.token_hex(8)}@{self.project}.invalid", "password": password}
        accounts = f"/v1/projects/{self.project}/accounts"
        with httpx.Client(base_url=self.base_url, timeout=30) as http:
            uid = _content(_post(http, accounts, json=account, **admin))["localId"]
            try:
                if self.tenant is not None:
                    claims = {"localId": uid, "customAttributes": json.dumps({"tenant": self.tenant})}
                    _content(_post(http, f"{accounts}:update", json=claims, **admin))
                signed_in = self.retry.call(lambda: self._sign_in(http, account), retry_on=_NotReadyError)
                yield str(signed_in["idToken"])
            finally:
                _content(_post(http, f"{accounts}:delete", json={"localId": uid}, **admin))

    def _sign_in(self, http: httpx.Client, account: dict[str, str]) -> dict[str, Any]:
        answer = _post(
            http,
            "/v1/accounts:signInWithPassword",
            params={"key": self.api_key},
            json={**account, "returnSecureToken": True},
            headers={"Referer": f"{self.page}/"},  # the key is restricted to the page
        )
        refused = answer.status_code == httpx.codes.FORBIDDEN or "API_KEY_INVALID" in answer.text
        return _content(answer, error=_NotReadyError if refused or answer.is_server_error else SmokeUserError)


def _post(http: httpx.Client, path: str, **arguments: Any) -> httpx.Response:
    try:
        return http.post(path, **arguments)
    except httpx.TransportError as error:
        raise SmokeUserError(f"Identity Toolkit did not answer: {error}") from error


def _content(answer: httpx.Response, *, error: type[SmokeUserError] = SmokeUserError) -> dict[str, Any]:
    if not answer.is_success:
        raise error(f"Identity Toolkit answered with {answer.status_code}: {answer.text[:500]}")
    content: dict[str, Any] = answer.json()
    return content
