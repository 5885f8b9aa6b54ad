"""The smoke test, against an API whose grants are too new, or that needs an invoker."""

import json
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request

from deploy import __main__ as deploying
from deploy.deployer import Deployer, IdentityTokenError
from deploy.retry_policy import RetryPolicy
from deploy.smoke import SmokeTestError, run_smoke_test
from deploy.smoke_user import SmokeUsers
from deploy.terraform import Terraform
from functions.http.problems import MEDIA_TYPE
from tests.google_apis import PAGE, PROJECT, IdentityToolkit
from tests.serving import served

HANGS_UP = 0


class ScriptedApi:
    """Answers POST /requests with the given statuses, then with the last one again. Requests complete at once."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.media_type = "application/json"
        self.keys: list[str] = []
        self.private = False
        self.get_statuses: list[int] = []  # of the first answers to GET /requests/1
        self.progress: list[str] = []  # the statuses of the request before it has completed
        self.file_bytes: int | None = None
        self.app = Flask(__name__)
        self.app.before_request(self.cloud_run)
        self.app.post("/requests")(self.submit)
        self.app.get("/requests/1")(self.get)
        self.app.get("/requests/1/assets/a.png")(self.link)
        self.app.get("/a.png")(self.file)

    def cloud_run(self) -> Any:
        """Cloud Run in front of a private service whose application reads Authorization."""
        if self.private and request.headers.get("X-Serverless-Authorization") != "Bearer invoker":
            return "<html>Forbidden</html>", 403
        return None

    def submit(self) -> Any:
        assert request.headers["Authorization"] in {"Bearer token", "Bearer token of uid-1"}
        self.keys.append(request.headers["Idempotency-Key"])
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if status == HANGS_UP:
            request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        return {}, status or 500, {"Location": "/requests/1", "Content-Type": self.media_type}

    def get(self) -> Any:
        if self.get_statuses:
            return {}, self.get_statuses.pop(0), {"Content-Type": self.media_type}
        if self.progress:
            return {"status": self.progress.pop(0)}
        assets = [] if self.file_bytes is None else [{"name": "a.png", "bytes": 3}]
        return {"status": "completed", "result": {"assets": assets}}

    def link(self) -> Any:
        return {"url": f"{request.host_url}a.png"}

    def file(self) -> Any:
        return b"x" * (self.file_bytes or 0), 200, {"Content-Type": "image/png"}


def policy(report: Callable[[str], None] = lambda _: None, *, within: timedelta = timedelta(seconds=20)) -> RetryPolicy:
    return RetryPolicy(within=within, every=timedelta(milliseconds=5), report=report)


@pytest.fixture
def api(request: pytest.FixtureRequest) -> Iterator[tuple[ScriptedApi, str]]:
    fake = ScriptedApi(*request.param)
    with served(fake.app) as url:
        yield fake, url


@pytest.mark.parametrize("api", [(403, 403, 401, 503, HANGS_UP, 202)], indirect=True)
def test_a_call_is_repeated_with_the_same_key_until_it_is_accepted(api: tuple[ScriptedApi, str]) -> None:
    fake, url = api
    reported: list[str] = []

    run_smoke_test(url, "token", retry=policy(reported.append))

    assert (len(fake.keys), len(set(fake.keys))) == (6, 1)
    assert reported[:3] == [f"Not ready yet: POST /requests was answered with {status}." for status in (403, 401, 503)]
    assert reported[-2:] == ["Submitted /requests/1.", "The request is completed."]


@pytest.mark.parametrize("api", [(401,), (403,), (422,)], indirect=True)
def test_a_refusal_by_the_api_is_an_error_at_once(api: tuple[ScriptedApi, str]) -> None:
    fake, url = api
    fake.media_type = MEDIA_TYPE

    with pytest.raises(SmokeTestError, match="answered with 4"):
        run_smoke_test(url, "token", retry=policy())

    assert len(fake.keys) == 1


@pytest.mark.parametrize("api", [(403,), (HANGS_UP,)], indirect=True)
def test_an_api_that_never_becomes_ready_is_an_error(api: tuple[ScriptedApi, str]) -> None:
    fake, url = api

    with pytest.raises(SmokeTestError, match=r"POST /requests was (answered with 403|not answered)"):
        run_smoke_test(url, "token", retry=policy(within=timedelta(seconds=1)))

    assert len(fake.keys) > 1


@pytest.mark.parametrize("api", [(202,)], indirect=True)
def test_a_temporary_fault_does_not_end_the_smoke_test(api: tuple[ScriptedApi, str]) -> None:
    fake, url = api
    fake.get_statuses, fake.file_bytes = [503, 500], 3
    reported: list[str] = []

    run_smoke_test(url, "token", retry=policy(reported.append))

    assert reported[1:] == [
        "Not ready yet: GET /requests/1 was answered with 503.",
        "Not ready yet: GET /requests/1 was answered with 500.",
        "The request is completed.",
        "Downloaded a.png, 3 bytes of image/png.",
    ]


@pytest.mark.parametrize("api", [(202,)], indirect=True)
def test_each_status_is_reported_once_until_the_request_has_ended(api: tuple[ScriptedApi, str]) -> None:
    fake, url = api
    fake.progress = ["queued", "processing", "processing"]
    reported: list[str] = []

    run_smoke_test(url, "token", retry=policy(reported.append))

    assert reported[1:] == [
        "Not ready yet: The request is queued.",
        "Not ready yet: The request is processing.",
        "The request is completed.",
    ]


@pytest.mark.parametrize("api", [(202,)], indirect=True)
def test_a_missing_request_is_an_error_at_once(api: tuple[ScriptedApi, str]) -> None:
    fake, url = api
    fake.get_statuses, fake.media_type = [404] * 1000, MEDIA_TYPE

    with pytest.raises(SmokeTestError, match=r"^GET /requests/1 was answered with 404"):
        run_smoke_test(url, "token", retry=policy())

    assert len(fake.get_statuses) == 999


@pytest.mark.parametrize("api", [(202,)], indirect=True)
def test_a_file_of_another_size_is_an_error(api: tuple[ScriptedApi, str]) -> None:
    fake, url = api
    fake.file_bytes = 2

    with pytest.raises(SmokeTestError, match="has 2 bytes instead of 3"):
        run_smoke_test(url, "token", retry=policy())


@pytest.mark.parametrize("api", [(202,)], indirect=True)
def test_the_invoker_is_sent_to_cloud_run_in_its_own_header(api: tuple[ScriptedApi, str]) -> None:
    fake, url = api
    fake.private = True
    reported: list[str] = []

    run_smoke_test(url, "token", invoker="invoker", retry=policy(reported.append))

    assert reported == ["Submitted /requests/1.", "The request is completed."]


class IamCredentials:
    """generateIdToken. A service account may call it only for itself."""

    def __init__(self) -> None:
        self.app = Flask(__name__)
        self.app.post("/v1/projects/-/serviceAccounts/<account>:generateIdToken")(self.generate)

    def generate(self, account: str) -> Any:
        if request.headers.get("Authorization") != f"Bearer {account}":
            return {"error": {"status": "PERMISSION_DENIED"}}, 403
        return {"token": f"{account} for {request.get_json()['audience']}"}


def test_a_service_account_gets_its_own_id_token_for_the_api() -> None:
    with served(IamCredentials().app) as iam:
        token = Deployer("deployer@p", "deployer@p").identity_token("https://api", base_url=iam)

        with pytest.raises(IdentityTokenError, match="generateIdToken with 403"):
            Deployer("other@p", "deployer@p").identity_token("https://api", base_url=iam)

    assert token == "deployer@p for https://api"


def install(folder: Path, program: str, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / program).write_text(f"#!/bin/sh\n{script}\n")
    (folder / program).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_a_person_gets_an_id_token_from_gcloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "gcloud", '[ "$*" = "auth print-identity-token" ] && echo ann', monkeypatch)

    assert Deployer("ann").identity_token("https://api") == "ann"


@pytest.mark.parametrize("api", [(202,)], indirect=True)
def test_the_check_step_passes_on_an_api_that_is_not_public(
    api: tuple[ScriptedApi, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake, url = api
    fake.private = True
    outputs = {"public_api": False, "api": url, "page": PAGE, "page_config": {"firebase": {"apiKey": "key"}}}
    printed = json.dumps({name: {"value": value} for name, value in outputs.items()})
    install(tmp_path, "terraform", f"echo '{printed}'", monkeypatch)
    install(tmp_path, "gcloud", "echo invoker", monkeypatch)
    monkeypatch.setattr(deploying, "current_deployer", lambda: Deployer("admin"))

    with served(IdentityToolkit().app) as toolkit:
        monkeypatch.setattr(deploying, "SmokeUsers", partial(SmokeUsers, base_url=toolkit))
        deploying.check(Terraform(PROJECT, "europe-west1", tmp_path))

    assert len(fake.keys) == 1


def test_the_check_step_fails_without_an_id_token_for_an_api_that_is_not_public(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = '{"public_api": {"value": false}, "api": {"value": "https://api.invalid"}}'
    install(tmp_path, "terraform", f"echo '{outputs}'", monkeypatch)
    install(tmp_path, "gcloud", "echo 'You are not signed in.' >&2; exit 1", monkeypatch)
    monkeypatch.setattr(deploying, "current_deployer", lambda: Deployer("ann"))

    with pytest.raises(IdentityTokenError, match="You are not signed in"):
        deploying.check(Terraform("practice-assets", "europe-west1", tmp_path))
