"""The documents under test: the fake, and the gateway on the Firestore emulator."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from google.cloud.firestore import Client

from common.gateways.firestore import Requests
from tests.contract.documents import Documents
from tests.fakes import FakeDocuments


@pytest.fixture
def client(firestore_emulator: str) -> Iterator[Client]:
    """A client with its own project, because a sweep reads all requests of a project."""
    client = Client(project=f"demo-{uuid4().hex[:20]}")
    yield client
    client.close()


@pytest.fixture
def requests(client: Client) -> Requests:
    return Requests(client)


@pytest.fixture(params=["fake", "firestore"])
def documents(request: pytest.FixtureRequest) -> Documents:
    return FakeDocuments() if request.param == "fake" else Requests(request.getfixturevalue("client"))
