"""Somebody to send a request as: made for one smoke test, and deleted after it."""

import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

IDENTITY_TOOLKIT = "https://identitytoolkit.googleapis.com"
WITHIN = timedelta(minutes=5)
EVERY = timedelta(seconds=2)


class Nobody(Exception):
    """There is nobody to send a request as; the message says why."""


@dataclass(frozen=True)
class People:
    """The users of a project, as its administrator makes and deletes them ("Identity Toolkit API", accounts)."""

    project: str
    api_key: str
    page: str
    access_token: str
    tenant: str | None = None
    base_url: str = IDENTITY_TOOLKIT
    tell: Callable[[str], None] = print

    @contextmanager
    def somebody(self, *, within: timedelta = WITHIN) -> Iterator[str]:
        """An ID token of a new user, who is gone afterwards. Raises Nobody."""
        admin = {"headers": {"Authorization": f"Bearer {self.access_token}", "X-Goog-User-Project": self.project}}
        password = secrets.token_urlsafe(24)
        person = {"email": f"smoke-{secrets.token_hex(8)}@{self.project}.invalid", "password": password}
        accounts = f"/v1/projects/{self.project}/accounts"
        with httpx.Client(base_url=self.base_url, timeout=30) as http:
            uid = _known(_posted(http, accounts, json=person, **admin))["localId"]
            try:
                if self.tenant is not None:
                    claims = {"localId": uid, "customAttributes": json.dumps({"tenant": self.tenant})}
                    _known(_posted(http, f"{accounts}:update", json=claims, **admin))
                yield str(self._signed_in(http, person, within=within)["idToken"])
            finally:
                _known(_posted(http, f"{accounts}:delete", json={"localId": uid}, **admin))

    def _signed_in(self, http: httpx.Client, person: dict[str, str], *, within: timedelta) -> dict[str, Any]:
        """A key that has just been made, or whose restrictions have, is refused for minutes: it is tried again."""
        deadline = time.monotonic() + within.total_seconds()
        while True:
            over = time.monotonic() >= deadline
            answer = _posted(
                http,
                "/v1/accounts:signInWithPassword",
                params={"key": self.api_key},
                json={**person, "returnSecureToken": True},
                headers={"Referer": f"{self.page}/"},  # the key is for the page alone
            )
            if over or not _may_change(answer):
                return _known(answer)
            self.tell(f"Not yet: signing in was answered with {answer.status_code}.")
            time.sleep(EVERY.total_seconds())


def _posted(http: httpx.Client, path: str, **given: Any) -> httpx.Response:
    try:
        return http.post(path, **given)
    except httpx.TransportError as error:
        raise Nobody(f"Identity Toolkit did not answer: {error}") from error


def _may_change(answer: httpx.Response) -> bool:
    return answer.is_server_error or answer.status_code == httpx.codes.FORBIDDEN or "API_KEY_INVALID" in answer.text


def _known(answer: httpx.Response) -> dict[str, Any]:
    if not answer.is_success:
        raise Nobody(f"Identity Toolkit answered with {answer.status_code}: {answer.text[:500]}")
    known: dict[str, Any] = answer.json()
    return known
