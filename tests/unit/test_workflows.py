"""The workflows: pinned actions, least privilege, and one list of Python versions; and the updates by Dependabot."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # comes with schemathesis

from build import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
VERSIONS = (ROOT / ".python-versions").read_text().split()


def jobs(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text())["jobs"]
    return found


def steps(file: Path) -> list[dict[str, Any]]:
    return [step for job in jobs(file).values() for step in job.get("steps", [])]


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_every_action_is_pinned_to_a_commit_and_states_its_version(file: Path) -> None:
    used = re.findall(r"uses: (?!\./)(.*)", file.read_text())

    assert used
    assert [each for each in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each)] == []


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_can_only_read_and_no_script_contains_an_expression(file: Path) -> None:
    assert yaml.safe_load(file.read_text())["permissions"] == {"contents": "read"}
    assert [step for step in steps(file) if "${{" in step.get("run", "")] == []


def test_only_the_jobs_that_deploy_get_tokens_for_google_cloud() -> None:
    with_tokens = {
        (file.name, name): job["environment"]
        for file in WORKFLOWS
        for name, job in jobs(file).items()
        if "id-token" in job.get("permissions", {})
    }

    assert with_tokens == {("deploy.yml", "plan"): "plan", ("deploy.yml", "apply"): "production"}


def test_a_change_is_tested_and_planned_before_it_is_applied() -> None:
    found = jobs(ROOT / ".github" / "workflows" / "deploy.yml")

    assert (found["plan"]["needs"], found["apply"]["needs"]) == ("test", "plan")


def test_only_applies_wait_for_each_other() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "deploy.yml").read_text())
    one_at_a_time = {name: job["concurrency"] for name, job in workflow["jobs"].items() if "concurrency" in job}

    assert "concurrency" not in workflow
    assert one_at_a_time == {"apply": {"group": "deploy", "cancel-in-progress": False}}


def test_a_plan_is_applied_with_its_own_archive_and_providers() -> None:
    found = steps(ROOT / ".github" / "workflows" / "deploy.yml")
    artifacts = {step["uses"].partition("@")[0]: step["with"] for step in found if "-artifact@" in step.get("uses", "")}

    uploaded = artifacts["actions/upload-artifact"]
    assert uploaded["path"].split() == ["dist/plan", "dist/functions.zip", "terraform/.terraform.lock.hcl"]
    assert uploaded["include-hidden-files"] is True
    assert artifacts["actions/download-artifact"]["path"] == "."


def test_the_tested_python_versions_are_those_that_the_code_supports() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    oldest = min(VERSIONS, key=lambda version: int(version.partition(".")[2]))

    assert f'requires-python = ">={oldest}"' in project
    assert f'target-version = "py{oldest.replace(".", "")}"' in project
    assert sorted(VERSIONS) == ["3.11", "3.12", "3.13"]


def test_google_cloud_accepts_only_the_events_that_deploy() -> None:
    """A pull_request_target runs on main with the subject of the repository, even from a fork."""
    condition = (ROOT / "terraform" / "deploy.tf").read_text()
    [accepted] = re.findall(r"assertion\.event_name in \[([^]]*)\]", condition)
    triggers = yaml.safe_load((ROOT / ".github" / "workflows" / "deploy.yml").read_text())[True]  # YAML 1.1 reads on so

    assert set(re.findall(r"'(\w+)'", accepted)) == set(triggers) == {"push", "workflow_dispatch"}


def test_dependabot_updates_every_manifest_in_groups() -> None:
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())["updates"]
    manifests = {
        "pip": "requirements.txt",
        "npm": "web/package.json",
        "github-actions": ".github/workflows",
        "terraform": "terraform/versions.tf",
    }

    assert {update["package-ecosystem"] for update in updates} == manifests.keys()
    for update in updates:
        manifest = ROOT / manifests[update["package-ecosystem"]]
        assert manifest.exists()
        assert manifest.is_relative_to(ROOT / update["directory"].lstrip("/"))
        assert update["groups"]
