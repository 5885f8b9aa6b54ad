"""The user of the smoke test, against its documented REST API."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from deploy.retry_policy import RetryPolicy
from deploy.smoke_user import SmokeUserError, SmokeUsers
from tests.google_apis import BLOCKED_REFERRER, OUTAGE, PAGE, PROJECT, UNKNOWN_KEY, IdentityToolkit
from tests.serving import served


@pytest.fixture
def toolkit() -> Iterator[tuple[IdentityToolkit, str]]:
    fake = IdentityToolkit()
    with served(fake.app) as url:
        yield fake, url


def smoke_users(
    url: str,
    *,
    admin: str = "admin",
    page: str = PAGE,
    tenant: str | None = None,
    within: timedelta = timedelta(seconds=20),
) -> SmokeUsers:
    retry = RetryPolicy(within=within, every=timedelta(milliseconds=5))
    return SmokeUsers(PROJECT, api_key="key", page=page, access_token=admin, tenant=tenant, base_url=url, retry=retry)


def test_the_user_exists_only_during_the_test(toolkit: tuple[IdentityToolkit, str]) -> None:
    fake, url = toolkit

    with smoke_users(url).temporary_user() as token:
        assert (token, list(fake.users)) == ("token of uid-1", ["uid-1"])

    assert fake.users == {}


def test_the_token_has_the_required_tenant(toolkit: tuple[IdentityToolkit, str]) -> None:
    fake, url = toolkit

    with smoke_users(url, tenant="smoke").temporary_user() as token:
        assert token == 'token of uid-1{"tenant": "smoke"}'

    assert fake.users == {}


def test_the_user_is_deleted_after_any_failure(toolkit: tuple[IdentityToolkit, str]) -> None:
    fake, url = toolkit

    with pytest.raises(RuntimeError), smoke_users(url).temporary_user():
        raise RuntimeError
    with (
        pytest.raises(SmokeUserError, match=r"answered with 403: .*REFERRER"),
        smoke_users(url, page="https://elsewhere.example", within=timedelta(milliseconds=20)).temporary_user(),
    ):
        pass

    assert (fake.created, fake.users) == (2, {})


def test_only_an_administrator_creates_users(toolkit: tuple[IdentityToolkit, str]) -> None:
    fake, url = toolkit

    with (
        pytest.raises(SmokeUserError, match=r"answered with 403: .*PERMISSION_DENIED"),
        smoke_users(url, admin="other").temporary_user(),
    ):
        pass

    assert fake.created == 0


@pytest.mark.parametrize("refusal", [UNKNOWN_KEY, BLOCKED_REFERRER, OUTAGE], ids=["unknown", "blocked", "outage"])
def test_signing_in_is_repeated_until_a_new_key_is_accepted(
    refusal: tuple[dict[str, Any], int], toolkit: tuple[IdentityToolkit, str]
) -> None:
    fake, url = toolkit
    fake.refusals, fake.refusal = 3, refusal

    with smoke_users(url).temporary_user() as token:
        assert token == "token of uid-1"

    assert (fake.refusals, fake.created) == (0, 1)


def test_a_key_that_is_never_accepted_is_an_error(toolkit: tuple[IdentityToolkit, str]) -> None:
    fake, url = toolkit
    fake.refusals = 1_000_000

    with (
        pytest.raises(SmokeUserError, match=r"answered with 400: .*API_KEY_INVALID"),
        smoke_users(url, within=timedelta(milliseconds=50)).temporary_user(),
    ):
        pass

    assert fake.users == {}


def test_an_identity_toolkit_that_does_not_answer_is_an_error() -> None:
    with pytest.raises(SmokeUserError, match="did not answer"), smoke_users("http://127.0.0.1:1").temporary_user():
        pass
