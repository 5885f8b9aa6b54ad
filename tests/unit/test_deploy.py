"""What deploying runs and writes, with programs in the place of terraform that only tell how they were called."""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from google.auth.exceptions import GoogleAuthError

from build import ROOT
from build.page import NoPage
from deploy import __main__ as deploying
from deploy.__main__ import destroy, everything, main, plan
from deploy.deployer import Deployer, NoIdentity
from deploy.hosting import NoSite
from deploy.page import ASSETS, hosting, prepare
from deploy.person import Nobody
from deploy.smoke import NotWorking
from deploy.terraform import Terraform

CONFIG = {
    "api": "https://api-abc-ew.a.run.app",
    "firebase": {"projectId": "practice-assets", "apiKey": "k", "authDomain": "practice-assets.firebaseapp.com"},
}
TELLS = """#!/bin/sh
echo "$*" >> "{calls}"
case "$2" in plan | apply | destroy) [ -f "{archive}" ] || echo "without an archive" >> "{calls}" ;; esac
case "$2" in output) echo '{outputs}' ;; esac
"""
UPLOADS = """#!/bin/sh
echo "npx $* for $GOOGLE_CLOUD_QUOTA_PROJECT" >> "{calls}"
ls public >> "{calls}"
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file with the arguments of each call of terraform. The environment is protected, and not packaged."""
    install(tmp_path, protected=True)
    monkeypatch.setattr(deploying, "ARCHIVE", tmp_path / "functions.zip")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    return tmp_path / "calls"


def install(folder: Path, *, protected: bool) -> None:
    program = folder / "bin" / "terraform"
    program.parent.mkdir(exist_ok=True)
    outputs = {"deletion_protection": protected, "api": CONFIG["api"], "page": "https://page", "page_config": CONFIG}
    told = json.dumps({name: {"value": value} for name, value in outputs.items()})
    program.write_text(TELLS.format(calls=folder / "calls", archive=folder / "functions.zip", outputs=told))
    program.chmod(0o755)
    (folder / "bin" / "npx").write_text(UPLOADS.format(calls=folder / "calls"))
    (folder / "bin" / "npx").chmod(0o755)


def test_the_state_is_in_the_projects_own_bucket(calls: Path, tmp_path: Path) -> None:
    Terraform("practice-assets", "europe-west1", tmp_path).init()

    backend = "-backend-config=bucket=practice-assets-terraform -backend-config=prefix=asset-requests"
    assert calls.read_text() == f"-chdir={tmp_path} init -input=false -reconfigure {backend}\n"


def test_an_environments_own_variables_are_read(calls: Path, tmp_path: Path) -> None:
    (tmp_path / "practice-assets.tfvars").touch()

    (tmp_path / "functions.zip").touch()

    Terraform("practice-assets", "europe-west1", tmp_path).apply()

    variables = "-var=project_id=practice-assets -var=region=europe-west1 -var-file=practice-assets.tfvars"
    assert calls.read_text() == f"-chdir={tmp_path} apply {variables}\n"


def test_a_plan_that_was_shown_is_applied_as_it_is(calls: Path, tmp_path: Path) -> None:
    terraform = Terraform("practice-assets", "europe-west1", tmp_path)
    (tmp_path / "functions.zip").touch()

    terraform.plan(tmp_path / "plan")
    terraform.apply(plan=tmp_path / "plan")

    planned, applied = calls.read_text().splitlines()
    assert planned.startswith(f"-chdir={tmp_path} plan -input=false -lock=false -out={tmp_path}/plan -var=")
    assert applied == f"-chdir={tmp_path} apply {tmp_path}/plan"


