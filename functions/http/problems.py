"""Every error as RFC 9457 `application/problem+json`, with a stable code. The one table that maps errors to HTTP."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from flask import Response
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from common import errors
from common.json_values import MAX_FAULTS, pointer
from functions.http.headers import RETRY_AFTER

MEDIA_TYPE = "application/problem+json"
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}  # of every answer


@dataclass(frozen=True)
class Problem:
    """A problem document before it is rendered. `faults` become its `errors`, each with a JSON pointer."""

    status: int
    code: str
    title: str
    detail: str | None = None
    faults: tuple[errors.Fault, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def to_response(self) -> Response:
        body: dict[str, object] = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "code": self.code,
        }
        if self.detail:
            body["detail"] = self.detail
        if self.faults:
            body["errors"] = [{"pointer": fault.pointer, "detail": fault.message} for fault in self.faults]
        return Response(
            f"{json.dumps(body)}\n", status=self.status, content_type=MEDIA_TYPE, headers={**HEADERS, **self.headers}
        )


BAD_REQUEST = Problem(400, "bad_request", "Invalid HTTP request")
MISDIRECTED = Problem(421, "misdirected", "This server does not serve this host")
INTERNAL = Problem(500, "internal", "Internal error", "The error has been logged.")

PROBLEMS: Mapping[type[Exception], tuple[int, str, str]] = {
    errors.InvalidInput: (422, "invalid_input", "The request is not valid"),
    errors.TooLarge: (413, "too_large", "The request is too large"),
    errors.UnsupportedCoding: (415, "unsupported_coding", "The coding of the body is not supported"),
    errors.BrokenBody: (400, "bad_request", BAD_REQUEST.title),
    errors.KeyReused: (422, "idempotency_key_reused", "The Idempotency-Key was used for another request"),
    errors.NotSignedIn: (401, "not_signed_in", "A valid token is required"),
    errors.Forbidden: (403, "forbidden", "The caller lacks permission"),
    errors.NotFound: (404, "not_found", "Not found"),
    errors.WrongState: (409, "wrong_state", "The state of the request does not allow this"),
    errors.TypeNotOffered: (409, "type_not_offered", "Requests of this type are no longer accepted"),
    errors.Erased: (410, "erased", "The request was erased"),
    errors.Expired: (410, "expired", "The request is past its retention"),
    errors.QuotaExceeded: (429, "too_many_open_requests", "Too many open requests"),
    errors.Unavailable: (503, "unavailable", "The outcome is unknown"),
    errors.NewerRecord: (503, "roll_out", "A new release is rolling out"),
}
REPEAT = "The outcome is unknown. Repeat the call: a submission with its Idempotency-Key, a retry with its `redrive`."
RETRY_AFTER_SECONDS = 5
HEADERS_OF_STATUS = {
    401: {"WWW-Authenticate": "Bearer"},
    415: {"Accept-Encoding": "identity"},
    503: {RETRY_AFTER: str(RETRY_AFTER_SECONDS)},
}
MAX_MESSAGE_CHARACTERS = 500


def of_error(error: Exception) -> Problem | None:
    """Returns the problem of an error that a use case raises, or None for a bug."""
    if type(error) not in PROBLEMS:
        return None
    status, code, title = PROBLEMS[type(error)]
    return Problem(
        status, code, title, REPEAT if status == 503 else str(error), _faults(error), _headers(error, status)
    )


def of_http_error(error: HTTPException) -> Problem:
    """Returns the problem of a call that no operation serves."""
    if isinstance(error, MethodNotAllowed):
        allowed = allow(error.valid_methods or ())
        detail = f"Allowed methods: {allowed}."
        return Problem(405, "method_not_allowed", "Method not allowed", detail, headers={"Allow": allowed})
    if error.code == 404:
        return Problem(404, "not_found", "Not found")
    return BAD_REQUEST


def _faults(error: Exception) -> tuple[errors.Fault, ...]:
    if isinstance(error, errors.InvalidInput):
        return error.faults
    if isinstance(error, errors.KeyReused) and error.pointer:
        return (errors.Fault(error.pointer, "differs from the request that this key was first used for"),)
    return ()


def header_names(status: int) -> tuple[str, ...]:
    """Returns the names of the headers of every problem with this status."""
    return (RETRY_AFTER,) if status == PROBLEMS[errors.QuotaExceeded][0] else tuple(HEADERS_OF_STATUS.get(status, ()))


def _headers(error: Exception, status: int) -> dict[str, str]:
    if isinstance(error, errors.QuotaExceeded):
        return {RETRY_AFTER: str(max(1, math.ceil(error.retry_after.total_seconds())))}
    return HEADERS_OF_STATUS.get(status, {})


def allow(methods: Iterable[str]) -> str:
    """Returns the Allow header for a path with these methods. Every path has OPTIONS too."""
    return ", ".join(sorted({*methods, "OPTIONS"}))


def invalid(error: ValidationError, *, tags: frozenset[str] = frozenset()) -> errors.InvalidInput:
    """Returns pydantic's first errors with JSON pointers. Pydantic adds `tags`, the members of a union, to locations.

    The number and the length of the errors are bounded for a body of any size.
    """
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return errors.InvalidInput(*(_fault(detail, tags) for detail in found[:MAX_FAULTS]))


def _fault(detail: ErrorDetails, tags: frozenset[str]) -> errors.Fault:
    parts = [part for index, part in enumerate(detail["loc"]) if not (part in tags and _follows_item(detail, index))]
    if detail["type"].startswith("union_tag_"):
        known = ", ".join(sorted(tags))
        return errors.Fault(pointer(*parts, "type"), f"must be one of {known}")
    message = detail["msg"].removeprefix("Value error, ")[:MAX_MESSAGE_CHARACTERS]
    return errors.Fault(pointer(*parts), message[:1].lower() + message[1:])


def _follows_item(detail: ErrorDetails, index: int) -> bool:
    """Pydantic adds a union's tag at the root or after an item's index, where no field name can be."""
    return index == 0 or isinstance(detail["loc"][index - 1], int)
