"""What each operation of the API does: parse the call, call one use case, render its result."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from flask import Request, Response

from common import log
from common.caller import Caller
from common.catalog import Catalog
from common.identity import Identity
from common.pipeline.request_service import RequestService
from common.pipeline.submission import MAX_REQUEST_BYTES
from common.pipeline.submission_service import SubmissionService
from functions.http import parsing
from functions.http.bodies import MAX_BATCH, Bodies, parse_redrive

MAX_REDRIVE_BYTES = 1024
ASSET_URL_VALIDITY = timedelta(minutes=15)


class SignedUrls(Protocol):
    def signed_url(self, path: str, *, expires_at: datetime) -> str: ...


@dataclass(frozen=True)
class Call:
    """One HTTP call, with the parameters of its path: empty where the path has none."""

    request: Request
    id: str = ""
    name: str = ""


@dataclass(frozen=True)
class Handlers:
    """One method for each operation; `functions.http.operations` maps paths to them."""

    submissions: SubmissionService
    requests: RequestService
    identity: Identity
    assets: SignedUrls
    catalog: Catalog
    bodies: Bodies
    document: Mapping[str, Any]

    def submit(self, call: Call) -> Response:
        caller, key = self._caller(call), parsing.idempotency_key(call.request)
        submission = self.bodies.parse_one(parsing.body(call.request, MAX_REQUEST_BYTES))
        accepted = self.submissions.submit(caller, [submission], key=key, trace=parsing.trace(call.request))
        record = accepted.records[0]
        log.bind(request_id=record.id, type=record.type)
        return _accepted(record.public(), is_replay=accepted.is_replay, location=f"/requests/{record.id}")

    def submit_batch(self, call: Call) -> Response:
        caller, key = self._caller(call), parsing.idempotency_key(call.request)
        submissions = self.bodies.parse_batch(parsing.body(call.request, MAX_REQUEST_BYTES * MAX_BATCH))
        accepted = self.submissions.submit(caller, submissions, key=key, batch=True, trace=parsing.trace(call.request))
        return _accepted({"requests": [record.public() for record in accepted.records]}, is_replay=accepted.is_replay)

    def list_requests(self, call: Call) -> Response:
        caller = self._caller(call)
        paging = parsing.paging(call.request)
        page = self.requests.page(caller, status=paging.status, limit=paging.limit, after=paging.after)
        answer: dict[str, Any] = {"requests": [record.public() for record in page.records]}
        if page.after is not None:
            answer["next_page_token"] = parsing.encode_page_token(page.after)
        return _json(answer)

    def get(self, call: Call) -> Response:
        record, notifications = self.requests.get(self._caller(call), call.id)
        answer = record.public()
        if notifications:
            answer["notifications"] = [each.public() for each in notifications]
        return _json(answer)

    def cancel(self, call: Call) -> Response:
        caller, seen = self._caller(call), _redrive_seen(call)
        return _json(self.requests.cancel(caller, call.id, seen=seen).public())

    def redrive(self, call: Call) -> Response:
        caller, seen = self._caller(call), _redrive_seen(call)
        record, fresh = self.requests.redrive(caller, call.id, seen=seen)
        return _json(record.public(), 202 if fresh else 200)

    def erase(self, call: Call) -> Response:
        self.requests.erase(self._caller(call), call.id)
        return Response(status=204)

    def sign_asset_url(self, call: Call) -> Response:
        path = self.requests.asset_path(self._caller(call), call.id, call.name)
        expires_at = datetime.now(UTC).replace(microsecond=0) + ASSET_URL_VALIDITY
        url = self.assets.signed_url(path, expires_at=expires_at)
        return _json({"url": url, "expires_at": expires_at.isoformat().replace("+00:00", "Z")})

    def list_types(self, _call: Call) -> Response:
        types = [
            {"name": each.name, "description": each.description, "input": each.input.model_json_schema()}
            for each in self.catalog.values()
            if each.is_offered
        ]
        return _json({"types": types})

    def describe_api(self, _call: Call) -> Response:
        return _json(self.document)

    def report_health(self, _call: Call) -> Response:
        return _json({"status": "ok"})

    def _caller(self, call: Call) -> Caller:
        return self.identity.caller(call.request.headers.get("Authorization"))


def _redrive_seen(call: Call) -> int | None:
    return parse_redrive(parsing.optional_body(call.request, MAX_REDRIVE_BYTES))


def _accepted(answer: dict[str, Any], *, is_replay: bool, location: str | None = None) -> Response:
    response = _json(answer, 200 if is_replay else 202)
    if location:
        response.headers["Location"] = location
    if is_replay:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def _json(answer: Mapping[str, Any], status: int = 200) -> Response:
    return Response(f"{json.dumps(answer)}\n", status=status, content_type="application/json")
