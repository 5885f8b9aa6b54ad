"""The one table of the API's operations. Routing and the OpenAPI document both derive from it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flask import Response
from werkzeug.routing import BaseConverter, Map, Rule

from common.pipeline.record import ID_PATTERN, Status
from common.work import ASSET_NAME_PATTERN
from functions.http.handlers import Call, Handlers
from functions.http.parsing import DEFAULT_PAGE, KEY_PATTERN, MAX_KEY_CHARACTERS, MAX_PAGE, PAGE_TOKEN_PATTERN
from functions.http.schemas import STRING, Json, Parameter, object_of, ref, text_like

ID = Parameter("id", "path", text_like(ID_PATTERN))
NAME = Parameter("name", "path", text_like(ASSET_NAME_PATTERN))
KEY = Parameter(
    "Idempotency-Key",
    "header",
    {**text_like(KEY_PATTERN), "minLength": 1, "maxLength": MAX_KEY_CHARACTERS},
    "Makes the call repeatable: the same key finds the same request, while its record exists. "
    "A repeat is the same call: a single request, or a batch of the same length.",
)
LIMIT = Parameter("limit", "query", {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": DEFAULT_PAGE})
PAGE_TOKEN = Parameter("page_token", "query", text_like(PAGE_TOKEN_PATTERN))
STATUS = Parameter("status", "query", {"enum": list(Status)})

CANCEL = (
    "With `redrive`, only that redrive is cancelled: if the request has been retried since, the answer is 409. "
    "Without it, the call cancels whatever runs when it arrives."
)
RETRY = (
    "With `redrive`, the call is repeatable: 202 if this call retries the request, 200 with the request in any status "
    "if it has been retried since that redrive, 409 if it has never been at it. Without it, a repeat is 200 only while "
    "the request is still queued. A retry runs at once: `run_at` stays as it was submitted and has no effect."
)

REPLAYED: Json = {
    "Idempotency-Replayed": {
        "description": "true if an earlier call with this key created all of the requests",
        "schema": {"type": "string", "const": "true"},
    }
}
LOCATION: Json = {"Location": {"description": "The path of the request", "schema": STRING}}

REQUEST, REQUESTS = ref("Request"), {"type": "array", "items": ref("Request")}
BATCH = object_of(requests=REQUESTS)
PAGE = object_of(requests=REQUESTS, optional={"next_page_token": STRING})
DETAILS: Json = {"allOf": [REQUEST], "properties": {"notifications": REQUESTS}}
ASSET = object_of(url={"type": "string", "format": "uri"}, expires_at={"type": "string", "format": "date-time"})
TYPES = object_of(
    types={"type": "array", "items": object_of(name=STRING, description=STRING, input={"type": "object"})}
)


@dataclass(frozen=True)
class Success:
    """A successful answer: its JSON schema, None without a body, and its headers."""

    schema: Json | None = None
    headers: Json = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)  # werkzeug hashes it
class Operation:
    """One HTTP operation. `errors` are the statuses of its problem documents; a public one needs no token."""

    id: str
    method: str
    path: str
    summary: str
    description: str | None = None
    handler: Callable[[Handlers, Call], Response]
    success: Mapping[int, Success]
    parameters: tuple[Parameter, ...] = ()
    body: Json | None = None
    body_is_optional: bool = False
    errors: tuple[int, ...] = ()
    public: bool = False


OPERATIONS = (
    Operation(
        id="submit",
        method="POST",
        path="/requests",
        summary="Submit a request",
        handler=Handlers.submit,
        success={202: Success(REQUEST, LOCATION), 200: Success(REQUEST, LOCATION | REPLAYED)},
        parameters=(KEY,),
        body=ref("Submission"),
        errors=(400, 401, 403, 410, 413, 415, 422, 429, 503),
    ),
    Operation(
        id="list",
        method="GET",
        path="/requests",
        summary="List the requests of the caller's tenant, newest first",
        handler=Handlers.list_requests,
        success={200: Success(PAGE)},
        parameters=(LIMIT, PAGE_TOKEN, STATUS),
        errors=(401, 403, 422, 503),
    ),
    Operation(
        id="submitBatch",
        method="POST",
        path="/requests:batch",
        summary="Submit one to ten requests, all or nothing",
        handler=Handlers.submit_batch,
        success={202: Success(BATCH), 200: Success(BATCH, REPLAYED)},
        parameters=(KEY,),
        body=ref("Batch"),
        errors=(400, 401, 403, 410, 413, 415, 422, 429, 503),
    ),
    Operation(
        id="get",
        method="GET",
        path="/requests/{id}",
        summary="Get a request",
        handler=Handlers.get,
        success={200: Success(DETAILS)},
        parameters=(ID,),
        errors=(401, 403, 404, 410, 503),
    ),
    Operation(
        id="erase",
        method="DELETE",
        path="/requests/{id}",
        summary="Erase an ended request with its files; a repeat changes nothing",
        handler=Handlers.erase,
        success={204: Success()},
        parameters=(ID,),
        errors=(401, 403, 404, 409, 503),
    ),
    Operation(
        id="cancel",
        method="POST",
        path="/requests/{id}:cancel",
        summary="Cancel an open request; a repeat changes nothing",
        description=CANCEL,
        handler=Handlers.cancel,
        success={200: Success(REQUEST)},
        parameters=(ID,),
        body=ref("Redrive"),
        body_is_optional=True,
        errors=(401, 403, 404, 409, 410, 413, 422, 503),
    ),
    Operation(
        id="retry",
        method="POST",
        path="/requests/{id}:retry",
        summary="Run a failed or cancelled request again, at once",
        description=RETRY,
        handler=Handlers.redrive,
        success={202: Success(REQUEST), 200: Success(REQUEST)},
        parameters=(ID,),
        body=ref("Redrive"),
        body_is_optional=True,
        errors=(401, 403, 404, 409, 410, 413, 422, 429, 503),
    ),
    Operation(
        id="asset",
        method="GET",
        path="/requests/{id}/assets/{name}",
        summary="Get a short-lived URL of an asset",
        handler=Handlers.sign_asset_url,
        success={200: Success(ASSET)},
        parameters=(ID, NAME),
        errors=(401, 403, 404, 410, 503),
    ),
    Operation(
        id="types",
        method="GET",
        path="/types",
        summary="List the types of work, with the JSON Schema of each input",
        handler=Handlers.list_types,
        success={200: Success(TYPES)},
        public=True,
    ),
    Operation(
        id="openapi",
        method="GET",
        path="/openapi.json",
        summary="Get this document",
        handler=Handlers.describe_api,
        success={200: Success({"type": "object"})},
        public=True,
    ),
    Operation(
        id="health",
        method="GET",
        path="/health",
        summary="Report that the API is up",
        handler=Handlers.report_health,
        success={200: Success(object_of(status=STRING))},
        public=True,
    ),
)
METHODS = tuple(sorted({operation.method for operation in OPERATIONS}))


class _RecordId(BaseConverter):
    """Only an id reaches Firestore as the name of a document."""

    regex = ID_PATTERN


def routes() -> Map:
    """Returns werkzeug's routing of the table; a rule's endpoint is its Operation."""
    return Map(
        [Rule(_rule(operation.path), endpoint=operation, methods=[operation.method]) for operation in OPERATIONS],
        converters={"id": _RecordId},
        strict_slashes=True,
        merge_slashes=False,
        redirect_defaults=False,
    )


def _rule(path: str) -> str:
    """`/requests/{id}` as werkzeug writes it: `/requests/<id:id>`."""
    return re.sub(r"\{(\w+)\}", lambda name: "<id:id>" if name[1] == "id" else f"<{name[1]}>", path)
