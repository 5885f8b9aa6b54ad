"""The HTTP of the callers: parse, call one use case, map its result. Every operation is one method of `Api`."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from flask import Request, Response
from werkzeug.exceptions import HTTPException

from common import log
from common.caller import Caller
from common.catalog import Catalog
from common.identity import Identity
from common.pipeline.request_service import Intake
from common.pipeline.submission import MAX_REQUEST_BYTES
from functions.http import parsing, problems
from functions.http.bodies import MAX_BATCH, Bodies
from functions.http.cors import Cors
from functions.http.routes import ROUTES

ASSET_URL_VALIDITY = timedelta(minutes=15)


class SignedUrls(Protocol):
    def signed_url(self, path: str, *, expires_at: datetime) -> str: ...


@dataclass(frozen=True)
class Api:
    """What the operations need."""

    intake: Intake
    identity: Identity
    assets: SignedUrls
    catalog: Catalog
    bodies: Bodies
    document: Mapping[str, Any]
    cors: Cors

    def answer(self, request: Request) -> Response:
        """The answer to any call. A bug is logged with its traceback and told as a plain 500."""
        if request.method == "OPTIONS":
            return self.cors.preflight(request, ROUTES.bind_to_environ(request.environ).allowed_methods())
        started = time.monotonic()
        with log.bound(trace=parsing.trace(request)):
            response = self._answer(request)
            log.info("call.done", status=response.status_code, duration_ms=round((time.monotonic() - started) * 1000))
        return self.cors.allow(request, response)

    def _answer(self, request: Request) -> Response:
        try:
            response = self._dispatch(request)
        except HTTPException as error:
            response = problems.problem_of_call(error)
        except Exception as error:  # the outermost: what is not told here would reach the caller as a traceback
            response = problems.problem_of(error) or _bug()
        if response.mimetype == problems.MEDIA_TYPE:
            log.note(code=json.loads(response.get_data())["code"])
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    def _dispatch(self, request: Request) -> Response:
        operation, arguments = ROUTES.bind_to_environ(request.environ).match()
        log.note(operation=operation)
        response: Response = getattr(self, operation)(request, **arguments)
        return response

    def submit(self, request: Request) -> Response:
        caller, key = self._caller(request), parsing.idempotency_key(request)
        asked = self.bodies.parse_one(parsing.body(request, MAX_REQUEST_BYTES))
        accepted = self.intake.submit(caller, [asked], key=key, trace=parsing.trace(request))
        record = accepted.records[0]
        log.note(request_id=record.id, type=record.type)
        return _accepted(record.public(), accepted.replayed, location=f"/requests/{record.id}")

    def submit_batch(self, request: Request) -> Response:
        caller, key = self._caller(request), parsing.idempotency_key(request)
        asked = self.bodies.parse_batch(parsing.body(request, MAX_REQUEST_BYTES * MAX_BATCH))
        accepted = self.intake.submit(caller, asked, key=key, batch=True, trace=parsing.trace(request))
        return _accepted({"requests": [record.public() for record in accepted.records]}, accepted.replayed)

    def page(self, request: Request) -> Response:
        caller = self._caller(request)
        wanted = parsing.paging(request)
        page = self.intake.page(caller, status=wanted.status, limit=wanted.limit, after=wanted.after)
        answer: dict[str, Any] = {"requests": [record.public() for record in page.records]}
        if page.after is not None:
            answer["next_page_token"] = parsing.page_token(page.after)
        return _json(answer)

    def get(self, request: Request, id: str) -> Response:  # noqa: A002 (the name in the path)
        record, notifications = self.intake.get(self._caller(request), id)
        told = {"notifications": [each.public() for each in notifications]} if notifications else {}
        return _json({**record.public(), **told})

    def cancel(self, request: Request, id: str) -> Response:  # noqa: A002 (the name in the path)
        return _json(self.intake.cancel(self._caller(request), id).public())

    def retry(self, request: Request, id: str) -> Response:  # noqa: A002 (the name in the path)
        record, fresh = self.intake.retry(self._caller(request), id)
        return _json(record.public(), 202 if fresh else 200)

    def asset(self, request: Request, id: str, name: str) -> Response:  # noqa: A002 (the name in the path)
        path = self.intake.asset(self._caller(request), id, name)
        expires_at = datetime.now(UTC).replace(microsecond=0) + ASSET_URL_VALIDITY
        url = self.assets.signed_url(path, expires_at=expires_at)
        return _json({"url": url, "expires_at": expires_at.isoformat().replace("+00:00", "Z")})

    def types(self, _request: Request) -> Response:
        offered = [
            {"name": each.name, "description": each.description, "input": each.input.model_json_schema()}
            for each in self.catalog.values()
        ]
        return _json({"types": offered})

    def openapi(self, _request: Request) -> Response:
        return _json(self.document)

    def health(self, _request: Request) -> Response:
        return _json({"status": "ok"})

    def _caller(self, request: Request) -> Caller:
        return self.identity.caller(request.headers.get("Authorization"))


def _accepted(answer: dict[str, Any], replayed: bool, *, location: str | None = None) -> Response:
    response = _json(answer, 200 if replayed else 202)
    if location:
        response.headers["Location"] = location
    if replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def _json(answer: Mapping[str, Any], status: int = 200) -> Response:
    return Response(f"{json.dumps(answer)}\n", status=status, content_type="application/json")


def _bug() -> Response:
    log.error("api.failed", exc_info=True)
    return problems.problem(500, "internal", "Something is wrong on our side", "It has been logged.")
