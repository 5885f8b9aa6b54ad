"""The token that a request carries in its Authorization header: the queue's takes the place of the task's own."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from local.cloud_tasks.engine.errors import invalid, invalid_argument
from local.cloud_tasks.engine.messages import HttpRequest, HttpTarget

_CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
_EMAIL = re.compile(r"[^@]+@[^@]+")


class TokenMaker(Protocol):
    """Makes the tokens themselves; the engine knows only where they go."""

    def oidc(self, *, email: str, audience: str, now: datetime) -> str: ...

    def oauth(self, *, email: str, scope: str, now: datetime) -> str: ...


@dataclass(frozen=True, slots=True)
class Token:
    """Whom a token names and for what; `scope` is set for OAuth tokens only."""

    email: str
    audience: str = ""
    scope: str | None = None

    def header(self, maker: TokenMaker, *, url: str, now: datetime) -> Mapping[str, str]:
        """The Authorization header; an empty audience is the task's own URL."""
        if self.scope is not None:
            text = maker.oauth(email=self.email, scope=self.scope or _CLOUD_PLATFORM, now=now)
        else:
            text = maker.oidc(email=self.email, audience=self.audience or url, now=now)
        return {"Authorization": f"Bearer {text}"}


def token_of(message: HttpRequest | HttpTarget) -> Token | None:
    """The token that a task or a queue is configured with."""
    match message.WhichOneof("authorization_header"):
        case "oidc_token":
            oidc = message.oidc_token
            return Token(oidc.service_account_email, audience=oidc.audience)
        case "oauth_token":
            oauth = message.oauth_token
            return Token(oauth.service_account_email, scope=oauth.scope)
    return None


def check_token(message: HttpRequest | HttpTarget) -> None:
    """Refuses a token without a well-formed email; that the account exists is not checked."""
    token = token_of(message)
    if token is None:
        return
    if not token.email:
        raise invalid("service_account_email must be set.")
    if not _EMAIL.fullmatch(token.email):
        raise invalid_argument()


def store_token(request: HttpRequest, override: Token | None) -> None:
    """Writes the winning token into a task that is being created, with its gaps filled."""
    token = override or token_of(request)
    if token is None:
        return
    if token.scope is None:
        request.oidc_token.service_account_email = token.email
        request.oidc_token.audience = token.audience or request.url
        return
    if not (urlsplit(request.url).hostname or "").endswith(".googleapis.com"):
        raise invalid(
            'Invalid url for HttpRequest.oauth_token. The hostname in the url must end with ".googleapis.com"'
        )
    request.oauth_token.service_account_email = token.email
    request.oauth_token.scope = token.scope or _CLOUD_PLATFORM
