"""The steps of a deployment, with fake programs instead of terraform and npx that record their arguments."""

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
from deploy.__main__ import destroy, everything, main, page, plan
from deploy.deployer import Deployer, IdentityTokenError
from deploy.hosting import SiteError
from deploy.page import ASSETS, NEW_SITE, NO_RETRY, hosting_config, prepare_files
from deploy.retry_policy import RetryPolicy
from deploy.smoke import SmokeTestError
from deploy.smoke_user import SmokeUserError
from deploy.terraform import Terraform

CONFIG = {
    "api": "https://api-abc-ew.a.run.app",
    "firebase": {"projectId": "practice-assets", "apiKey": "k", "authDomain": "practice-assets.firebaseapp.com"},
}
TERRAFORM = """#!/bin/sh
echo "$*" >> "{calls}"
case "$2" in plan | apply | destroy) [ -f "{archive}" ] || echo "without an archive" >> "{calls}" ;; esac
case "$2" in output) echo '{outputs}' ;; esac
"""
NPX = """#!/bin/sh
echo "npx $* for $GOOGLE_CLOUD_QUOTA_PROJECT" >> "{calls}"
ls public >> "{calls}"
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of recorded calls. The environment is protected and not packaged yet."""
    install(tmp_path, protected=True)
    monkeypatch.setattr(deploying, "ARCHIVE", tmp_path / "functions.zip")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    return tmp_path / "calls"


def install(folder: Path, *, protected: bool) -> None:
    program = folder / "bin" / "terraform"
    program.parent.mkdir(exist_ok=True)
    outputs = {"deletion_protection": protected, "api": CONFIG["api"], "page": "https://page", "page_config": CONFIG}
    printed = json.dumps({name: {"value": value} for name, value in outputs.items()})
    program.write_text(TERRAFORM.format(calls=folder / "calls", archive=folder / "functions.zip", outputs=printed))
    program.chmod(0o755)
    (folder / "bin" / "npx").write_text(NPX.format(calls=folder / "calls"))
    (folder / "bin" / "npx").chmod(0o755)


def test_the_state_is_stored_in_the_projects_own_bucket(calls: Path, tmp_path: Path) -> None:
    Terraform("practice-assets", "europe-west1", tmp_path).init()

    backend = "-backend-config=bucket=practice-assets-terraform -backend-config=prefix=asset-requests"
    assert calls.read_text() == f"-chdir={tmp_path} init -input=false -reconfigure {backend}\n"


def test_the_tfvars_of_the_environment_are_passed(calls: Path, tmp_path: Path) -> None:
    (tmp_path / "practice-assets.tfvars").touch()
    (tmp_path / "functions.zip").touch()

    Terraform("practice-assets", "europe-west1", tmp_path).apply()

    variables = "-var=project_id=practice-assets -var=region=europe-west1 -var-file=practice-assets.tfvars"
    assert calls.read_text() == f"-chdir={tmp_path} apply {variables}\n"


def test_a_saved_plan_is_applied_unchanged(calls: Path, tmp_path: Path) -> None:
    terraform = Terraform("practice-assets", "europe-west1", tmp_path)
    (tmp_path / "functions.zip").touch()

    terraform.plan(tmp_path / "plan")
    terraform.apply(plan=tmp_path / "plan")

    planned, applied = calls.read_text().splitlines()
    assert planned.startswith(f"-chdir={tmp_path} plan -input=false -lock=false -out={tmp_path}/plan -var=")
    assert applied == f"-chdir={tmp_path} apply {tmp_path}/plan"


