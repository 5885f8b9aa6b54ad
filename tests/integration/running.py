"""The function `api` over HTTP, with its records in Firestore and its tasks in Cloud Tasks."""

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import functions_framework
import httpx
import pytest

from common.gateways.firestore import Requests
from common.pipeline.record import Record
from common.pipeline.store import Update
from local.cloud_tasks import CloudTasks
from local.emulators.firestore import PROJECT
from local.token import unsigned_token
from tests.serving import served

PAGE = "http://page.example"
SOURCE = str(Path(__file__).parents[2] / "functions" / "main.py")


@dataclass(frozen=True)
class Caller:
    """A caller with a token."""

    http: httpx.Client
    authorization: str
    tenant: str

    def get(self, path: str, **params: str) -> httpx.Response:
        return self.call("GET", path, params=params)

    def post(self, path: str, body: object = None, **headers: str) -> httpx.Response:
        """`key` is short for the header Idempotency-Key."""
        named = {"Idempotency-Key" if name == "key" else name: value for name, value in headers.items()}
        return self.call("POST", path, json=body, headers=named)

    def send(self, path: str, content: bytes | Iterator[bytes], **headers: str) -> httpx.Response:
        """Posts any bytes as JSON; an iterator as chunks, without a Content-Length."""
        named = {"Content-Type": "application/json"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return self.call("POST", path, content=content, headers=named)

    def call(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        return self.http.request(
            method, path, headers={"Authorization": self.authorization, **(headers or {})}, **options
        )


@dataclass(frozen=True)
class Service:
    """A running `api`. Its tasks are never delivered."""

    http: httpx.Client
    documents: Requests
    tasks: CloudTasks

    def caller(self, name: str | None = None, *, tenant: str | None = None, **claims: Any) -> Caller:
        """Returns a new caller, or `name`. Without `tenant`, it is the only one of its tenant."""
        uid = name or secrets.token_hex(8)
        token = unsigned_token(uid, tenant=tenant, claims=claims)
        return Caller(self.http, f"Bearer {token}", f"u:{uid}" if tenant is None else f"t:{tenant}")

    def stored(self, request_id: str) -> Record:
        found = self.documents.read(request_id)
        assert found is not None
        return found.record

    def stored_by(self, caller: Caller) -> list[Record]:
        """Returns the requests of the caller's tenant, newest first."""
        return self.documents.page(tenant=caller.tenant, status=None, limit=50, after=None).records

    def enqueued_by(self, caller: Caller) -> list[str]:
        """Returns the short names of the pending tasks of the caller's tenant."""
        return [
            task.name.rpartition("/")[2]
            for task in self.tasks.pending()
            if json.loads(task.http_request.body).get("record", {}).get("tenant") == caller.tenant
        ]

    def edit(self, request_id: str, **fields: Any) -> Record:
        """Changes a stored request as a worker or the passage of time would."""
        held = self.documents.read(request_id)
        assert held is not None
        record = held.record.changed(**fields)
        self.documents.commit(Update(held, record), [])
        return record


@contextmanager
def serving(environment: Mapping[str, str]) -> Iterator[str]:
    """Yields the URL of an `api` with this environment. It reads the environment at its start only."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"GOOGLE_CLOUD_PROJECT": PROJECT, "ENABLE_TYPES": "diagnostic", **environment}.items():
            patch.setenv(name, value)
        app = functions_framework.create_app("api", SOURCE)
        assert app.test_client().get("/health").status_code == 200
    with served(app) as url:
        yield url
