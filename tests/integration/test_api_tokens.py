"""The tokens that the API accepts, in the local stack and deployed."""

from collections.abc import Iterator, Mapping
from functools import cached_property

import httpx
import pytest
from flask import Flask, request

from common.certificates import GoogleCertificates
from common.identity import Identity, signed_tokens
from functions.dependencies import Dependencies
from functions.settings import Settings, read_settings
from local.emulators.firestore import PROJECT
from local.token import unsigned_token
from tests.integration.certificates import CertificateEndpoint, certificate_endpoint
from tests.integration.running import Service, serving
from tests.serving import served
from tests.tokens import KEY_ID, Key, new_key, signed_token

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


def get_requests(url: str, token: str) -> httpx.Response:
    return httpx.get(f"{url}/requests", headers={"Authorization": f"Bearer {token}"}, timeout=30)


def assert_not_signed_in(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_an_operation_on_requests_needs_a_token(service: Service, method: str, path: str) -> None:
    assert_not_signed_in(service.http.request(method, path))


@pytest.mark.parametrize("path", ["/types", "/openapi.json", "/health"])
def test_a_public_operation_needs_no_token(service: Service, path: str) -> None:
    assert service.http.get(path).status_code == 200


def test_an_invalid_token_is_refused(service: Service) -> None:
    assert_not_signed_in(service.http.get("/requests", headers={b"Authorization": "Bearer ä.ö.ü".encode()}))


def test_an_invalid_tenant_claim_is_forbidden(service: Service) -> None:
    answer = service.caller(tenant="a\nb").get("/requests")

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_an_api_that_requires_a_tenant_refuses_users_without_one(api_environment: Mapping[str, str]) -> None:
    with serving({**api_environment, "REQUIRE_TENANT": "true"}) as url:
        answers = [get_requests(url, unsigned_token("alice", tenant=tenant)) for tenant in (None, "clinic")]

    assert [answer.status_code for answer in answers] == [403, 200]


def test_an_api_on_cloud_run_refuses_unsigned_tokens(api_environment: Mapping[str, str]) -> None:
    with serving({**api_environment, "K_SERVICE": "api"}) as url:
        assert_not_signed_in(get_requests(url, unsigned_token("alice")))


class DeployedDependencies(Dependencies):
    """The dependencies of a deployed function, with another URL of the certificates."""

    def __init__(self, settings: Settings, *, certificates_url: str) -> None:
        super().__init__(settings)
        self._certificates_url = certificates_url

    @cached_property
    def identity(self) -> Identity:
        assert not self.settings.accepts_unsigned_tokens
        project = self.settings.project
        verifier = signed_tokens(project, GoogleCertificates(url=self._certificates_url))
        return Identity(verifier, project=project, require_tenant=False)


@pytest.fixture(scope="module")
def key() -> Key:
    return new_key()


@pytest.fixture
def endpoint(key: Key) -> Iterator[CertificateEndpoint]:
    with certificate_endpoint({KEY_ID: key.certificate}) as running:
        yield running


@pytest.fixture
def deployed(api_environment: Mapping[str, str], endpoint: CertificateEndpoint) -> Iterator[str]:
    """The URL of an API with the settings of Cloud Run that fetches its certificates from `endpoint`."""
    settings = read_settings({"GOOGLE_CLOUD_PROJECT": PROJECT, **api_environment, "K_SERVICE": "api"})
    app = Flask(__name__)
    api = DeployedDependencies(settings, certificates_url=endpoint.url).api
    app.add_url_rule("/requests", view_func=lambda: api.answer(request))
    with served(app) as url:
        yield url


def test_a_deployed_api_accepts_a_signed_token(deployed: str, key: Key) -> None:
    assert get_requests(deployed, signed_token(key)).json() == {"requests": []}


def test_a_deployed_api_without_certificates_is_unavailable(
    deployed: str, endpoint: CertificateEndpoint, key: Key
) -> None:
    endpoint.status = 503

    answer = get_requests(deployed, signed_token(key))

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
