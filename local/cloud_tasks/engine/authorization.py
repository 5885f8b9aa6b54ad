"""The token in the Authorization header of an attempt. A queue's token replaces the task's own."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from local.cloud_tasks.engine.errors import invalid_argument
from local.cloud_tasks.engine.messages import HttpRequest, HttpTarget

_CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
_EMAIL = re.compile(r"[^@]+@[^@]+")


class TokenIssuer(Protocol):
    """Signs tokens. The engine only decides which token a request carries."""

    def oidc(self, *, email: str, audience: str, now: datetime) -> str: ...

    def oauth(self, *, email: str, scope: str, now: datetime) -> str: ...


@dataclass(frozen=True, slots=True)
class TokenConfig:
    """An oidc_token, or an oauth_token if `scope` is not None."""

    email: str
    audience: str = ""
    scope: str | None = None

    def issue(self, issuer: TokenIssuer, *, url: str, now: datetime) -> str:
        """A token; an empty audience means the task's own URL."""
        if self.scope is not None:
            return issuer.oauth(email=self.email, scope=self.scope or _CLOUD_PLATFORM, now=now)
        return issuer.oidc(email=self.email, audience=self.audience or url, now=now)


def read_token_config(message: HttpRequest | HttpTarget) -> TokenConfig | None:
    """The token of a task or of a queue."""
    match message.WhichOneof("authorization_header"):
        case "oidc_token":
            oidc = message.oidc_token
            return TokenConfig(oidc.service_account_email, audience=oidc.audience)
        case "oauth_token":
            oauth = message.oauth_token
            return TokenConfig(oauth.service_account_email, scope=oauth.scope)
    return None


def validate_token(message: HttpRequest | HttpTarget) -> None:
    """Refuses a token without a well-formed email. Whether the account exists is not checked."""
    token = read_token_config(message)
    if token is None:
        return
    if not token.email:
        raise invalid_argument("service_account_email must be set.")
    if not _EMAIL.fullmatch(token.email):
        raise invalid_argument()


def store_token(request: HttpRequest, override: TokenConfig | None) -> None:
    """Writes the queue's token, else the task's own, into the request of a new task, with its defaults filled in."""
    token = override or read_token_config(request)
    if token is None:
        return
    if token.scope is None:
        request.oidc_token.service_account_email = token.email
        request.oidc_token.audience = token.audience or request.url
        return
    if not (urlsplit(request.url).hostname or "").endswith(".googleapis.com"):
        raise invalid_argument(
            'Invalid url for HttpRequest.oauth_token. The hostname in the url must end with ".googleapis.com"'
        )
    request.oauth_token.service_account_email = token.email
    request.oauth_token.scope = token.scope or _CLOUD_PLATFORM
