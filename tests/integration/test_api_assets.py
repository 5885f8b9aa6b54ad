"""Signed URLs of assets."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from common.gateways.folder_assets import FolderAssets
from common.pipeline.record import Status
from functions.http.handlers import ASSET_URL_VALIDITY
from local.stack.parts import assets_part
from local.stack.ports import free_port
from local.stack.supervisor import Supervisor
from tests.integration.running import Caller, Service, serving

CONTENT = b"Welcome."


@pytest.fixture
def completed(service: Service, api_environment: Mapping[str, str], request_id: str) -> str:
    """The id of a completed request with one asset, `poster.txt`."""
    path = f"{request_id}/claim/poster.txt"
    FolderAssets(Path(api_environment["ASSETS_FOLDER"]), "", b"").save(path, "text/plain", CONTENT)
    asset = {"name": "poster.txt", "content_type": "text/plain", "bytes": len(CONTENT), "path": path}
    service.edit(request_id, status=Status.COMPLETED, due=None, result={"assets": [asset]})
    return request_id


@pytest.fixture
def assets_url(api_environment: Mapping[str, str], tmp_path: Path) -> Iterator[str]:
    """The URL of a local server of assets."""
    folder, key = Path(api_environment["ASSETS_FOLDER"]), api_environment["ASSETS_SIGNING_KEY"]
    port = free_port()
    with Supervisor(tmp_path) as supervisor:
        supervisor.start([assets_part(port, folder=folder, key=key, origins="")])
        yield f"http://127.0.0.1:{port}"


def test_a_signed_url_serves_the_asset_without_a_token(
    api_environment: Mapping[str, str], assets_url: str, caller: Caller, completed: str
) -> None:
    with serving({**api_environment, "ASSETS_URL": assets_url}) as url, httpx.Client(base_url=url) as http:
        answer = replace(caller, http=http).get(f"/requests/{completed}/assets/poster.txt")

    assert answer.status_code == 200
    assert httpx.get(answer.json()["url"]).content == CONTENT


def test_a_signed_url_is_valid_for_15_minutes(caller: Caller, completed: str) -> None:
    before = datetime.now(UTC)

    answer = caller.get(f"/requests/{completed}/assets/poster.txt").json()

    validity = datetime.fromisoformat(answer["expires_at"]) - before
    assert timedelta(seconds=-1) < validity - ASSET_URL_VALIDITY < timedelta(seconds=30)


@pytest.mark.parametrize("name", ["other.png", "Poster.txt", "claim%2Fposter.txt", "%2E%2E", "%00", "poster.txt/"])
def test_an_unknown_asset_is_not_found(caller: Caller, completed: str, name: str) -> None:
    answer = caller.get(f"/requests/{completed}/assets/{name}")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
