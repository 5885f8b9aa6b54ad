"""Every error as RFC 9457 `application/problem+json`, with a stable code. The one table from errors to HTTP."""

import json
import math
from collections.abc import Iterable, Mapping

from flask import Response
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from common import errors
from functions.http.strict_json import MAX_FAULTS, pointer

MEDIA_TYPE = "application/problem+json"

PROBLEMS: Mapping[type[Exception], tuple[int, str, str]] = {
    errors.InvalidInput: (422, "invalid_input", "The request is not valid"),
    errors.TooLarge: (413, "too_large", "The request is too large"),
    errors.KeyReused: (422, "idempotency_key_reused", "The Idempotency-Key was used for something else"),
    errors.NotSignedIn: (401, "not_signed_in", "A valid token is needed"),
    errors.Forbidden: (403, "forbidden", "This caller may not do this"),
    errors.NotFound: (404, "not_found", "There is nothing here"),
    errors.AlreadyEnded: (409, "wrong_state", "The request is in a state that does not allow this"),
    errors.Expired: (410, "expired", "The request is past its retention"),
    errors.QuotaExceeded: (429, "too_many_open_requests", "Too many open requests"),
    errors.Unavailable: (503, "unavailable", "The outcome is unknown"),
    errors.NewerRecord: (503, "roll_out", "A new release is being rolled out"),
}
REPEAT = "Nothing certain can be said. Repeat the call, with the same Idempotency-Key if it asks for something."
RETRY_AFTER_SECONDS = 5
MAX_MESSAGE_CHARACTERS = 500


def problem(
    status: int, code: str, title: str, detail: str | None = None, faults: Iterable[errors.Fault] = ()
) -> Response:
    """A problem document. `errors` lists each fault with its JSON pointer."""
    body: dict[str, object] = {"type": "about:blank", "title": title, "status": status, "code": code}
    if detail:
        body["detail"] = detail
    if listed := [{"pointer": fault.pointer, "detail": fault.message} for fault in faults]:
        body["errors"] = listed
    return Response(f"{json.dumps(body)}\n", status=status, content_type=MEDIA_TYPE)


def problem_of(error: Exception) -> Response | None:
    """The problem that an error of the use cases is told as, or None for a bug."""
    if type(error) not in PROBLEMS:
        return None
    status, code, title = PROBLEMS[type(error)]
    faults: tuple[errors.Fault, ...] = ()
    if isinstance(error, errors.InvalidInput):
        faults = error.faults
    if isinstance(error, errors.KeyReused) and error.pointer:
        faults = (errors.Fault(error.pointer, "differs from what this key was first used for"),)
    response = problem(status, code, title, REPEAT if status == 503 else str(error), faults)
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, errors.QuotaExceeded):
        response.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after.total_seconds())))
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def problem_of_call(error: HTTPException) -> Response:
    """The problem that a call without an operation is told as: there is none of this path or method."""
    if isinstance(error, MethodNotAllowed):
        allowed = allow(error.valid_methods or ())
        response = problem(405, "method_not_allowed", "This method is not allowed here", f"Allowed here: {allowed}.")
        response.headers["Allow"] = allowed
        return response
    if error.code == 404:
        return problem(404, "not_found", "There is nothing here")
    return problem(400, "bad_request", "The call is not valid HTTP")


def allow(methods: Iterable[str]) -> str:
    """The Allow header of a path that has these methods: every path has OPTIONS too."""
    return ", ".join(sorted({*methods, "OPTIONS"}))


def invalid(error: ValidationError, *, tags: frozenset[str] = frozenset()) -> errors.InvalidInput:
    """Pydantic's first errors with JSON pointers; `tags` are the union members that it puts into a location.

    Bounded: a body of megabytes has room for as many errors, each with names and values of any length.
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
    """A union's tag stands at the root or behind an item's number, where a field name cannot."""
    return index == 0 or isinstance(detail["loc"][index - 1], int)
