"""Fixtures for tests that call the functions over HTTP."""

import uuid
from collections.abc import Iterator, Mapping

import httpx
import pytest
from google.cloud.firestore import Client

from common.gateways.firestore import Requests
from common.queues import load_policies
from local.cloud_tasks import CloudTasks, VirtualClock
from local.emulators.firestore import PROJECT
from local.stack.queues import create_queues
from tests.integration.pipeline import Pipeline
from tests.integration.proxy import Proxy
from tests.integration.running import PAGE, Caller, Service, serving


@pytest.fixture(scope="session")
def pending_tasks() -> Iterator[CloudTasks]:
    """A Cloud Tasks with all queues whose clock does not move: tasks stay pending."""
    with CloudTasks(clock=VirtualClock(), send=lambda _: 200) as tasks:
        create_queues(tasks.client(), PROJECT, "us-central1", "http://process.invalid", load_policies())
        yield tasks


@pytest.fixture(scope="session")
def api_environment(
    firestore_emulator: str, pending_tasks: CloudTasks, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, str]:
    return {
        "FIRESTORE_EMULATOR_HOST": firestore_emulator,
        "CLOUD_TASKS_EMULATOR_HOST": pending_tasks.address,
        "ASSETS_FOLDER": str(tmp_path_factory.mktemp("assets")),
        "ASSETS_URL": "http://127.0.0.1:1",
        "ASSETS_SIGNING_KEY": "a key for tests",
        "CORS_ORIGINS": PAGE,
    }


@pytest.fixture(scope="session")
def service(api_environment: Mapping[str, str], pending_tasks: CloudTasks) -> Iterator[Service]:
    """A running `api`, one for each worker of the test run."""
    with serving(api_environment) as url, httpx.Client(base_url=url, timeout=30) as http:
        yield Service(http, Requests(Client(project=PROJECT)), pending_tasks)


@pytest.fixture
def caller(service: Service) -> Caller:
    """A new caller, who is the only one of its tenant."""
    return service.caller()


@pytest.fixture
def request_id(caller: Caller) -> str:
    """The id of a queued request of the caller."""
    request = {"type": "diagnostic", "input": {}}
    return str(caller.post("/requests", request).raise_for_status().json()["id"])


@pytest.fixture
def client(firestore_emulator: str) -> Client:
    """A client of a database of its own."""
    return Client(project=PROJECT, database=f"t{uuid.uuid4().hex}")


@pytest.fixture
def pipeline(firestore_emulator: str, client: Client) -> Iterator[Pipeline]:
    """A pipeline with a database of its own, which it calls directly."""
    with (
        Proxy(firestore_emulator) as proxy,
        Pipeline(firestore=proxy, clock=VirtualClock()).running(client) as running,
    ):
        yield running
