"""Deploys to a project, one step or all of them: `python -m deploy STEP --project ID --region NAME`."""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
from google.auth.exceptions import GoogleAuthError

from build import ROOT
from build.package import ARCHIVE, build_archive
from build.page import NoPage, build_page
from deploy.deployer import IdentityTokenError, current_deployer
from deploy.hosting import SiteError, Sites
from deploy.page import NEW_SITE, NO_RETRY, prepare_files, upload
from deploy.smoke import SmokeTestError, run_smoke_test
from deploy.smoke_user import SmokeUserError, SmokeUsers
from deploy.terraform import Terraform

PAGE = ROOT / "dist" / "page"
PLAN = ROOT / "dist" / "plan"


def package(_: Terraform) -> None:
    print(f"{ARCHIVE.name}  sha256 {build_archive(ARCHIVE)}")


def plan(terraform: Terraform) -> None:
    """Packages, shows the planned changes, and saves the plan for `apply`.

    Without the environment's tfvars, CI would plan to undo the settings in them.
    """
    if os.environ.get("CI") and not terraform.variables_file.exists():
        sys.exit(f"{terraform.variables_file} is missing. Commit it: CI reads an environment's settings from it.")
    package(terraform)
    terraform.init()
    terraform.plan(PLAN)


def apply(terraform: Terraform) -> None:
    """Applies the plan that `plan` has saved, or else shows a new one and waits for confirmation."""
    terraform.init()
    terraform.apply(plan=PLAN if PLAN.exists() else None)
    PLAN.unlink(missing_ok=True)


def page(terraform: Terraform) -> None:
    """Builds the page and uploads it."""
    outputs = terraform.outputs()
    prepare_files(build_page(report=print), PAGE, outputs["page_config"], bucket=outputs["assets_bucket"])
    is_new = Sites(terraform.project, current_deployer().access_token).ensure()
    upload(PAGE, project=terraform.project, retry=NEW_SITE if is_new else NO_RETRY)


def check(terraform: Terraform) -> None:
    """Runs the smoke test. Where public_api is false, the deployer needs permission to invoke the API."""
    outputs, deployer = terraform.outputs(), current_deployer()
    invoker = None if outputs.get("public_api", True) else deployer.identity_token(outputs["api"])
    users = SmokeUsers(
        terraform.project,
        api_key=outputs["page_config"]["firebase"]["apiKey"],
        page=outputs["page"],
        access_token=deployer.access_token,
        tenant="smoke" if outputs.get("require_tenant") else None,
    )
    with users.temporary_user() as token:
        run_smoke_test(outputs["api"], token, invoker=invoker)


def everything(terraform: Terraform) -> None:
    """Runs every step. Ignores a plan that an earlier run has saved."""
    PLAN.unlink(missing_ok=True)
    for step in (package, apply, page, check):
        step(terraform)
    print(f"The page is at {terraform.outputs()['page']}.")


def destroy(terraform: Terraform) -> None:
    """Deletes an environment that is not protected. Google Cloud would refuse a protected one halfway.

    Terraform reads the archive for this too.
    """
    terraform.init()
    if terraform.outputs().get("deletion_protection", True):
        sys.exit("The environment is protected. Set deletion_protection = false in its tfvars, deploy, then destroy.")
    package(terraform)
    terraform.destroy()


STEPS: Mapping[str, Callable[[Terraform], None]] = {
    "package": package,
    "plan": plan,
    "apply": apply,
    "page": page,
    "check": check,
    "everything": everything,
    "destroy": destroy,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m deploy", description=__doc__)
    parser.add_argument("step", choices=STEPS)
    parser.add_argument("--project", required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--folder", type=Path, default=ROOT / "terraform", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if not (given.project and given.region):
        parser.error("name the environment: make deploy PROJECT=my-project REGION=europe-west1")
    try:
        STEPS[given.step](Terraform(given.project, given.region, given.folder))
    except FileNotFoundError as error:
        sys.exit(f"{error.filename} was not found. Install it first.")
    except (
        subprocess.CalledProcessError,
        httpx.HTTPError,
        GoogleAuthError,
        IdentityTokenError,
        NoPage,
        SiteError,
        SmokeTestError,
        SmokeUserError,
    ) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
