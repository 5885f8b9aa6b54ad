"""A double of Identity Platform as the page's SDK calls it: Identity Toolkit's accounts, and Secure Token.

The answers follow "Identity Platform REST API" (accounts) and "Firebase Auth REST API" (errors). The ID tokens are
unsigned: the local stack accepts them, and the SDK only decodes them. The API key works for the page's origin only, as
in terraform/web.tf.
"""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from local.token import unsigned_token

HOSTS = ("identitytoolkit.googleapis.com", "securetoken.googleapis.com")
KEY = "key-of-the-page"
REFRESHED_BEFORE = timedelta(minutes=5)  # the SDK renews a token of Firestore this long before its end


class Refused(Exception):
    """An answer with status 400; the message is the code of the API."""


@dataclass
class Account:
    email: str
    password: str
    uid: str = field(default_factory=lambda: f"uid-{secrets.token_hex(8)}")
    name: str | None = "Ann Weber"
    tenant: str | None = None
    disabled: bool = False
    refresh_fails: tuple[int, str] | None = None
    """The status and message of every refresh of a token."""
    lifetime: timedelta = timedelta(hours=1)
    """The lifetime of a token in the answer to the page."""
    true_lifetime: timedelta | None = None
    """The lifetime in the token itself, if it differs, as with a wrong clock."""
    generation: int = 0
    """The generation of sessions. Sessions of earlier generations have ended."""

    def change_password(self, password: str) -> None:
        self.password, self.generation = password, self.generation + 1


@dataclass
class Mail:
    to: str
    kind: str
    code: str
    continue_url: str | None

    @property
    def link(self) -> str:
        """The URL to which Firebase's handler redirects the browser after a click on the link in the e-mail."""
        code = {"apiKey": KEY, "mode": "signIn", "oobCode": self.code, "lang": "en"}
        return f"{self.continue_url}?{urlencode(code)}"


