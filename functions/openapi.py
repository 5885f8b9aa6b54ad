"""The OpenAPI 3.1 document, made from the models that validate and serialise."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from pydantic.json_schema import models_json_schema

from common.record import Request, Status
from functions.bodies import Bodies
from functions.problems import MEDIA_TYPE

VERSION = "1.0.0"
_REF = "#/components/schemas/{model}"

Json = dict[str, Any]

_ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"}}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Makes the call repeatable: the same key finds the same request, while its record lives.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
}
_REPLAYED = {
    "Idempotency-Replayed": {
        "description": "true if an earlier call with this key had asked for all of it",
        "schema": {"type": "string", "const": "true"},
    }
}
_LOCATION = {"Location": {"description": "The path of the request", "schema": {"type": "string"}}}
_PROBLEM: Json = {
    "type": "object",
    "description": "RFC 9457; `code` is stable, `title` and `detail` are for people",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer (RFC 6901) into the body"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


def openapi_document(bodies: Bodies) -> Mapping[str, Any]:
    """The document for what is offered here."""
    schemas = _schemas(bodies)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Asset requests",
            "version": VERSION,
            "description": "Ask for marketing assets, and follow each request to its end.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"firebase": []}],
        "paths": _paths(),
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "firebase": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "A Firebase ID token",
                }
            },
        },
    }


def _schemas(bodies: Bodies) -> Json:
    _, definitions = models_json_schema([(Request, "serialization"), (bodies.batch, "validation")], ref_template=_REF)
    one = bodies.one.json_schema(ref_template=_REF)
    schemas: Json = definitions["$defs"] | one.pop("$defs", {})
    return schemas | {"Ask": one, "Problem": _PROBLEM}


def _paths() -> Json:
    request, requests = _ref("Request"), {"type": "array", "items": _ref("Request")}
    listed = _object(requests=requests)
    page = _object(requests=requests, optional={"next_page_token": {"type": "string"}})
    detailed = {"allOf": [request], "properties": {"notifications": requests}}
    asset = _object(url={"type": "string", "format": "uri"}, expires_at={"type": "string", "format": "date-time"})
    types = _object(
        types={"type": "array", "items": _object(**dict.fromkeys(("name", "description"), _STRING), input=_OBJECT)}
    )
    return {
        "/requests": {
            "post": _operation(
                "submit",
                "Ask for something",
                {"202": _answer(request, _LOCATION), "200": _answer(request, _LOCATION | _REPLAYED)},
                parameters=[_KEY],
                body=_ref("Ask"),
                errors=(401, 403, 413, 422, 429),
            ),
            "get": _operation(
                "list",
                "The requests of one's tenant, newest first",
                {"200": _answer(page)},
                parameters=[
                    _query("limit", {"type": "integer", "minimum": 1, "maximum": 50, "default": 10}),
                    _query("page_token", _STRING),
                    _query("status", {"enum": list(Status)}),
                ],
                errors=(401, 403, 422),
            ),
        },
        "/requests:batch": {
            "post": _operation(
                "submitBatch",
                "Ask for one to ten things, all or nothing",
                {"202": _answer(listed), "200": _answer(listed, _REPLAYED)},
                parameters=[_KEY],
                body=_ref("Batch"),
                errors=(401, 403, 413, 422, 429),
            )
        },
        "/requests/{id}": {
            "get": _operation("get", "A request", {"200": _answer(detailed)}, parameters=[_ID], errors=(401, 403, 404))
        },
        "/requests/{id}:cancel": {
            "post": _operation(
                "cancel",
                "End an open request as cancelled; repeating it changes nothing",
                {"200": _answer(request)},
                parameters=[_ID],
                errors=(401, 403, 404, 409),
            )
        },
        "/requests/{id}:retry": {
            "post": _operation(
                "retry",
                "Run a failed or cancelled request again",
                {"202": _answer(request), "200": _answer(request)},
                parameters=[_ID],
                errors=(401, 403, 404, 409, 410, 429),
            )
        },
        "/requests/{id}/assets/{name}": {
            "get": _operation(
                "asset",
                "A short-lived URL of an asset",
                {"200": _answer(asset)},
                parameters=[_ID, {"name": "name", "in": "path", "required": True, "schema": _STRING}],
                errors=(401, 403, 404),
            )
        },
        "/types": {"get": _operation("types", "The types of work on offer", {"200": _answer(types)}, public=True)},
        "/openapi.json": {"get": _operation("openapi", "This document", {"200": _answer(_OBJECT)}, public=True)},
        "/health": {
            "get": _operation("health", "Whether it is up", {"200": _answer(_object(status=_STRING))}, public=True)
        },
    }


_STRING = {"type": "string"}
_OBJECT = {"type": "object"}


def _operation(
    name: str,
    summary: str,
    answers: Json,
    *,
    parameters: list[Json] | None = None,
    body: Json | None = None,
    errors: tuple[int, ...] = (),
    public: bool = False,
) -> Json:
    told = (*errors, 503) if errors else errors
    operation: Json = {
        "operationId": name,
        "summary": summary,
        "responses": answers | {str(status): _problem_answer(status) for status in told},
    }
    if parameters:
        operation["parameters"] = parameters
    if body:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    if public:
        operation["security"] = []
    return operation


def _problem_answer(status: int) -> Json:
    answer = {
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: {"schema": _ref("Problem")}},
    }
    if status in {429, 503}:
        answer["headers"] = {"Retry-After": {"description": "Seconds", "schema": {"type": "string"}}}
    return answer


def _answer(schema: Json, headers: Json | None = None) -> Json:
    answer: Json = {"description": "As asked", "content": {"application/json": {"schema": schema}}}
    return answer | ({"headers": headers} if headers else {})


def _query(name: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "schema": schema}


def _object(*, optional: Json | None = None, **required: Json) -> Json:
    return {"type": "object", "properties": required | (optional or {}), "required": list(required)}


def _ref(name: str) -> Json:
    return {"$ref": _REF.format(model=name)}
