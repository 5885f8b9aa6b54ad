"""Uploads the page to Firebase Hosting: the built files, config.json, and the headers of every answer."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from build.page_headers import CACHE_HASHED, CACHE_OTHERS, HASHED_FOLDER, page_headers
from deploy.retry_policy import RetryPolicy

FIREBASE_TOOLS = "firebase-tools@15.34.2"
NO_RETRY = RetryPolicy(within=timedelta(0), every=timedelta(0))
NEW_SITE = RetryPolicy(within=timedelta(minutes=5), every=timedelta(seconds=15))
"""A new site is not available everywhere for some minutes ("projects.sites.create")."""

ASSETS = "https://storage.googleapis.com/{bucket}/"  # the beginning of signed URLs
GOOGLE_SIGN_IN = "https://apis.google.com"
GOOGLE = (
    "https://identitytoolkit.googleapis.com",
    "https://securetoken.googleapis.com",
    "https://firestore.googleapis.com",
)


def prepare_files(built: Path, folder: Path, config: Mapping[str, Any], *, bucket: str) -> None:
    """Fills `folder` with the files that firebase-tools uploads."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(built, folder / "public")
    (folder / "public" / "config.json").write_text(json.dumps(config, indent=2))
    (folder / "firebase.json").write_text(json.dumps({"hosting": hosting_config(config, bucket=bucket)}, indent=2))


def hosting_config(config: Mapping[str, Any], *, bucket: str) -> dict[str, Any]:
    """Returns the configuration of Firebase Hosting ("Configure Hosting behavior")."""
    return {
        "site": config["firebase"]["projectId"],
        "public": "public",
        "ignore": ["firebase.json", "**/.*"],
        "headers": [
            {"source": "**", "headers": _headers({**_common(config, bucket), "Cache-Control": CACHE_OTHERS})},
            {
                "source": f"/{HASHED_FOLDER}/**",
                "headers": _headers({"Cache-Control": CACHE_HASHED}),
            },
        ],
    }


def upload(folder: Path, *, project: str, retry: RetryPolicy) -> None:
    """Uploads the prepared files. Raises CalledProcessError.

    A person's credentials have no quota project, and Firebase refuses calls without one.
    """
    command = ("npx", "--yes", FIREBASE_TOOLS, "deploy", "--only", "hosting", "--project", project, "--non-interactive")
    environment = {**os.environ, "GOOGLE_CLOUD_QUOTA_PROJECT": project}
    retry.call(
        lambda: subprocess.run(command, cwd=folder, env=environment, check=True),
        retry_on=subprocess.CalledProcessError,
    )


def _common(config: Mapping[str, Any], bucket: str) -> dict[str, str]:
    assets, in_popup = ASSETS.format(bucket=bucket), "google" in config["signIn"]
    return page_headers(
        connect=(config["api"], assets, *GOOGLE),
        images=(assets,),
        scripts=(GOOGLE_SIGN_IN,) if in_popup else (),
        frames=(f"https://{config['firebase']['authDomain']}",) if in_popup else (),
    )


def _headers(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": name, "value": value} for name, value in values.items()]