def test_ci_does_not_plan_an_environment_that_it_knows_nothing_of(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terraform = Terraform("practice-assets", "europe-west1", tmp_path)
    monkeypatch.setenv("CI", "true")

    with pytest.raises(SystemExit, match=r"practice-assets\.tfvars is missing"):
        plan(terraform)

    assert not calls.exists()
    terraform.own_variables.touch()
    plan(terraform)
    assert " -var-file=practice-assets.tfvars" in calls.read_text().splitlines()[-1]


def test_a_person_may_plan_with_nothing_but_defaults(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)

    plan(Terraform("practice-assets", "europe-west1", tmp_path))

    assert "-var-file" not in calls.read_text()


def test_what_is_protected_is_not_even_begun_to_be_destroyed(calls: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"^It is protected\."):
        destroy(Terraform("practice-assets", "europe-west1", tmp_path))

    assert " destroy " not in calls.read_text()


def test_what_is_not_protected_is_destroyed(calls: Path, tmp_path: Path) -> None:
    install(tmp_path, protected=False)

    destroy(Terraform("practice-assets", "europe-west1", tmp_path))

    assert calls.read_text().splitlines()[-1].startswith(f"-chdir={tmp_path} destroy -var=project_id=practice-assets")


@pytest.mark.parametrize("step", [plan, destroy])
def test_what_reads_the_archive_has_the_one_of_this_checkout(
    step: Callable[[Terraform], None], calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    install(tmp_path, protected=False)

    step(Terraform("practice-assets", "europe-west1", tmp_path))

    assert f" {step.__name__} " in calls.read_text()
    assert "without an archive" not in calls.read_text()


class Site:
    """In the place of Sites, whose own tests are in test_deploy_hosting.py."""

    def __init__(self, *_: object) -> None: ...

    def ensure(self) -> bool:
        return False


class Somebody:
    """In the place of People, whose own tests are in test_deploy_person.py."""

    def __init__(self, *_: object, **__: object) -> None: ...

    @contextmanager
    def somebody(self) -> Iterator[str]:
        yield "token"


def test_a_deployment_packages_applies_uploads_and_sends_a_request(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built, plan_of_yesterday = tmp_path / "built", tmp_path / "plan"
    built.mkdir()
    (built / "index.html").touch()
    plan_of_yesterday.touch()
    sent: list[tuple[str, str]] = []
    monkeypatch.setattr(deploying, "PLAN", plan_of_yesterday)
    monkeypatch.setattr(deploying, "PAGE", tmp_path / "page")
    monkeypatch.setattr(deploying, "build_page", lambda **_: built)
    monkeypatch.setattr(deploying, "whoever_deploys", lambda: Deployer("ann"))
    monkeypatch.setattr(deploying, "Sites", Site)
    monkeypatch.setattr(deploying, "People", Somebody)
    monkeypatch.setattr(deploying, "smoke", lambda api, token, **_: sent.append((api, token)))

    everything(Terraform("practice-assets", "europe-west1", tmp_path))

    ran = [line.removeprefix(f"-chdir={tmp_path} ").partition(" -")[0] for line in calls.read_text().splitlines()]
    assert ran == ["init", "apply", "output", "npx", "config.json", "index.html", "output", "output"]
    assert " for practice-assets\n" in calls.read_text()
    assert sent == [(CONFIG["api"], "token")]


def test_the_page_goes_up_with_the_environments_config(tmp_path: Path) -> None:
    built, folder = tmp_path / "built", tmp_path / "page"
    built.mkdir()
    (built / "index.html").write_text("<p>page</p>")
    (folder / "public").mkdir(parents=True)
    (folder / "public" / "old.js").touch()

    prepare(built, folder, CONFIG)

    assert {path.name for path in (folder / "public").iterdir()} == {"index.html", "config.json"}
    assert json.loads((folder / "public" / "config.json").read_text()) == CONFIG
    assert json.loads((folder / "firebase.json").read_text()) == {"hosting": hosting(CONFIG)}
    assert hosting(CONFIG)["site"] == "practice-assets"


def test_the_page_may_reach_the_api_and_google_and_nothing_else() -> None:
    headers = {header["key"]: header["value"] for header in hosting(CONFIG)["headers"][0]["headers"]}
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))

    assert policy["default-src"] == "'none'"
    assert set(policy["connect-src"].split()) == {
        "'self'",
        "https://api-abc-ew.a.run.app",
        "https://storage.googleapis.com",
        "https://identitytoolkit.googleapis.com",
        "https://securetoken.googleapis.com",
        "https://firestore.googleapis.com",
    }
    assert "'unsafe-inline'" not in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] != "no-referrer"  # or the API key's origins would refuse the page itself


def test_the_pages_readme_documents_the_policy_that_is_deployed() -> None:
    readme = (ROOT / "web" / "README.md").read_text()
    [documented] = re.findall(r"```\n(default-src .*?)\n```", readme, re.DOTALL)
    for stands_for, ours in {"API": CONFIG["api"], "ASSETS": ASSETS, "PROJECT": "practice-assets"}.items():
        documented = re.sub(rf"\b{stands_for}\b", str(ours), documented)
    headers = {header["key"]: header["value"] for header in hosting(CONFIG)["headers"][0]["headers"]}

    assert _sources(documented) == _sources(headers["Content-Security-Policy"])


def _sources(policy: str) -> dict[str, set[str]]:
    directives = (part.split() for part in policy.split(";"))
    return {name: set(sources) for name, *sources in directives}


@pytest.mark.parametrize(
    "error",
    [Nobody(), NoIdentity(), NoPage(), NoSite(), NotWorking(), GoogleAuthError(), httpx.ConnectError("")],
    ids=repr,
)
def test_what_goes_wrong_outside_is_told_in_a_line(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: Terraform) -> None:
        raise type(error)("It went wrong.")

    monkeypatch.setattr(deploying, "STEPS", {"check": fails})
    monkeypatch.setattr("sys.argv", ["deploy", "check", "--project", "practice-assets", "--region", "europe-west1"])

    with pytest.raises(SystemExit, match=r"^It went wrong\.$"):
        main()


def test_a_program_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["deploy", "apply", "--project", "practice-assets", "--region", "europe-west1"])

    with pytest.raises(SystemExit, match=r"^terraform is needed, and was not found\.$"):
        main()


def test_without_an_environment_nothing_is_begun(
    calls: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["deploy", "everything", "--project", "", "--region", "europe-west1"])

    with pytest.raises(SystemExit):
        main()

    assert "make deploy PROJECT=my-project REGION=europe-west1" in capsys.readouterr().err
    assert not calls.exists()
