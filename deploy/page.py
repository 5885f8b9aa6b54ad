"""Puts the page on Firebase Hosting: the built files, config.json, and headers that let it reach what it needs."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from build.page_headers import CACHE_HASHED, CACHE_OTHERS, HASHED_FOLDER, page_headers

FIREBASE_TOOLS = "firebase-tools@15.34.2"
EVERY = timedelta(seconds=15)
ASSETS = "https://storage.googleapis.com"  # where signed URLs lead
GOOGLE = (
    "https://identitytoolkit.googleapis.com",
    "https://securetoken.googleapis.com",
    "https://firestore.googleapis.com",
)


def prepare(built: Path, folder: Path, config: Mapping[str, Any]) -> None:
    """Fill `folder` with what firebase-tools uploads."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(built, folder / "public")
    (folder / "public" / "config.json").write_text(json.dumps(config, indent=2))
    (folder / "firebase.json").write_text(json.dumps({"hosting": hosting(config)}, indent=2))


def hosting(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of Firebase Hosting ("Configure Hosting behavior")."""
    return {
        "site": config["firebase"]["projectId"],
        "public": "public",
        "ignore": ["firebase.json", "**/.*"],
        "headers": [
            {"source": "**", "headers": _headers({**_common(config), "Cache-Control": CACHE_OTHERS})},
            {
                "source": f"/{HASHED_FOLDER}/**",
                "headers": _headers({"Cache-Control": CACHE_HASHED}),
            },
        ],
    }


def upload(folder: Path, *, project: str, within: timedelta = timedelta(0)) -> None:
    """Try for `within`: a site that has just been made takes minutes to be known ("projects.sites.create").

    A person's credentials name no project whose quota is used, and Firebase refuses calls without one.
    """
    command = ("npx", "--yes", FIREBASE_TOOLS, "deploy", "--only", "hosting", "--project", project, "--non-interactive")
    environment = {**os.environ, "GOOGLE_CLOUD_QUOTA_PROJECT": project}
    deadline = time.monotonic() + within.total_seconds()
    while (tried := subprocess.run(command, cwd=folder, env=environment, check=False)).returncode:
        if time.monotonic() >= deadline:
            tried.check_returncode()
        time.sleep(EVERY.total_seconds())


def _common(config: Mapping[str, Any]) -> dict[str, str]:
    return page_headers(
        connect=(config["api"], ASSETS, *GOOGLE),
        images=(ASSETS,),
        scripts=("https://apis.google.com",),  # signing in in a popup
        frames=(f"https://{config['firebase']['authDomain']}",),
    )


def _headers(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": name, "value": value} for name, value in values.items()]
