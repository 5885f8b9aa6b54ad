"""The smoke test's first request, at an API that does not let it in at once, or only with an identity."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request

from deploy import __main__ as deploying
from deploy import smoke as smoking
from deploy.deployer import Deployer, NoIdentity
from deploy.smoke import NotWorking, smoke
from deploy.terraform import Terraform
from functions.http.problems import MEDIA_TYPE
from tests.serving import served

HANGS_UP = 0


class Api:
    """Answers POST /requests with the given statuses, the last one for ever; what it takes has completed at once."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.media_type = "application/json"
        self.keys: list[str] = []
        self.private = False
        self.looks: list[int] = []  # the statuses that the first looks are answered with
        self.file_bytes: int | None = None
        self.app = Flask(__name__)
        self.app.before_request(self.cloud_run)
        self.app.post("/requests")(self.ask)
        self.app.get("/requests/1")(self.look)
        self.app.get("/requests/1/assets/a.png")(self.link)
        self.app.get("/a.png")(self.file)

    def cloud_run(self) -> Any:
        """As it guards a private service whose application has an authorization of its own."""
        if self.private and request.headers.get("X-Serverless-Authorization") != "Bearer invoker":
            return "<html>Forbidden</html>", 403
        return None

    def ask(self) -> Any:
        assert request.headers["Authorization"] == "Bearer token"
        self.keys.append(request.headers["Idempotency-Key"])
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if status == HANGS_UP:
            request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        return {}, status or 500, {"Location": "/requests/1", "Content-Type": self.media_type}

    def look(self) -> Any:
        if self.looks:
            return {}, self.looks.pop(0), {"Content-Type": self.media_type}
        assets = [] if self.file_bytes is None else [{"name": "a.png", "bytes": 3}]
        return {"status": "completed", "result": {"assets": assets}}

    def link(self) -> Any:
        return {"url": f"{request.host_url}a.png"}

    def file(self) -> Any:
        return b"x" * (self.file_bytes or 0), 200, {"Content-Type": "image/png"}


@pytest.fixture
def api(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Api, str]]:
    monkeypatch.setattr(smoking, "EVERY", timedelta(milliseconds=5))
    double = Api(*request.param)
    with served(double.app) as url:
        yield double, url


@pytest.mark.parametrize("api", [(403, 403, 401, 503, HANGS_UP, 202)], indirect=True)
def test_what_is_not_ready_is_asked_again_for_the_same_request(api: tuple[Api, str]) -> None:
    double, url = api
    told: list[str] = []

    smoke(url, "token", tell=told.append, within=timedelta(seconds=20))

    assert (len(double.keys), len(set(double.keys))) == (6, 1)
    assert told[:3] == ["Not yet: 403.", "Not yet: 401.", "Not yet: 503."]
    assert told[-2:] == ["Asked for /requests/1.", "It is completed."]


@pytest.mark.parametrize("api", [(401,), (403,), (422,)], indirect=True)
def test_what_waiting_cannot_mend_is_told_at_once(api: tuple[Api, str]) -> None:
    double, url = api
    double.media_type = MEDIA_TYPE

    with pytest.raises(NotWorking, match="answered with 4"):
        smoke(url, "token", tell=lambda _: None, within=timedelta(seconds=20))

    assert len(double.keys) == 1


@pytest.mark.parametrize("api", [(403,), (HANGS_UP,)], indirect=True)
def test_what_is_never_ready_is_told_in_the_end(api: tuple[Api, str]) -> None:
    double, url = api

    with pytest.raises(NotWorking, match=r"POST /requests was (answered with 403|not answered)"):
        smoke(url, "token", tell=lambda _: None, within=timedelta(milliseconds=100))

    assert len(double.keys) > 1


@pytest.mark.parametrize("api", [(202,)], indirect=True)
def test_a_passing_fault_while_it_is_followed_is_waited_for(api: tuple[Api, str]) -> None:
    double, url = api
    double.looks, double.file_bytes = [503, 500], 3
    told: list[str] = []

    smoke(url, "token", tell=told.append, within=timedelta(seconds=20))

    assert told[1:] == ["Not yet: 503.", "Not yet: 500.", "It is completed.", "Opened a.png, 3 bytes of image/png."]


