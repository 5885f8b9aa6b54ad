"""The steps of a deployment: terraform and npx are programs that record their arguments, Google's APIs are local."""

import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from deploy import __main__ as deploying
from deploy.__main__ import destroy, everything, page, plan
from deploy.deployer import Deployer
from deploy.hosting import Sites
from deploy.page import NEW_SITE, NO_RETRY
from deploy.retry_policy import RetryPolicy
from deploy.smoke_user import SmokeUsers
from deploy.terraform import Terraform
from tests.google_apis import PAGE, PROJECT, FirebaseHosting, IdentityToolkit
from tests.serving import served

PAGE_CONFIG = {
    "api": "https://api-abc-ew.a.run.app",
    "firebase": {"projectId": PROJECT, "apiKey": "key", "authDomain": "practice-assets.firebaseapp.com"},
    "signIn": ["password"],
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
    outputs = {
        "deletion_protection": protected,
        "api": PAGE_CONFIG["api"],
        "page": PAGE,
        "page_config": PAGE_CONFIG,
        "assets_bucket": "practice-assets-assets",
    }
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


@pytest.fixture
def hosting(monkeypatch: pytest.MonkeyPatch) -> Iterator[FirebaseHosting]:
    hosting = FirebaseHosting()
    with served(hosting.app) as url:
        monkeypatch.setattr(deploying, "Sites", partial(Sites, base_url=url))
        monkeypatch.setattr(deploying, "current_deployer", lambda: Deployer("admin"))
        yield hosting


def test_a_deployment_packages_applies_uploads_and_runs_the_smoke_test(
    calls: Path, hosting: FirebaseHosting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built, old_plan = tmp_path / "built", tmp_path / "plan"
    built.mkdir()
    (built / "index.html").touch()
    old_plan.touch()
    sent: list[tuple[str, str]] = []
    monkeypatch.setattr(deploying, "PLAN", old_plan)
    monkeypatch.setattr(deploying, "PAGE", tmp_path / "page")
    monkeypatch.setattr(deploying, "build_page", lambda **_: built)
    monkeypatch.setattr(deploying, "run_smoke_test", lambda api, token, **_: sent.append((api, token)))
    toolkit = IdentityToolkit()

    with served(toolkit.app) as url:
        monkeypatch.setattr(deploying, "SmokeUsers", partial(SmokeUsers, base_url=url))
        everything(Terraform(PROJECT, "europe-west1", tmp_path))

    commands = [line.removeprefix(f"-chdir={tmp_path} ").partition(" -")[0] for line in calls.read_text().splitlines()]
    assert commands == ["init", "apply", "output", "npx", "config.json", "index.html", "output", "output"]
    assert f" for {PROJECT}\n" in calls.read_text()
    assert hosting.sites == {PROJECT}
    assert sent == [(PAGE_CONFIG["api"], "token of uid-1")]
    assert toolkit.users == {}


@pytest.mark.usefixtures("calls")
@pytest.mark.parametrize(("sites", "retry"), [(set(), NEW_SITE), ({PROJECT}, NO_RETRY)], ids=["new", "old"])
def test_only_the_upload_to_a_new_site_is_repeated(
    sites: set[str],
    retry: RetryPolicy,
    hosting: FirebaseHosting,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hosting.sites = set(sites)
    used: list[RetryPolicy] = []
    monkeypatch.setattr(deploying, "prepare_files", lambda *_, **__: None)
    monkeypatch.setattr(deploying, "build_page", lambda **_: tmp_path)
    monkeypatch.setattr(deploying, "upload", lambda *_, retry, **__: used.append(retry))

    page(Terraform(PROJECT, "europe-west1", tmp_path))

    assert used == [retry]
