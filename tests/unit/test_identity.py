"""The caller of a bearer token, from its verified claims."""

from typing import Any

import pytest

from common.caller import Caller
from common.errors import Forbidden, NotSignedIn
from common.identity import Identity
from local.emulators.firestore import PROJECT
from tests.tokens import firebase_claims


def caller(authorization: str | None = "Bearer token", *, require_tenant: bool = False, **claims: Any) -> Caller:
    """Returns the caller of a token whose verified claims are Firebase's, with changes."""
    identity = Identity(lambda _: firebase_claims(**claims), project=PROJECT, require_tenant=require_tenant)
    return identity.caller(authorization)


def test_a_user_without_a_tenant_claim_is_a_tenant_of_one() -> None:
    assert caller() == Caller(uid="alice", tenant="u:alice")
    assert caller(tenant=None) == caller()


def test_the_tenant_is_the_claim() -> None:
    assert caller(tenant="clinic") == Caller(uid="alice", tenant="t:clinic")


def test_no_claim_produces_the_tenant_of_a_user_without_one() -> None:
    assert caller(tenant="alice").tenant != caller().tenant
    assert caller(tenant="u:alice").tenant != caller().tenant


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER  "])
def test_the_scheme_is_case_insensitive_and_blanks_are_ignored(scheme: str) -> None:
    tokens: list[str] = []

    def verify(token: str) -> dict[str, Any]:
        tokens.append(token)
        return firebase_claims()

    Identity(verify, project=PROJECT, require_tenant=False).caller(f"{scheme}token ")

    assert tokens == ["token"]


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer ", "token", "Basic token"])
def test_a_header_without_a_bearer_token_is_refused(authorization: str | None) -> None:
    with pytest.raises(NotSignedIn, match="Authorization: Bearer <token>"):
        caller(authorization)


@pytest.mark.parametrize(
    "issuer", [None, "https://accounts.google.com", "https://securetoken.google.com/another", PROJECT]
)
def test_a_token_of_another_issuer_is_refused(issuer: str | None) -> None:
    with pytest.raises(NotSignedIn, match="another project"):
        caller(iss=issuer)


INVALID_NAMES = {
    "an empty text": "",
    "129 characters": "x" * 129,
    "a number": 7,
    "a boolean": True,
    "a list": ["alice"],
    "an object": {"id": "alice"},
    "a text with NUL": "a\0b",
    "a text with a line break": "a\nb",
    "a lone surrogate": "\ud800",
}


@pytest.mark.parametrize("case", [*INVALID_NAMES, "missing"])
def test_a_token_without_a_valid_user_id_is_refused(case: str) -> None:
    with pytest.raises(NotSignedIn, match="no user id"):
        caller(sub=INVALID_NAMES.get(case))


@pytest.mark.parametrize("case", INVALID_NAMES)
def test_a_tenant_claim_that_is_not_a_valid_name_is_forbidden(case: str) -> None:
    with pytest.raises(Forbidden, match="1 to 128 characters"):
        caller(tenant=INVALID_NAMES[case])


def test_a_token_may_contain_blanks() -> None:
    tokens: list[str] = []

    def verify(token: str) -> dict[str, Any]:
        tokens.append(token)
        return firebase_claims()

    Identity(verify, project=PROJECT, require_tenant=False).caller("Bearer two tokens")

    assert tokens == ["two tokens"]


def test_a_name_may_have_one_character() -> None:
    assert caller(sub="x", tenant="y") == Caller(uid="x", tenant="t:y")


def test_a_name_may_have_128_characters() -> None:
    assert caller(sub="x" * 128, tenant="y" * 128) == Caller(uid="x" * 128, tenant=f"t:{'y' * 128}")


def test_a_token_without_a_required_tenant_is_forbidden() -> None:
    assert caller(tenant="clinic", require_tenant=True).tenant == "t:clinic"
    with pytest.raises(Forbidden, match="required"):
        caller(require_tenant=True)


REASONS: dict[str, dict[str, Any]] = {
    "Send a Firebase ID token: Authorization: Bearer <token>.": {"authorization": None},
    "The token was issued for another project.": {"iss": None},
    "The token has no user id.": {"sub": None},
    "The token has no tenant claim, which is required here.": {"require_tenant": True},
    "The token's tenant claim is reserved for recurring requests.": {"tenant": "system"},
    "The token's tenant claim is not a text of 1 to 128 characters.": {"tenant": ""},
}


@pytest.mark.parametrize("reason", REASONS)
def test_a_refusal_states_its_reason(reason: str) -> None:
    with pytest.raises((NotSignedIn, Forbidden)) as refusal:
        caller(**REASONS[reason])

    assert str(refusal.value) == reason
