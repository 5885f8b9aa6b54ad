"""Cancelling, retrying, and fetching assets: the moves that are left to callers once they have asked."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from common.gateways.folder_assets import FolderAssets
from common.pipeline.record import Failure, Status
from local.stack.parts import assets_part
from local.stack.ports import free_port
from local.stack.supervisor import Supervisor
from tests.integration.running import Caller, Service, serving

ASK = {"type": "diagnostic", "input": {}}


@pytest.fixture
def asked(caller: Caller) -> str:
    """The id of a queued request."""
    return str(caller.post("/requests", ASK).raise_for_status().json()["id"])


def end(service: Service, request_id: str, status: Status, *, ago: timedelta = timedelta(0), **fields: Any) -> None:
    """Ends a request as a worker would have, that long ago."""
    at = datetime.now(UTC) - ago
    service.edit(request_id, status=status, due=None, finished_at=at, expires_at=at + timedelta(days=35), **fields)


def test_a_cancelled_request_is_told_as_such(caller: Caller, asked: str) -> None:
    answer = caller.post(f"/requests/{asked}:cancel")

    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert caller.get(f"/requests/{asked}").json() == answer.json()


def test_the_task_of_a_cancelled_request_is_deleted(service: Service, caller: Caller, asked: str) -> None:
    caller.post(f"/requests/{asked}:cancel")

    assert service.enqueued_by(caller) == []


def test_cancelling_again_changes_nothing(caller: Caller, asked: str) -> None:
    first = caller.post(f"/requests/{asked}:cancel")

    again = caller.post(f"/requests/{asked}:cancel")

    assert (again.status_code, again.json()) == (200, first.json())


def test_a_request_that_is_being_worked_on_can_be_cancelled(service: Service, caller: Caller, asked: str) -> None:
    service.edit(asked, status=Status.PROCESSING, attempt=1)

    assert caller.post(f"/requests/{asked}:cancel").json()["status"] == "cancelled"


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.FAILED])
def test_what_has_ended_otherwise_cannot_be_cancelled(
    service: Service, caller: Caller, asked: str, status: Status
) -> None:
    end(service, asked, status)

    answer = caller.post(f"/requests/{asked}:cancel")

    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
    assert caller.get(f"/requests/{asked}").json()["status"] == status


def test_a_failed_request_is_retried_as_if_it_were_new(service: Service, caller: Caller, asked: str) -> None:
    error = Failure(code="attempts", message="It failed three times.", attempt=3, at=datetime.now(UTC))
    end(service, asked, Status.FAILED, attempt=3, error=error)

    answer = caller.post(f"/requests/{asked}:retry")

    told = answer.json()
    assert answer.status_code == 202
    assert (told["status"], told["redrive"], told["generation"], told["attempt"]) == ("queued", 1, 1, 0)
    assert not {"error", "finished_at", "expires_at"} & told.keys()


def test_a_cancelled_request_is_retried_with_a_new_task(service: Service, caller: Caller, asked: str) -> None:
    caller.post(f"/requests/{asked}:cancel")

    assert caller.post(f"/requests/{asked}:retry").status_code == 202
    assert service.enqueued_by(caller) == [f"{asked}-g1"]


def test_retrying_again_while_it_is_queued_makes_up_for_a_lost_task(
    service: Service, caller: Caller, asked: str
) -> None:
    caller.post(f"/requests/{asked}:cancel")
    first = caller.post(f"/requests/{asked}:retry")
    [task] = [task for task in service.tasks.pending() if asked in task.name]
    service.tasks.delete(task.name)
    service.tasks.reset_names()

    again = caller.post(f"/requests/{asked}:retry")

    assert (again.status_code, again.json()) == (200, first.json())
    assert service.enqueued_by(caller) == [f"{asked}-g1"]


@pytest.mark.parametrize("status", [Status.QUEUED, Status.PROCESSING, Status.COMPLETED])
def test_what_has_not_failed_cannot_be_retried(service: Service, caller: Caller, asked: str, status: Status) -> None:
    service.edit(asked, status=status, snoozes=1)

    answer = caller.post(f"/requests/{asked}:retry")

    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
    assert caller.get(f"/requests/{asked}").json()["status"] == status


def test_a_request_past_its_retention_is_gone_for_a_retry(service: Service, caller: Caller, asked: str) -> None:
    end(service, asked, Status.FAILED, ago=timedelta(days=36))

    answer = caller.post(f"/requests/{asked}:retry")

    assert (answer.status_code, answer.json()["code"]) == (410, "expired")
    assert caller.get(f"/requests/{asked}").json()["status"] == "failed"


@pytest.fixture
def with_asset(service: Service, api_environment: dict[str, str], asked: str) -> str:
    """The id of a completed request with one asset, `poster.txt`."""
    path = f"{asked}/claim/poster.txt"
    FolderAssets(Path(api_environment["ASSETS_FOLDER"]), "", b"").save(path, "text/plain", b"Come in.")
    asset = {"name": "poster.txt", "content_type": "text/plain", "bytes": 8, "path": path}
    end(service, asked, Status.COMPLETED, result={"assets": [asset]})
    return asked


def test_an_asset_is_fetched_by_its_signed_address_without_a_token(
    api_environment: dict[str, str], assets_url: str, caller: Caller, with_asset: str
) -> None:
    with serving({**api_environment, "ASSETS_URL": assets_url}) as url, httpx.Client(base_url=url) as http:
        answer = Caller(http, caller.authorization, caller.tenant).get(f"/requests/{with_asset}/assets/poster.txt")

    assert answer.status_code == 200
    assert httpx.get(answer.json()["url"]).content == b"Come in."


@pytest.fixture
def assets_url(api_environment: dict[str, str], tmp_path: Path) -> Iterator[str]:
    folder, key = Path(api_environment["ASSETS_FOLDER"]), api_environment["ASSETS_SIGNING_KEY"]
    port = free_port()
    with Supervisor(tmp_path) as supervisor:
        supervisor.start([assets_part(port, folder=folder, key=key, origins="")])
        yield f"http://127.0.0.1:{port}"


def test_the_address_of_an_asset_is_good_for_minutes(caller: Caller, with_asset: str) -> None:
    told = caller.get(f"/requests/{with_asset}/assets/poster.txt").json()

    left = datetime.fromisoformat(told["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=1) < left <= timedelta(minutes=15)


@pytest.mark.parametrize("name", ["other.png", "Poster.txt", "claim%2Fposter.txt", "%2E%2E", "%00", "poster.txt/"])
def test_an_asset_of_another_name_is_missing(caller: Caller, with_asset: str, name: str) -> None:
    answer = caller.get(f"/requests/{with_asset}/assets/{name}")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_request_without_a_result_has_no_assets(caller: Caller, asked: str) -> None:
    assert caller.get(f"/requests/{asked}/assets/poster.txt").status_code == 404
