"""How the API answers a call without a token, and an unexpected error."""

import json
from datetime import datetime
from typing import NoReturn

import pytest
from flask import Flask, Response, request

from common.identity import Identity
from common.pipeline.quota import Quota
from common.pipeline.request_service import RequestService
from common.pipeline.submission_service import SubmissionService
from functions.http.api import Api
from functions.http.bodies import bodies_for
from functions.http.cors import Cors
from functions.http.handlers import Handlers
from functions.http.operations import OPERATIONS, Operation
from functions.http.routing import routes
from tests.fakes import FakeDocuments, FakeTasks
from tests.unit.builders import catalog
from tests.unit.conftest import LoggedEvent

SECRET = "a text that no caller may read"


class Urls:
    def signed_url(self, path: str, *, expires_at: datetime) -> str:
        return f"http://assets.example/{path}?{expires_at}"


def fail(token: str) -> NoReturn:
    raise ZeroDivisionError(SECRET)


def call(method: str, path: str, **headers: str) -> Response:
    """Returns the answer of an API in which every verification of a token fails unexpectedly."""
    documents, types = FakeDocuments(), catalog()
    tasks, quota = FakeTasks(), Quota(documents, limit=100)
    handlers = Handlers(
        submissions=SubmissionService(documents=documents, tasks=tasks, catalog=types, quota=quota),
        requests=RequestService(documents=documents, tasks=tasks, catalog=types, quota=quota),
        assets=Urls(),
        catalog=types,
        bodies=bodies_for(types),
        document={},
    )
    identity = Identity(fail, project="demo", require_tenant=False)
    api = Api(handlers=handlers, identity=identity, routes=routes(), cors=Cors(frozenset()))
    with Flask(__name__).test_request_context(path, method=method, headers=headers):
        answer: Response = api.answer(request)
        return answer


def get(path: str) -> Response:
    return call("GET", path, Authorization="Bearer token")


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_exactly_the_public_operations_need_no_token(operation: Operation) -> None:
    answer = call(operation.method, operation.path.format(id="0" * 32, name="social.png"))

    assert answer.status_code == (200 if operation.is_public else 401)


def test_an_unexpected_error_is_answered_with_500_and_without_its_text() -> None:
    response = get("/requests")

    assert response.status_code == 500
    assert json.loads(response.get_data())["code"] == "internal"
    assert SECRET not in response.get_data(as_text=True)


def test_an_unexpected_error_is_logged_with_its_traceback(log_events: list[LoggedEvent]) -> None:
    get("/requests")

    failed, finished = log_events
    assert (failed.name, failed.level, failed.has_traceback) == ("call.failed", "ERROR", True)
    assert (finished.name, finished.fields["status"], finished.fields["code"]) == ("call.finished", 500, "internal")


def test_every_answer_forbids_caching_and_guessing_its_type() -> None:
    for path in ("/types", "/requests", "/nothing"):
        headers = get(path).headers

        assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
