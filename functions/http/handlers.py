"""What each operation of the API does: parse the call, call one use case, render its result."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Protocol

from flask import Request, Response

from common import log
from common.caller import Caller
from common.catalog import Catalog
from common.pipeline.request_service import RequestService
from common.pipeline.submission import MAX_REQUEST_BYTES, Submission
from common.pipeline.submission_service import Accepted, SubmissionService
from functions.http import headers, parsing
from functions.http.bodies import MAX_BATCH, Bodies, parse_redrive

MAX_REDRIVE_BYTES = 1024
ASSET_URL_VALIDITY = timedelta(minutes=15)


class SignedUrls(Protocol):
    def signed_url(self, path: str, *, expires_at: datetime) -> str: ...


@dataclass(frozen=True)
class Call:
    """One HTTP call, with the parameters of its path: empty where the path has none."""

    request: Request
    signed_in: Caller | None
    id: str = ""
    name: str = ""

    @property
    def caller(self) -> Caller:
        """The caller of an operation that is not public."""
        if self.signed_in is None:
            raise TypeError("A public operation has no caller.")
        return self.signed_in


@dataclass(frozen=True)
class Handlers:
    """One method for each operation; `functions.http.operations` maps paths to them."""

    submissions: SubmissionService
    requests: RequestService
    assets: SignedUrls
    catalog: Catalog
    bodies: Bodies
    document: Mapping[str, Any]

    def submit(self, call: Call) -> Response:
        key = parsing.idempotency_key(call.request)
        submission = self.bodies.parse_one(parsing.body(call.request, MAX_REQUEST_BYTES))
        return _submitted(
            self.submissions.submit(call.caller, [submission], key=key, trace=parsing.trace(call.request))
        )

    def submit_batch(self, call: Call) -> Response:
        key = parsing.idempotency_key(call.request)
        submissions = self.bodies.parse_batch(parsing.body(call.request, MAX_REQUEST_BYTES * MAX_BATCH))
        trace = parsing.trace(call.request)
        accepted = self.submissions.submit(call.caller, submissions, key=key, batch=True, trace=trace)
        return _accepted({"requests": [record.public() for record in accepted.records]}, is_replay=accepted.is_replay)

    def list_requests(self, call: Call) -> Response:
        paging = parsing.paging(call.request)
        page = self.requests.page(call.caller, status=paging.status, limit=paging.limit, after=paging.after)
        answer: dict[str, Any] = {"requests": [record.public() for record in page.records]}
        if page.after is not None:
            answer["next_page_token"] = parsing.encode_page_token(page.after)
        return _json(answer)

    def get(self, call: Call) -> Response:
        record, notifications = self.requests.get(call.caller, call.id)
        answer = record.public()
        if notifications:
            answer["notifications"] = [each.public() for each in notifications]
        return _json(answer)

    def cancel(self, call: Call) -> Response:
        return _json(self.requests.cancel(call.caller, call.id, seen=_redrive_seen(call)).public())

    def redrive(self, call: Call) -> Response:
        record, is_fresh = self.requests.redrive(call.caller, call.id, seen=_redrive_seen(call))
        return _json(record.public(), HTTPStatus.ACCEPTED if is_fresh else HTTPStatus.OK)

    def erase(self, call: Call) -> Response:
        self.requests.erase(call.caller, call.id)
        return Response(status=HTTPStatus.NO_CONTENT)

    def submit_erasure(self, call: Call) -> Response:
        return self._submit_internal(call, "erasure")

    def submit_export(self, call: Call) -> Response:
        return self._submit_internal(call, "export")

    def sign_asset_url(self, call: Call) -> Response:
        path = self.requests.asset_path(call.caller, call.id, call.name)
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

    def _submit_internal(self, call: Call, type_name: str) -> Response:
        """Submits a request of an internal type, whose input is its caller and its time."""
        key, submission = parsing.idempotency_key(call.request), Submission(type_name, {})
        return _submitted(
            self.submissions.submit(call.caller, [submission], key=key, trace=parsing.trace(call.request))
        )


def _redrive_seen(call: Call) -> int | None:
    return parse_redrive(parsing.optional_body(call.request, MAX_REDRIVE_BYTES))


def _submitted(accepted: Accepted) -> Response:
    record = accepted.records[0]
    log.bind(request_id=record.id, type=record.type)
    return _accepted(record.public(), is_replay=accepted.is_replay, location=f"/requests/{record.id}")


def _accepted(answer: dict[str, Any], *, is_replay: bool, location: str | None = None) -> Response:
    response = _json(answer, HTTPStatus.OK if is_replay else HTTPStatus.ACCEPTED)
    if location:
        response.headers[headers.LOCATION] = location
    if is_replay:
        response.headers[headers.IDEMPOTENCY_REPLAYED] = "true"
    return response


def _json(answer: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(f"{json.dumps(answer)}\n", status=status, content_type="application/json")
