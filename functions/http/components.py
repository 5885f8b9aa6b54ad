"""The parameters, headers, schemas and descriptions that the table of operations is written with."""

from common.pipeline.record import ID_PATTERN, Status
from common.work import ASSET_NAME_PATTERN
from functions.http import headers
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