@pytest.mark.parametrize("api", [(202,)], indirect=True)
def test_a_request_that_is_gone_is_told_at_once(api: tuple[Api, str]) -> None:
    double, url = api
    double.looks, double.media_type = [404] * 1000, MEDIA_TYPE

    with pytest.raises(NotWorking, match=r"^GET /requests/1 was answered with 404"):
        smoke(url, "token", tell=lambda _: None, within=timedelta(seconds=20))

    assert len(double.looks) == 999


@pytest.mark.parametrize("api", [(202,)], indirect=True)
def test_a_file_of_another_size_is_told(api: tuple[Api, str]) -> None:
    double, url = api
    double.file_bytes = 2

    with pytest.raises(NotWorking, match="has 2 bytes instead of 3"):
        smoke(url, "token", tell=lambda _: None, within=timedelta(seconds=20))


@pytest.mark.parametrize("api", [(202,)], indirect=True)
def test_cloud_run_is_shown_who_calls_an_api_that_is_not_public(api: tuple[Api, str]) -> None:
    double, url = api
    double.private = True
    told: list[str] = []

    smoke(url, "token", invoker="invoker", tell=told.append, within=timedelta(seconds=20))

    assert told == ["Asked for /requests/1.", "It is completed."]


class IamCredentials:
    """generateIdToken, which a service account may be asked for by itself alone."""

    def __init__(self) -> None:
        self.app = Flask(__name__)
        self.app.post("/v1/projects/-/serviceAccounts/<account>:generateIdToken")(self.generate)

    def generate(self, account: str) -> Any:
        if request.headers.get("Authorization") != f"Bearer {account}":
            return {"error": {"status": "PERMISSION_DENIED"}}, 403
        return {"token": f"{account} for {request.get_json()['audience']}"}


def test_a_service_account_that_deploys_names_itself_for_that_api() -> None:
    with served(IamCredentials().app) as iam:
        token = Deployer("deployer@p", "deployer@p").identity_token("https://api", base_url=iam)

        with pytest.raises(NoIdentity, match="answered with 403"):
            Deployer("other@p", "deployer@p").identity_token("https://api", base_url=iam)

    assert token == "deployer@p for https://api"


def install(folder: Path, program: str, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / program).write_text(f"#!/bin/sh\n{script}\n")
    (folder / program).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_a_person_who_deploys_is_named_by_gcloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "gcloud", '[ "$*" = "auth print-identity-token" ] && echo ann', monkeypatch)

    assert Deployer("ann").identity_token("https://api") == "ann"


class Somebody:
    """In the place of People, whose own tests are in test_deploy_person.py."""

    def __init__(self, *_: object, **__: object) -> None: ...

    @contextmanager
    def somebody(self) -> Iterator[str]:
        yield "token"


@pytest.mark.parametrize("api", [(202,)], indirect=True)
def test_the_last_step_of_a_deployment_gets_through_to_an_api_that_is_not_public(
    api: tuple[Api, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    double, url = api
    double.private = True
    outputs = {"public_api": False, "api": url, "page": "", "page_config": {"firebase": {"apiKey": "key"}}}
    told = json.dumps({name: {"value": value} for name, value in outputs.items()})
    install(tmp_path, "terraform", f"echo '{told}'", monkeypatch)
    install(tmp_path, "gcloud", "echo invoker", monkeypatch)
    monkeypatch.setattr(deploying, "whoever_deploys", lambda: Deployer("ann"))
    monkeypatch.setattr(deploying, "People", Somebody)

    deploying.check(Terraform("practice-assets", "europe-west1", tmp_path))

    assert len(double.keys) == 1


def test_without_an_identity_for_a_private_api_the_deployment_is_not_called_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = '{"public_api": {"value": false}, "api": {"value": "https://api.invalid"}}'
    install(tmp_path, "terraform", f"echo '{outputs}'", monkeypatch)
    install(tmp_path, "gcloud", "echo 'You are not signed in.' >&2; exit 1", monkeypatch)
    monkeypatch.setattr(deploying, "whoever_deploys", lambda: Deployer("ann"))

    with pytest.raises(NoIdentity, match="You are not signed in"):
        deploying.check(Terraform("practice-assets", "europe-west1", tmp_path))
