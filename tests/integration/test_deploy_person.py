"""The person that a smoke test sends its request as, at a double of Identity Toolkit's REST API as it is documented."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, request

from deploy import person
from deploy.person import Nobody, People
from tests.serving import served

PROJECT = "practice-assets"
PAGE = "https://practice-assets.web.app"


class IdentityToolkit:
    """accounts (create, :update, :signInWithPassword and :delete) of one project, whose key is for its page."""

    def __init__(self) -> None:
        self.users: dict[str, dict[str, Any]] = {}
        self.made = 0
        self.key_sleeps = 0  # for so many calls the key is not known yet
        self.app = Flask(__name__)
        self.app.post(f"/v1/projects/{PROJECT}/accounts")(self.create)
        self.app.post(f"/v1/projects/{PROJECT}/accounts:update")(self.update)
        self.app.post("/v1/accounts:signInWithPassword")(self.sign_in)
        self.app.post(f"/v1/projects/{PROJECT}/accounts:delete")(self.delete)

    def create(self) -> Any:
        if request.headers.get("Authorization") != "Bearer admin":
            return {"error": {"message": "PERMISSION_DENIED"}}, 403
        self.made += 1
        self.users[f"uid-{self.made}"] = request.get_json()
        return {"localId": f"uid-{self.made}"}

    def update(self) -> Any:
        if request.headers.get("Authorization") != "Bearer admin":
            return {"error": {"message": "PERMISSION_DENIED"}}, 403
        given = request.get_json()
        self.users[given["localId"]].update(given)
        return {"localId": given["localId"]}

    def sign_in(self) -> Any:
        if self.key_sleeps > 0:
            self.key_sleeps -= 1
            told = {"message": "API key not valid.", "details": [{"reason": "API_KEY_INVALID"}]}
            return {"error": {"code": 400, **told}}, 400
        if (request.args.get("key"), request.headers.get("Referer")) != ("key", f"{PAGE}/"):
            return {"error": {"message": "API_KEY_HTTP_REFERRER_BLOCKED"}}, 403
        given = request.get_json()
        for uid, user in self.users.items():
            if (user["email"], user["password"]) == (given["email"], given["password"]):
                return {"idToken": f"token of {uid}{user.get('customAttributes', '')}"}
        return {"error": {"message": "INVALID_LOGIN_CREDENTIALS"}}, 400

    def delete(self) -> Any:
        if request.headers.get("Authorization") != "Bearer admin":
            return {"error": {"message": "PERMISSION_DENIED"}}, 403
        del self.users[request.get_json()["localId"]]
        return {}


@pytest.fixture
def toolkit(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[IdentityToolkit, str]]:
    monkeypatch.setattr(person, "EVERY", timedelta(milliseconds=5))
    double = IdentityToolkit()
    with served(double.app) as url:
        yield double, url


def people(url: str, *, admin: str = "admin", page: str = PAGE, tenant: str | None = None) -> People:
    return People(PROJECT, api_key="key", page=page, access_token=admin, tenant=tenant, base_url=url)


def test_somebody_is_there_for_as_long_as_the_test(toolkit: tuple[IdentityToolkit, str]) -> None:
    double, url = toolkit

    with people(url).somebody() as token:
        assert (token, list(double.users)) == ("token of uid-1", ["uid-1"])

    assert double.users == {}


def test_somebody_has_the_tenant_in_the_token_where_one_is_required(toolkit: tuple[IdentityToolkit, str]) -> None:
    double, url = toolkit

    with people(url, tenant="smoke").somebody() as token:
        assert token == 'token of uid-1{"tenant": "smoke"}'

    assert double.users == {}


def test_whatever_happens_nobody_is_left_behind(toolkit: tuple[IdentityToolkit, str]) -> None:
    double, url = toolkit

    with pytest.raises(RuntimeError), people(url).somebody():
        raise RuntimeError
    with (
        pytest.raises(Nobody, match=r"answered with 403: .*REFERRER"),
        people(url, page="https://elsewhere.example").somebody(within=timedelta(milliseconds=20)),
    ):
        pass

    assert (double.made, double.users) == (2, {})


def test_only_an_administrator_makes_people(toolkit: tuple[IdentityToolkit, str]) -> None:
    double, url = toolkit

    with (
        pytest.raises(Nobody, match=r"answered with 403: .*PERMISSION_DENIED"),
        people(url, admin="somebody").somebody(),
    ):
        pass

    assert double.made == 0


def test_a_key_that_has_just_been_made_is_tried_until_it_is_known(toolkit: tuple[IdentityToolkit, str]) -> None:
    double, url = toolkit
    double.key_sleeps = 3

    with people(url).somebody() as token:
        assert token == "token of uid-1"

    assert (double.key_sleeps, double.made) == (0, 1)


def test_a_key_that_is_never_known_is_told(toolkit: tuple[IdentityToolkit, str]) -> None:
    double, url = toolkit
    double.key_sleeps = 1_000_000

    with (
        pytest.raises(Nobody, match=r"answered with 400: .*API_KEY_INVALID"),
        people(url).somebody(within=timedelta(milliseconds=50)),
    ):
        pass

    assert double.users == {}


def test_an_identity_toolkit_that_does_not_answer_is_told() -> None:
    with pytest.raises(Nobody, match="did not answer"), people("http://127.0.0.1:1").somebody():
        pass