@dataclass
class IdentityPlatform:
    """The accounts of one project. Users cannot sign up."""

    project: str
    origin: str
    accounts: list[Account] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    sessions: dict[str, tuple[Account, int]] = field(default_factory=dict)

    def create_account(self, **given: Any) -> Account:
        email = f"{secrets.token_hex(4)}@lakeside-dental.example"
        account = Account(**{"email": email, "password": "gentle check-ups", **given})
        self.accounts.append(account)
        return account

    def mails_to(self, account: Account) -> list[Mail]:
        return [mail for mail in self.mails if mail.to == account.email]

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self._as_google])
        app.router.add_post("/v1/accounts:signInWithPassword", self._sign_in_with_password)
        app.router.add_post("/v1/accounts:signInWithEmailLink", self._sign_in_with_email_link)
        app.router.add_post("/v1/accounts:sendOobCode", self._send_oob_code)
        app.router.add_post("/v1/accounts:lookup", self._lookup)
        app.router.add_post("/v1/token", self._token)
        return app

    @web.middleware
    async def _as_google(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """CORS for any origin, the key's restriction, and errors in Google's form."""
        cors = {"Access-Control-Allow-Origin": "*"}
        if request.method == "OPTIONS":
            requested = request.headers.get("Access-Control-Request-Headers", "")
            return web.Response(headers={**cors, "Access-Control-Allow-Headers": requested})
        try:
            answer = self._check_key(request) or await handler(request)
        except Refused as refused:
            answer = _error(400, str(refused))
        answer.headers.update(cors)
        return answer

    def _check_key(self, request: web.Request) -> web.Response | None:
        referrer = request.headers.get("Referer", "<empty>")
        if request.query.get("key") != KEY:
            return _error(400, "API key not valid. Please pass a valid API key.")
        if not referrer.startswith(f"{self.origin}/"):
            return _error(403, f"Requests from referer {referrer} are blocked.")
        return None

    async def _sign_in_with_password(self, request: web.Request) -> web.Response:
        given = await request.json()
        account = self._find_account(given["email"], "INVALID_LOGIN_CREDENTIALS")
        if account.password != given["password"]:
            raise Refused("INVALID_LOGIN_CREDENTIALS")
        return self._sign_in(account)

    async def _sign_in_with_email_link(self, request: web.Request) -> web.Response:
        given = await request.json()
        mail = next((mail for mail in self.mails if (mail.code, mail.kind) == (given["oobCode"], "EMAIL_SIGNIN")), None)
        if mail is None:
            raise Refused("INVALID_OOB_CODE")
        if mail.to != given["email"]:
            raise Refused("INVALID_EMAIL : The email provided does not match the sign-in email address.")
        account = self._find_account(mail.to, "ADMIN_ONLY_OPERATION")
        self.mails.remove(mail)
        return self._sign_in(account)

    async def _send_oob_code(self, request: web.Request) -> web.Response:
        """With e-mail enumeration protection: the answer does not reveal whether the account exists."""
        given = await request.json()
        if not given.get("email"):
            raise Refused("MISSING_EMAIL")
        self.mails.append(Mail(given["email"], given["requestType"], secrets.token_hex(16), given.get("continueUrl")))
        return web.json_response({"kind": "identitytoolkit#GetOobConfirmationCodeResponse", "email": given["email"]})

    async def _lookup(self, request: web.Request) -> web.Response:
        account = self._find_session((await request.json())["idToken"])
        user = {
            "localId": account.uid,
            "email": account.email,
            "emailVerified": True,
            "providerUserInfo": [],
            **_name(account, "displayName"),
        }
        return web.json_response({"kind": "identitytoolkit#GetAccountInfoResponse", "users": [user]})

    async def _token(self, request: web.Request) -> web.Response:
        token = str((await request.post())["refresh_token"])
        if failure := self.sessions[token][0].refresh_fails:
            return _error(*failure)
        account = self._find_session(token)
        tokens = self._issue_tokens(account)
        return web.json_response(
            {
                "access_token": tokens["idToken"],  # not documented, but the field that the SDK reads
                "id_token": tokens["idToken"],
                "refresh_token": tokens["refreshToken"],
                "expires_in": tokens["expiresIn"],
                "token_type": "Bearer",
                "user_id": account.uid,
                "project_id": self.project,
            }
        )

    def _sign_in(self, account: Account) -> web.Response:
        if account.disabled:
            raise Refused("USER_DISABLED")
        user = {"localId": account.uid, "email": account.email, "registered": True, **_name(account, "displayName")}
        return web.json_response({**user, **self._issue_tokens(account)})

    def _issue_tokens(self, account: Account) -> dict[str, str]:
        now = datetime.now(UTC)
        expires = now + (account.true_lifetime or account.lifetime)
        claims = {"exp": int(expires.timestamp()), **_name(account, "name")}
        token = unsigned_token(
            account.uid, tenant=account.tenant, email=account.email, project=self.project, now=now, claims=claims
        )
        refresh = secrets.token_urlsafe()
        self.sessions |= {token: (account, account.generation), refresh: (account, account.generation)}
        return {"idToken": token, "refreshToken": refresh, "expiresIn": str(int(account.lifetime.total_seconds()))}

    def _find_session(self, token: str) -> Account:
        """The account of an ID token or a refresh token. Raises Refused if its session has ended."""
        account, generation = self.sessions[token]
        if account.disabled:
            raise Refused("USER_DISABLED")
        if account.generation > generation:
            raise Refused("TOKEN_EXPIRED")
        return account

    def _find_account(self, email: str, error: str) -> Account:
        for account in self.accounts:
            if account.email == email:
                return account
        raise Refused(error)


def _name(account: Account, field: str) -> dict[str, str]:
    """Omitted for an account without a name, as after a first sign-in by link."""
    return {} if account.name is None else {field: account.name}


def _error(status: int, message: str) -> web.Response:
    return web.json_response({"error": {"code": status, "message": message}}, status=status)
