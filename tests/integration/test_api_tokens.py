"""Who calls: which tokens the local stack believes, and that nothing else believes them."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from common.errors import NotSignedIn
from functions.dependencies import Dependencies
from functions.settings import read_settings
from local.emulators.firestore import PROJECT
from local.token import unsigned_token
from tests.integration.running import Service, serving

ID = "0" * 32
PROTECTED = [
    ("GET", "/requests"),
    ("POST", "/requests"),
    ("POST", "/requests:batch"),
    ("GET", f"/requests/{ID}"),
    ("POST", f"/requests/{ID}:cancel"),
    ("POST", f"/requests/{ID}:retry"),
    ("GET", f"/requests/{ID}/assets/a.png"),
]


def forged(header: Any, claims: Any, signature: str = "") -> str:
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (header, claims))
    return f"{'.'.join(parts)}.{signature}"


def with_claims(**claims: Any) -> str:
    return f"Bearer {unsigned_token('alice', claims=claims)}"


VALID = unsigned_token("alice")
CLAIMS = json.loads(base64.urlsafe_b64decode(VALID.split(".")[1] + "=="))
LONG_AGO = datetime.now(UTC) - timedelta(hours=2)
NONE = {"alg": "none", "typ": "JWT"}
BAD: dict[str, str] = {
    "nothing": "",
    "a scheme alone": "Bearer",
    "no scheme": VALID,
    "another scheme": f"Basic {VALID}",
    "two tokens": f"Bearer {VALID} {VALID}",
    "not a JWT": "Bearer hello",
    "two parts": f"Bearer {VALID.rpartition('.')[0]}",
    "four parts": f"Bearer {VALID}.",
    "empty parts": "Bearer ..",
    "not base64": "Bearer %%%.%%%.",
    "a header that is a list": f"Bearer {forged([], {})}",
    "claims that are a list": f"Bearer {forged(NONE, [])}",
    "a header nested deeply": f"Bearer {base64.urlsafe_b64encode(b'[' * 5000).decode()}.e30.",
    "an expired token": f"Bearer {unsigned_token('alice', now=LONG_AGO)}",
    "no expiry": with_claims(exp=None),
    "an expiry that is a text": with_claims(exp="tomorrow"),
    "an expiry that is no number": with_claims(exp=float("nan")),
    "another project": f"Bearer {unsigned_token('alice', project='another')}",
    "another audience": with_claims(aud="another"),
    "several audiences": with_claims(aud=["another"]),
    "another issuer": with_claims(iss="https://evil.example"),
    "no subject": with_claims(sub=None),
    "an empty subject": with_claims(sub=""),
    "a subject that is too long": with_claims(sub="x" * 129),
    "a subject that is a number": with_claims(sub=7),
    "a subject with NUL": with_claims(sub="a\0"),
    "a subject with a lone surrogate": with_claims(sub="\ud800"),
    "none with a signature": f"Bearer {VALID}c2ln",
    "another algorithm": f"Bearer {forged({**NONE, 'alg': 'RS256'}, CLAIMS)}",
}


def assert_not_signed_in(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("case", BAD)
def test_a_bad_token_is_refused(service: Service, case: str) -> None:
    assert_not_signed_in(service.http.get("/requests", headers={"Authorization": BAD[case]}))


def test_a_token_of_other_characters_is_refused(service: Service) -> None:
    assert_not_signed_in(service.http.get("/requests", headers={b"Authorization": "Bearer ä.ö.ü".encode()}))


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_no_operation_on_requests_goes_without_a_token(service: Service, method: str, path: str) -> None:
    assert_not_signed_in(service.http.request(method, path))


@pytest.mark.parametrize("path", ["/types", "/openapi.json", "/health"])
def test_what_is_the_same_for_all_goes_without_a_token(service: Service, path: str) -> None:
    assert service.http.get(path).status_code == 200


@pytest.mark.parametrize("authorization", [f"bearer {VALID}", f"BEARER  {VALID}", with_claims(sub="x" * 128)])
def test_a_valid_token_is_taken_however_its_scheme_is_written(service: Service, authorization: str) -> None:
    assert service.http.get("/requests", headers={"Authorization": authorization}).status_code == 200


@pytest.mark.parametrize(
    "tenant", [7, True, [], ["t"], {}, {"id": "t"}, "", "a\0b", "a\nb", "\ud800", "x" * 129], ids=repr
)
def test_a_tenant_claim_that_is_no_name_is_refused(service: Service, tenant: Any) -> None:
    answer = service.http.get("/requests", headers={"Authorization": with_claims(tenant=tenant)})

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_where_a_tenant_is_required_those_without_one_are_refused(api_environment: Mapping[str, str]) -> None:
    with serving({**api_environment, "REQUIRE_TENANT": "true"}) as url:
        answers = [
            httpx.get(f"{url}/requests", headers={"Authorization": f"Bearer {unsigned_token('alice', tenant=tenant)}"})
            for tenant in (None, "clinic")
        ]

    assert [answer.status_code for answer in answers] == [403, 200]
    assert answers[0].json()["code"] == "forbidden"


ELSEWHERE: dict[str, dict[str, str]] = {
    "on Cloud Run": {"FIRESTORE_EMULATOR_HOST": "127.0.0.1:1", "K_SERVICE": "api"},
    "on Cloud Run with an empty name": {"FIRESTORE_EMULATOR_HOST": "127.0.0.1:1", "K_SERVICE": ""},
    "without an emulator": {},
    "with an emulator that is empty": {"FIRESTORE_EMULATOR_HOST": ""},
}


@pytest.mark.parametrize("where", ELSEWHERE)
def test_only_the_local_stack_is_local(where: str) -> None:
    project = {"GOOGLE_CLOUD_PROJECT": PROJECT}

    assert not read_settings(project | ELSEWHERE[where]).accepts_unsigned_tokens
    assert read_settings(project | {"FIRESTORE_EMULATOR_HOST": "127.0.0.1:1"}).accepts_unsigned_tokens


@pytest.mark.parametrize("where", ELSEWHERE)
def test_the_functions_believe_no_unsigned_token_elsewhere(
    where: str,
) -> None:
    project = {"GOOGLE_CLOUD_PROJECT": PROJECT}
    Dependencies(read_settings(project | {"FIRESTORE_EMULATOR_HOST": "127.0.0.1:1"})).identity.caller(f"Bearer {VALID}")

    with pytest.raises(NotSignedIn):
        Dependencies(read_settings(project | ELSEWHERE[where])).identity.caller(f"Bearer {VALID}")


def test_an_api_on_cloud_run_believes_no_unsigned_token(api_environment: Mapping[str, str]) -> None:
    with serving({**api_environment, "K_SERVICE": "api"}) as url:
        assert_not_signed_in(httpx.get(f"{url}/requests", headers={"Authorization": f"Bearer {VALID}"}))