def test_ci_refuses_to_plan_without_tfvars(calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terraform = Terraform("practice-assets", "europe-west1", tmp_path)
    monkeypatch.setenv("CI", "true")

    with pytest.raises(SystemExit, match=r"practice-assets\.tfvars is missing"):
        plan(terraform)

    assert not calls.exists()
    terraform.variables_file.touch()
    plan(terraform)
    assert " -var-file=practice-assets.tfvars" in calls.read_text().splitlines()[-1]


def test_a_person_can_plan_without_tfvars(calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)

    plan(Terraform("practice-assets", "europe-west1", tmp_path))

    assert "-var-file" not in calls.read_text()


def test_a_protected_environment_is_not_destroyed(calls: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"^The environment is protected\."):
        destroy(Terraform("practice-assets", "europe-west1", tmp_path))

    assert " destroy " not in calls.read_text()


def test_an_unprotected_environment_is_destroyed(calls: Path, tmp_path: Path) -> None:
    install(tmp_path, protected=False)

    destroy(Terraform("practice-assets", "europe-west1", tmp_path))

    assert calls.read_text().splitlines()[-1].startswith(f"-chdir={tmp_path} destroy -var=project_id=practice-assets")


@pytest.mark.parametrize("step", [plan, destroy])
def test_the_archive_is_built_before_terraform_reads_it(
    step: Callable[[Terraform], None], calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    install(tmp_path, protected=False)

    step(Terraform("practice-assets", "europe-west1", tmp_path))

    assert f" {step.__name__} " in calls.read_text()
    assert "without an archive" not in calls.read_text()


class FakeSites:
    """A fake of Sites, which test_deploy_page.py tests."""

    def __init__(self, *_: object) -> None: ...

    def ensure(self) -> bool:
        return False


class FakeSmokeUsers:
    """A fake of SmokeUsers, which test_deploy_smoke_user.py tests."""

    def __init__(self, *_: object, **__: object) -> None: ...

    @contextmanager
    def temporary_user(self) -> Iterator[str]:
        yield "token"


def test_a_deployment_packages_applies_uploads_and_runs_the_smoke_test(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built, old_plan = tmp_path / "built", tmp_path / "plan"
    built.mkdir()
    (built / "index.html").touch()
    old_plan.touch()
    sent: list[tuple[str, str]] = []
    monkeypatch.setattr(deploying, "PLAN", old_plan)
    monkeypatch.setattr(deploying, "PAGE", tmp_path / "page")
    monkeypatch.setattr(deploying, "build_page", lambda **_: built)
    monkeypatch.setattr(deploying, "current_deployer", lambda: Deployer("ann"))
    monkeypatch.setattr(deploying, "Sites", FakeSites)
    monkeypatch.setattr(deploying, "SmokeUsers", FakeSmokeUsers)
    monkeypatch.setattr(deploying, "run_smoke_test", lambda api, token, **_: sent.append((api, token)))

    everything(Terraform("practice-assets", "europe-west1", tmp_path))

    commands = [line.removeprefix(f"-chdir={tmp_path} ").partition(" -")[0] for line in calls.read_text().splitlines()]
    assert commands == ["init", "apply", "output", "npx", "config.json", "index.html", "output", "output"]
    assert " for practice-assets\n" in calls.read_text()
    assert sent == [(CONFIG["api"], "token")]


@pytest.mark.parametrize(("is_new", "retry"), [(True, NEW_SITE), (False, NO_RETRY)])
def test_only_the_upload_to_a_new_site_is_repeated(
    is_new: bool, retry: RetryPolicy, calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[RetryPolicy] = []
    monkeypatch.setattr(deploying, "prepare_files", lambda *_: None)
    monkeypatch.setattr(deploying, "build_page", lambda **_: tmp_path)
    monkeypatch.setattr(deploying, "current_deployer", lambda: Deployer("ann"))
    monkeypatch.setattr(deploying, "Sites", FakeSites)
    monkeypatch.setattr(FakeSites, "ensure", lambda _: is_new)
    monkeypatch.setattr(deploying, "upload", lambda *_, retry, **__: used.append(retry))

    page(Terraform("practice-assets", "europe-west1", tmp_path))

    assert used == [retry]


def test_the_page_is_uploaded_with_the_environments_config(tmp_path: Path) -> None:
    built, folder = tmp_path / "built", tmp_path / "page"
    built.mkdir()
    (built / "index.html").write_text("<p>page</p>")
    (folder / "public").mkdir(parents=True)
    (folder / "public" / "old.js").touch()

    prepare_files(built, folder, CONFIG)

    assert {path.name for path in (folder / "public").iterdir()} == {"index.html", "config.json"}
    assert json.loads((folder / "public" / "config.json").read_text()) == CONFIG
    assert json.loads((folder / "firebase.json").read_text()) == {"hosting": hosting_config(CONFIG)}
    assert hosting_config(CONFIG)["site"] == "practice-assets"


def test_the_policy_allows_only_the_api_and_google() -> None:
    headers = {header["key"]: header["value"] for header in hosting_config(CONFIG)["headers"][0]["headers"]}
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
    assert headers["Referrer-Policy"] != "no-referrer"  # the API key accepts calls with the page's origin only


def test_the_readme_of_the_page_documents_the_deployed_policy() -> None:
    readme = (ROOT / "web" / "README.md").read_text()
    [documented] = re.findall(r"```\n(default-src .*?)\n```", readme, re.DOTALL)
    for placeholder, value in {"API": CONFIG["api"], "ASSETS": ASSETS, "PROJECT": "practice-assets"}.items():
        documented = re.sub(rf"\b{placeholder}\b", str(value), documented)
    headers = {header["key"]: header["value"] for header in hosting_config(CONFIG)["headers"][0]["headers"]}

    assert _sources(documented) == _sources(headers["Content-Security-Policy"])


def _sources(policy: str) -> dict[str, set[str]]:
    directives = (part.split() for part in policy.split(";"))
    return {name: set(sources) for name, *sources in directives}


@pytest.mark.parametrize(
    "error",
    [
        GoogleAuthError(),
        IdentityTokenError(),
        NoPage(),
        SiteError(),
        SmokeTestError(),
        SmokeUserError(),
        httpx.ConnectError(""),
    ],
    ids=repr,
)
def test_an_expected_error_is_shown_in_one_line(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Terraform) -> None:
        raise type(error)("The reason.")

    monkeypatch.setattr(deploying, "STEPS", {"check": fail})
    monkeypatch.setattr("sys.argv", ["deploy", "check", "--project", "practice-assets", "--region", "europe-west1"])

    with pytest.raises(SystemExit, match=r"^The reason\.$"):
        main()


def test_a_missing_program_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["deploy", "apply", "--project", "practice-assets", "--region", "europe-west1"])

    with pytest.raises(SystemExit, match=r"^terraform was not found\."):
        main()


def test_without_an_environment_nothing_runs(
    calls: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["deploy", "everything", "--project", "", "--region", "europe-west1"])

    with pytest.raises(SystemExit):
        main()

    assert "make deploy PROJECT=my-project REGION=europe-west1" in capsys.readouterr().err
    assert not calls.exists()
