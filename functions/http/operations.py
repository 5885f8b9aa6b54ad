"""The one table of the API's operations. Routing and the OpenAPI document both derive from it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flask import Response

from common import errors
from functions.http import components
from functions.http.bodies import MAX_BATCH
from functions.http.handlers import Call, Handlers
from functions.http.schemas import STRING, Json, Parameter, object_of, ref

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


SUBMITTED = {
    202: Success(components.REQUEST, components.LOCATION),
    200: Success(components.REQUEST, components.LOCATION | components.REPLAYED),
}

OPERATIONS = (
    Operation(
        id="submit",
        method="POST",
        path="/requests",
        summary="Submit a request",
        description=components.OFFERED,
        handler=Handlers.submit,
        success=SUBMITTED,
        parameters=(components.KEY,),
        body=ref("Submission"),
        errors=(*SIGNED_IN, *BODY, errors.KeyReused, errors.Erased, errors.QuotaExceeded),
    ),
    Operation(
        id="list",
        method="GET",
        path="/requests",
        summary="List the requests of the caller's tenant, newest first",
        handler=Handlers.list_requests,
        success={200: Success(components.PAGE)},
        parameters=(components.LIMIT, components.PAGE_TOKEN, components.STATUS),
        errors=(*SIGNED_IN, errors.InvalidInput),
    ),
    Operation(
        id="submitBatch",
        method="POST",
        path="/requests:batch",
        summary=f"Submit up to {MAX_BATCH} requests, all or nothing",
        description=components.OFFERED,
        handler=Handlers.submit_batch,
        success={202: Success(components.BATCH), 200: Success(components.BATCH, components.REPLAYED)},
        parameters=(components.KEY,),
        body=ref("Batch"),
        errors=(*SIGNED_IN, *BODY, errors.KeyReused, errors.Erased, errors.QuotaExceeded),
    ),
    Operation(
        id="get",
        method="GET",
        path="/requests/{id}",
        summary="Get a request",
        handler=Handlers.get,
        success={200: Success(components.DETAILS)},
        parameters=(components.ID,),
        errors=(*SIGNED_IN, errors.NotFound, errors.Erased),
    ),
    Operation(
        id="erase",
        method="DELETE",
        path="/requests/{id}",
        summary="Erase an ended request with its files; a repeat changes nothing",
        handler=Handlers.erase,
        success={204: Success()},
        parameters=(components.ID,),
        errors=(*SIGNED_IN, errors.NotFound, errors.WrongState),
    ),
    Operation(
        id="cancel",
        method="POST",
        path="/requests/{id}:cancel",
        summary="Cancel an open request; a repeat changes nothing",
        description=components.CANCEL,
        handler=Handlers.cancel,
        success={200: Success(components.REQUEST)},
        parameters=(components.ID,),
        body=ref("Redrive"),
        body_is_optional=True,
        errors=(*SIGNED_IN, *BODY, errors.NotFound, errors.WrongState, errors.Erased),
    ),
    Operation(
        id="retry",
        method="POST",
        path="/requests/{id}:retry",
        summary="Run a failed or cancelled request again, at once",
        description=components.RETRY,
        handler=Handlers.redrive,
        success={202: Success(components.REQUEST), 200: Success(components.REQUEST)},
        parameters=(components.ID,),
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
        success={200: Success(components.ASSET)},
        parameters=(components.ID, components.NAME),
        errors=(*SIGNED_IN, errors.NotFound, errors.Erased),
    ),
    Operation(
        id="requestErasure",
        method="POST",
        path="/me/erasure",
        summary="Submit a request that erases everything the caller has submitted; its result is a receipt",
        handler=Handlers.submit_erasure,
        success=SUBMITTED,
        parameters=(components.KEY,),
        errors=(*SIGNED_IN, errors.InvalidInput, errors.KeyReused, errors.Erased, errors.QuotaExceeded),
    ),
    Operation(
        id="requestExport",
        method="POST",
        path="/me/exports",
        summary="Submit a request that makes an archive of everything the caller has submitted, with the files",
        handler=Handlers.submit_export,
        success=SUBMITTED,
        parameters=(components.KEY,),
        errors=(*SIGNED_IN, errors.InvalidInput, errors.KeyReused, errors.Erased, errors.QuotaExceeded),
    ),
    Operation(
        id="types",
        method="GET",
        path="/types",
        summary="List the types of work, with the JSON Schema of each input",
        handler=Handlers.list_types,
        success={200: Success(components.TYPES)},
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
