"""The page's site, at a double of Firebase Hosting's REST API as it is documented, and the upload to a fresh one."""

import os
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request

from deploy import page
from deploy.hosting import NoSite, Sites
from deploy.page import upload
from tests.serving import served

PROJECT = "practice-assets"
FAILS_ONCE = """#!/bin/sh
echo "$* for $GOOGLE_CLOUD_QUOTA_PROJECT" >> calls
[ "$(wc -l < calls)" -gt 1 ]
"""


class FirebaseHosting:
    """projects.sites (get and create). Names of sites are global: `reserved` are others'."""

    def __init__(self) -> None:
        self.sites: set[str] = set()
        self.hidden: set[str] = set()
        self.reserved: set[str] = set()
        self.app = Flask(__name__)
        self.app.get("/v1beta1/projects/<project>/sites/<site>")(self.look)
        self.app.post("/v1beta1/projects/<project>/sites")(self.create)

    def look(self, project: str, site: str) -> Any:
        if request.headers.get("Authorization") != "Bearer admin":
            return {"error": {"status": "PERMISSION_DENIED"}}, 403
        if site not in self.sites - self.hidden:
            return {"error": {"status": "NOT_FOUND"}}, 404
        return {"name": f"projects/{project}/sites/{site}"}

    def create(self, project: str) -> Any:
        site = request.args["siteId"]
        if site in self.reserved:
            return {"error": {"message": f"Invalid name: `{site}` is reserved by another project"}}, 400
        if site in self.sites:
            return {"error": {"status": "ALREADY_EXISTS"}}, 409
        self.sites.add(site)
        return {"name": f"projects/{project}/sites/{site}"}


@pytest.fixture
def hosting() -> Iterator[tuple[FirebaseHosting, Sites]]:
    double = FirebaseHosting()
    with served(double.app) as url:
        yield double, Sites(PROJECT, "admin", url)


def test_a_project_without_a_site_gets_the_one_that_its_page_is_known_by(
    hosting: tuple[FirebaseHosting, Sites],
) -> None:
    double, sites = hosting

    assert [sites.ensure(), sites.ensure()] == [True, False]

    assert double.sites == {PROJECT}


def test_a_site_that_another_makes_at_the_same_time_is_as_fresh_as_ones_own(
    hosting: tuple[FirebaseHosting, Sites],
) -> None:
    double, sites = hosting
    double.sites, double.hidden = {PROJECT}, {PROJECT}

    assert sites.ensure()


def test_a_site_that_cannot_be_made_is_told(hosting: tuple[FirebaseHosting, Sites]) -> None:
    double, sites = hosting
    double.reserved = {PROJECT}

    with pytest.raises(NoSite, match=r"answered with 400: .*reserved by another project"):
        sites.ensure()


def test_nothing_is_made_by_who_may_not_even_look(hosting: tuple[FirebaseHosting, Sites]) -> None:
    double, sites = hosting

    with pytest.raises(NoSite, match="answered with 403"):
        Sites(PROJECT, "somebody", sites.base_url).ensure()

    assert double.sites == set()


@pytest.fixture
def npx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file with what each call of npx was given, of which the first one fails."""
    program = tmp_path / "bin" / "npx"
    program.parent.mkdir()
    program.write_text(FAILS_ONCE)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    monkeypatch.setattr(page, "EVERY", timedelta(milliseconds=5))
    return tmp_path / "calls"


def test_the_upload_to_a_fresh_site_is_tried_until_the_site_is_known(npx: Path, tmp_path: Path) -> None:
    upload(tmp_path, project=PROJECT, within=timedelta(seconds=20))

    first, second = npx.read_text().splitlines()
    assert first == second
    assert f" deploy --only hosting --project {PROJECT} " in second
    assert second.endswith(f" for {PROJECT}")  # whose quota is used


def test_an_upload_to_a_site_that_is_known_fails_at_once(npx: Path, tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        upload(tmp_path, project=PROJECT)

    assert len(npx.read_text().splitlines()) == 1
