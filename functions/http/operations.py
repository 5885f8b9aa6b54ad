"""The one table of the API's operations. Routing and the OpenAPI document both derive from it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flask import Response

from common import errors
from common.pipeline.record import ID_PATTERN, Status
from common.work import ASSET_NAME_PATTERN
from functions.http import headers
from functions.http.bodies import MAX_BATCH
from functions.http.handlers import Call, Handlers
from functions.http.parsing import DEFAULT_PAGE, KEY_PATTERN, MAX_KEY_CHARACTERS, MAX_PAGE, PAGE_TOKEN_PATTERN
from functions.http.schemas import STRING, Json, Parameter, object_of, ref, text_like

ID = Parameter("id", "path", text_like(ID_PATTERN))
NAME = Parameter("name", "path", text_like(ASSET_NAME_PATTERN))
KEY = Parameter(
    headers.IDEMPOTENCY_KEY,
    "header",
    {**text_like(KEY_PATTERN), "minLength": 1, "maxLength": MAX_KEY_CHARACTERS},
    "Makes the call repeatable: the same key finds the same request, while its record exists. "
    "A repeat is the same call: a single request, or a batch of the same length.",
)
LIMIT = Parameter("limit", "query", {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": DEFAULT_PAGE})
PAGE_TOKEN = Parameter("page_token", "query", text_like(PAGE_TOKEN_PATTERN))
STATUS = Parameter("status", "query", {"enum": list(Status)})

OFFERED = (
    "A type that `GET /types` does not list is refused with 422, `invalid_input` at `/type`. That includes a type that "
    "was listed before and no longer accepts requests."
)
CANCEL = (
    "With `redrive`, only that redrive is cancelled: if the request has been retried since, the answer is 409. "
    "Without it, the call cancels whatever runs when it arrives."
)
RETRY = (
    "With `redrive`, the call is repeatable: 202 if this call retries the request, 200 with the request in any status "
    "if it has been retried since that redrive, 409 if it has never been at it. Without it, a repeat is 200 only while "
    "the request is still queued. A retry runs at once: `run_at` stays as it was submitted and has no effect. "
    "If the type no longer accepts requests, a new retry is refused with 409, `type_not_offered`."
)

REPLAYED: Json = {
    headers.IDEMPOTENCY_REPLAYED: {
        "description": "true if an earlier call with this key created all of the requests",
        "schema": {"type": "string", "const": "true"},
    }
}
LOCATION: Json = {headers.LOCATION: {"description": "The path of the request", "schema": STRING}}

REQUEST, REQUESTS = ref("Request"), {"type": "array", "items": ref("Request")}
BATCH = object_of(requests=REQUESTS)
PAGE = object_of(requests=REQUESTS, optional={"next_page_token": STRING})
DETAILS: Json = {"allOf": [REQUEST], "properties": {"notifications": REQUESTS}}
ASSET = object_of(url={"type": "string", "format": "uri"}, expires_at={"type": "string", "format": "date-time"})
TYPES = object_of(
    types={"type": "array", "items": object_of(name=STRING, description=STRING, input={"type": "object"})}
)

SIGNED_IN = (errors.NotSignedIn, errors.Forbidden, errors.Unavailable)
BODY = (errors.InvalidInput, errors.TooLarge, errors.BrokenBody, errors.UnsupportedCoding)


@dataclass(frozen=True)
class Success:
    """A successful answer: its JSON schema, None without a body, and its headers."""

    schema: Json | None = None
    headers: Json = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)  # werkzeug hashes it
class Operation:
    """One HTTP operation. `errors` become its problem documents; a public operation needs no token."""

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
    errors: tuple[type[Exception], ...] = ()
    is_public: bool = False


OPERATIONS = (
    Operation(
        id="submit",
        method="POST",
        path="/requests",
        summary="Submit a request",
        description=OFFERED,
        handler=Handlers.submit,
        success={202: Success(REQUEST, LOCATION), 200: Success(REQUEST, LOCATION | REPLAYED)},
        parameters=(KEY,),
        body=ref("Submission"),
        errors=(*SIGNED_IN, *BODY, errors.KeyReused, errors.Erased, errors.QuotaExceeded),
    ),
    Operation(
        id="list",
        method="GET",
        path="/requests",
        summary="List the requests of the caller's tenant, newest first",
        handler=Handlers.list_requests,
        success={200: Success(PAGE)},
        parameters=(LIMIT, PAGE_TOKEN, STATUS),
        errors=(*SIGNED_IN, errors.InvalidInput),
    ),
    Operation(
        id="submitBatch",
        method="POST",
        path="/requests:batch",
        summary=f"Submit up to {MAX_BATCH} requests, all or nothing",
        description=OFFERED,
        handler=Handlers.submit_batch,
        success={202: Success(BATCH), 200: Success(BATCH, REPLAYED)},
        parameters=(KEY,),
        body=ref("Batch"),
        errors=(*SIGNED_IN, *BODY, errors.KeyReused, errors.Erased, errors.QuotaExceeded),
    ),
    Operation(
        id="get",
        method="GET",
        path="/requests/{id}",
        summary="Get a request",
        handler=Handlers.get,
        success={200: Success(DETAILS)},
        parameters=(ID,),
        errors=(*SIGNED_IN, errors.NotFound, errors.Erased),
    ),
    Operation(
        id="erase",
        method="DELETE",
        path="/requests/{id}",
        summary="Erase an ended request with its files; a repeat changes nothing",
        handler=Handlers.erase,
        success={204: Success()},
        parameters=(ID,),
        errors=(*SIGNED_IN, errors.NotFound, errors.WrongState),
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
        errors=(*SIGNED_IN, *BODY, errors.NotFound, errors.WrongState, errors.Erased),
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
        errors=(
            *SIGNED_IN,
            *BODY,
            errors.NotFound,
            errors.WrongState,
            errors.TypeNotOffered,
            errors.Expired,
            errors.QuotaExceeded,
        ),
    ),
    Operation(
        id="asset",
        method="GET",
        path="/requests/{id}/assets/{name}",
        summary="Get a short-lived URL of an asset",
        handler=Handlers.sign_asset_url,
        success={200: Success(ASSET)},
        parameters=(ID, NAME),
        errors=(*SIGNED_IN, errors.NotFound, errors.Erased),
    ),
    Operation(
        id="requestErasure",
        method="POST",
        path="/me/erasure",
        summary="Submit a request that erases everything the caller has submitted; its result is a receipt",
        handler=Handlers.submit_erasure,
        success={202: Success(REQUEST, LOCATION), 200: Success(REQUEST, LOCATION | REPLAYED)},
        parameters=(KEY,),
        errors=(*SIGNED_IN, errors.InvalidInput, errors.KeyReused, errors.Erased, errors.QuotaExceeded),
    ),
    Operation(
        id="requestExport",
        method="POST",
        path="/me/exports",
        summary="Submit a request that makes an archive of everything the caller has submitted, with the files",
        handler=Handlers.submit_export,
        success={202: Success(REQUEST, LOCATION), 200: Success(REQUEST, LOCATION | REPLAYED)},
        parameters=(KEY,),
        errors=(*SIGNED_IN, errors.InvalidInput, errors.KeyReused, errors.Erased, errors.QuotaExceeded),
    ),
    Operation(
        id="types",
        method="GET",
        path="/types",
        summary="List the types of work, with the JSON Schema of each input",
        handler=Handlers.list_types,
        success={200: Success(TYPES)},
        is_public=True,
    ),
    Operation(
        id="openapi",
        method="GET",
        path="/openapi.json",
        summary="Get this document",
        handler=Handlers.describe_api,
        success={200: Success({"type": "object"})},
        is_public=True,
    ),
    Operation(
        id="health",
        method="GET",
        path="/health",
        summary="Report that the API is up",
        handler=Handlers.report_health,
        success={200: Success(object_of(status=STRING))},
        is_public=True,
    ),
)
METHODS = tuple(sorted({operation.method for operation in OPERATIONS}))
