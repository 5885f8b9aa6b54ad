"""The page's site, against the documented REST API of Firebase Hosting, and the upload of the page."""

import os
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from deploy.hosting import SiteError, Sites
from deploy.page import NO_RETRY, upload
from deploy.retry_policy import RetryPolicy
from tests.google_apis import FirebaseHosting
from tests.serving import served

PROJECT = "practice-assets"
FAILS_ONCE = """#!/bin/sh
echo "$* for $GOOGLE_CLOUD_QUOTA_PROJECT" >> calls
[ "$(wc -l < calls)" -gt 1 ]
"""


@pytest.fixture
def hosting() -> Iterator[tuple[FirebaseHosting, Sites]]:
    fake = FirebaseHosting()
    with served(fake.app) as url:
        yield fake, Sites(PROJECT, "admin", url)


def test_a_missing_site_is_created_once(
    hosting: tuple[FirebaseHosting, Sites],
) -> None:
    fake, sites = hosting

    assert [sites.ensure(), sites.ensure()] == [True, False]

    assert fake.sites == {PROJECT}


def test_a_site_that_another_deployment_creates_at_the_same_time_is_new(
    hosting: tuple[FirebaseHosting, Sites],
) -> None:
    fake, sites = hosting
    fake.sites, fake.hidden = {PROJECT}, {PROJECT}

    assert sites.ensure()


def test_a_site_that_cannot_be_created_is_an_error(hosting: tuple[FirebaseHosting, Sites]) -> None:
    fake, sites = hosting
    fake.reserved = {PROJECT}

    with pytest.raises(SiteError, match=r"answered with 400: .*reserved by another project"):
        sites.ensure()


def test_without_permission_to_read_no_site_is_created(hosting: tuple[FirebaseHosting, Sites]) -> None:
    fake, sites = hosting

    with pytest.raises(SiteError, match="answered with 403"):
        Sites(PROJECT, "other", sites.base_url).ensure()

    assert fake.sites == set()


@pytest.fixture
def npx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of recorded calls of npx. The first call fails."""
    program = tmp_path / "bin" / "npx"
    program.parent.mkdir()
    program.write_text(FAILS_ONCE)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    return tmp_path / "calls"


def test_the_upload_to_a_new_site_is_repeated_until_it_succeeds(npx: Path, tmp_path: Path) -> None:
    upload(tmp_path, project=PROJECT, retry=RetryPolicy(within=timedelta(seconds=20), every=timedelta(milliseconds=5)))

    first, second = npx.read_text().splitlines()
    assert first == second
    assert f" deploy --only hosting --project {PROJECT} " in second
    assert second.endswith(f" for {PROJECT}")  # the quota project


def test_the_upload_to_an_existing_site_is_not_repeated(npx: Path, tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        upload(tmp_path, project=PROJECT, retry=NO_RETRY)

    assert len(npx.read_text().splitlines()) == 1
