"""The HTTP of the callers: parse, call one use case, map its result. Every operation is one entry of `ROUTES`."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from flask import Request, Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge
from werkzeug.routing import Map, Rule

from common import log
from common.catalog import Catalog
from common.errors import Fault, InvalidInput, TooLarge
from common.identity import Identity
from common.intake import MAX_REQUEST_BYTES, Caller, Intake
from common.record import Record, Status
from functions import problems
from functions.bodies import MAX_BATCH, Bodies
from functions.cors import Cors

MAX_KEY_CHARACTERS = 255
MAX_PAGE = 50
DEFAULT_PAGE = 10
ASSET_URL_VALIDITY = timedelta(minutes=15)

ROUTES = Map(
    [
        Rule("/requests", endpoint="submit", methods=["POST"]),
        Rule("/requests:batch", endpoint="submit_batch", methods=["POST"]),
        Rule("/requests", endpoint="page", methods=["GET"]),
        Rule("/requests/<id>", endpoint="get", methods=["GET"]),
        Rule("/requests/<id>:cancel", endpoint="cancel", methods=["POST"]),
        Rule("/requests/<id>:retry", endpoint="retry", methods=["POST"]),
        Rule("/requests/<id>/assets/<name>", endpoint="asset", methods=["GET"]),
        Rule("/types", endpoint="types", methods=["GET"]),
        Rule("/openapi.json", endpoint="openapi", methods=["GET"]),
        Rule("/health", endpoint="health", methods=["GET"]),
    ],
    strict_slashes=True,
    merge_slashes=False,
    redirect_defaults=False,
)


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
            return self.cors.preflight(request)
        try:
            response = self._dispatch(request)
        except HTTPException as error:
            response = _routing_problem(error)
        except Exception as error:  # the outermost: what is not told here would reach the caller as a traceback
            response = problems.problem_of(error) or _bug()
        return self.cors.allow(request, response)

    def _dispatch(self, request: Request) -> Response:
        operation, arguments = ROUTES.bind_to_environ(request.environ).match()
        response: Response = getattr(self, operation)(request, **arguments)
        return response

    def submit(self, request: Request) -> Response:
        caller, key = self._caller(request), _idempotency_key(request)
        asked = self.bodies.parse_one(_body(request, MAX_REQUEST_BYTES))
        accepted = self.intake.submit(caller, [asked], key=key, trace=_trace(request))
        record = accepted.records[0]
        return _accepted(record.public(), accepted.replayed, location=f"/requests/{record.id}")

    def submit_batch(self, request: Request) -> Response:
        caller, key = self._caller(request), _idempotency_key(request)
        asked = self.bodies.parse_batch(_body(request, MAX_REQUEST_BYTES * MAX_BATCH))
        accepted = self.intake.submit(caller, asked, key=key, batch=True, trace=_trace(request))
        return _accepted({"requests": [record.public() for record in accepted.records]}, accepted.replayed)

    def page(self, request: Request) -> Response:
        caller = self._caller(request)
        limit, status, after = _paging(request)
        records = self.intake.page(caller, status=status, limit=limit + 1, after=after)
        answer: dict[str, Any] = {"requests": [record.public() for record in records[:limit]]}
        if len(records) > limit:
            answer["next_page_token"] = _page_token(records[limit - 1])
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


def _body(request: Request, limit: int) -> bytes:
    """The body, read up to its limit. Raises TooLarge, or InvalidInput for another media type."""
    if request.mimetype != "application/json":
        raise InvalidInput(Fault("", "must be sent with Content-Type: application/json"))
    request.max_content_length = limit
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise TooLarge(f"The body may have at most {limit} bytes.") from error


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (0 < len(key) <= MAX_KEY_CHARACTERS and key.isascii() and key.isprintable()):
        raise InvalidInput(Fault("", f"Idempotency-Key must be 1 to {MAX_KEY_CHARACTERS} printable ASCII characters"))
    return key


def _paging(request: Request) -> tuple[int, Status | None, tuple[datetime, str] | None]:
    given = request.args
    faults = [
        Fault("", f"{name}: there is no such parameter") for name in given.keys() - {"limit", "status", "page_token"}
    ]
    limit, status, after = given.get("limit", str(DEFAULT_PAGE)), given.get("status"), given.get("page_token")
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:9]) <= MAX_PAGE):
        faults.append(Fault("", f"limit: must be a number from 1 to {MAX_PAGE}"))
    if status is not None and status not in list(Status):
        faults.append(Fault("", f"status: must be one of {', '.join(Status)}"))
    position = None
    try:
        position = None if after is None else _position(after)
    except ValueError:
        faults.append(Fault("", "page_token: must be the next_page_token of an earlier answer"))
    if faults:
        raise InvalidInput(*faults)
    return int(limit), Status(status) if status else None, position


def _page_token(last: Record) -> str:
    return base64.urlsafe_b64encode(json.dumps([last.created_at.isoformat(), last.id]).encode()).decode().rstrip("=")


def _position(token: str) -> tuple[datetime, str]:
    """The inverse of `_page_token`. Raises ValueError."""
    decoded = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    if not (isinstance(decoded, list) and len(decoded) == 2 and all(isinstance(part, str) for part in decoded)):
        raise ValueError("not a page token")
    created_at = datetime.fromisoformat(decoded[0])
    if created_at.tzinfo is None or not decoded[1].isalnum() or not decoded[1].isascii():
        raise ValueError("not a page token")
    return created_at, decoded[1]


def _trace(request: Request) -> str | None:
    """The W3C traceparent of the call, if it has the form of one."""
    given = request.headers.get("traceparent", "")
    parts = given.split("-")
    return given if [len(part) for part in parts] == [2, 32, 16, 2] and given.isascii() else None


def _accepted(answer: dict[str, Any], replayed: bool, *, location: str | None = None) -> Response:
    response = _json(answer, 200 if replayed else 202)
    if location:
        response.headers["Location"] = location
    if replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def _json(answer: Mapping[str, Any], status: int = 200) -> Response:
    response = Response(json.dumps(answer), status=status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def _routing_problem(error: HTTPException) -> Response:
    if isinstance(error, MethodNotAllowed):
        allowed = sorted(set(error.valid_methods or ()))
        told = f"Allowed here: {', '.join(allowed)}."
        response = problems.problem(405, "method_not_allowed", "This method is not allowed here", told)
        response.headers["Allow"] = ", ".join(allowed)
        return response
    status = error.code if error.code and 400 <= error.code < 500 else 404
    code = "not_found" if status == 404 else "bad_request"
    return problems.problem(status, code, "There is nothing here" if status == 404 else "The call is not valid HTTP")


def _bug() -> Response:
    log.error("api.failed", exc_info=True)
    return problems.problem(500, "internal", "Something is wrong on our side", "It has been logged.")
