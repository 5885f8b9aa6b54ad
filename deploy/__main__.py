"""Brings the service to a project, step by step or all at once: `python -m deploy STEP --project ID --region NAME`."""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import httpx
from google.auth.exceptions import GoogleAuthError

from build import ROOT
from build.package import build_archive
from build.page import NoPage, build_page
from deploy.deployer import NoIdentity, whoever_deploys
from deploy.hosting import NoSite, Sites
from deploy.page import prepare, upload
from deploy.person import Nobody, People
from deploy.smoke import NotWorking, smoke
from deploy.terraform import Terraform

ARCHIVE = ROOT / "dist" / "functions.zip"
PAGE = ROOT / "dist" / "page"
PLAN = ROOT / "dist" / "plan"
FRESH_SITE = timedelta(minutes=5)


def package(_: Terraform) -> None:
    print(f"{ARCHIVE.name}  sha256 {build_archive(ARCHIVE)}")


def plan(terraform: Terraform) -> None:
    """Packages, shows what would change, and keeps it for `apply`.

    Without the tfvars CI would plan to undo what they say.
    """
    if os.environ.get("CI") and not terraform.own_variables.exists():
        sys.exit(f"{terraform.own_variables} is missing. Commit it: CI knows an environment from it alone.")
    package(terraform)
    terraform.init()
    terraform.plan(PLAN)


def apply(terraform: Terraform) -> None:
    """Applies what `plan` has kept, or else shows what would change and asks."""
    terraform.init()
    terraform.apply(plan=PLAN if PLAN.exists() else None)
    PLAN.unlink(missing_ok=True)


def page(terraform: Terraform) -> None:
    prepare(build_page(report=print), PAGE, terraform.outputs()["page_config"])
    made = Sites(terraform.project, whoever_deploys().access_token).ensure()
    upload(PAGE, project=terraform.project, within=FRESH_SITE if made else timedelta(0))


def check(terraform: Terraform) -> None:
    """Sends a request and follows it to its end. Where public_api is false it needs an identity that may invoke."""
    told, deployer = terraform.outputs(), whoever_deploys()
    invoker = None if told.get("public_api", True) else deployer.identity_token(told["api"])
    people = People(
        terraform.project,
        api_key=told["page_config"]["firebase"]["apiKey"],
        page=told["page"],
        access_token=deployer.access_token,
        tenant="smoke" if told.get("require_tenant") else None,
    )
    with people.somebody() as token:
        smoke(told["api"], token, invoker=invoker)


def everything(terraform: Terraform) -> None:
    """All of it; a plan that an earlier run has left is not what is applied now."""
    PLAN.unlink(missing_ok=True)
    for step in (package, apply, page, check):
        step(terraform)
    print(f"The page is at {terraform.outputs()['page']}.")


def destroy(terraform: Terraform) -> None:
    """Ends an environment, unless it is protected: half of it would go before Google Cloud refuses.

    Terraform reads the archive even then.
    """
    terraform.init()
    if terraform.outputs().get("deletion_protection", True):
        sys.exit("It is protected. Put deletion_protection = false into its tfvars, deploy, and destroy then.")
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
        parser.error("which environment? For one: make deploy PROJECT=my-project REGION=europe-west1")
    try:
        STEPS[given.step](Terraform(given.project, given.region, given.folder))
    except FileNotFoundError as error:
        sys.exit(f"{error.filename} is needed, and was not found.")
    except (
        subprocess.CalledProcessError,
        httpx.HTTPError,
        GoogleAuthError,
        Nobody,
        NoIdentity,
        NoPage,
        NoSite,
        NotWorking,
    ) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
