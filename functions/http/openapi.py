"""The OpenAPI 3.1 document, made from the models that validate and serialise."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from common.pipeline.record import Request, Status
from common.version import VERSION
from functions.http.bodies import Bodies
from functions.http.openapi_parts import (
    ID,
    KEY,
    LOCATION,
    NAME,
    OBJECT,
    PROBLEM,
    REF,
    REPLAYED,
    STRING,
    Json,
    answer,
    object_of,
    operation,
    query,
    ref,
    text_like,
)
from functions.http.parsing import DEFAULT_PAGE, MAX_PAGE


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
    roots, definitions = TypeAdapter.json_schemas(
        [
            ("request", "serialization", TypeAdapter(Request)),
            ("batch", "validation", bodies.batch),
            ("ask", "validation", bodies.one),
        ],
        ref_template=REF,
    )
    schemas: Json = definitions["$defs"]
    return schemas | {"Ask": roots["ask", "validation"], "Problem": PROBLEM}


def _paths() -> Json:
    request, requests = ref("Request"), {"type": "array", "items": ref("Request")}
    listed = object_of(requests=requests)
    page = object_of(requests=requests, optional={"next_page_token": {"type": "string"}})
    detailed = {"allOf": [request], "properties": {"notifications": requests}}
    asset = object_of(url={"type": "string", "format": "uri"}, expires_at={"type": "string", "format": "date-time"})
    types = object_of(
        types={"type": "array", "items": object_of(**dict.fromkeys(("name", "description"), STRING), input=OBJECT)}
    )
    return {
        "/requests": {
            "post": operation(
                "submit",
                "Ask for something",
                {"202": answer(request, LOCATION), "200": answer(request, LOCATION | REPLAYED)},
                parameters=[KEY],
                body=ref("Ask"),
                errors=(401, 403, 413, 422, 429),
            ),
            "get": operation(
                "list",
                "The requests of one's tenant, newest first",
                {"200": answer(page)},
                parameters=[
                    query("limit", {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": DEFAULT_PAGE}),
                    query("page_token", text_like("^[A-Za-z0-9_-]+$")),
                    query("status", {"enum": list(Status)}),
                ],
                errors=(401, 403, 422),
            ),
        },
        "/requests:batch": {
            "post": operation(
                "submitBatch",
                "Ask for one to ten things, all or nothing",
                {"202": answer(listed), "200": answer(listed, REPLAYED)},
                parameters=[KEY],
                body=ref("Batch"),
                errors=(401, 403, 413, 422, 429),
            )
        },
        "/requests/{id}": {
            "get": operation("get", "A request", {"200": answer(detailed)}, parameters=[ID], errors=(401, 403, 404))
        },
        "/requests/{id}:cancel": {
            "post": operation(
                "cancel",
                "End an open request as cancelled; repeating it changes nothing",
                {"200": answer(request)},
                parameters=[ID],
                errors=(401, 403, 404, 409),
            )
        },
        "/requests/{id}:retry": {
            "post": operation(
                "retry",
                "Run a failed or cancelled request again",
                {"202": answer(request), "200": answer(request)},
                parameters=[ID],
                errors=(401, 403, 404, 409, 410, 429),
            )
        },
        "/requests/{id}/assets/{name}": {
            "get": operation(
                "asset",
                "A short-lived URL of an asset",
                {"200": answer(asset)},
                parameters=[ID, NAME],
                errors=(401, 403, 404),
            )
        },
        "/types": {"get": operation("types", "The types of work on offer", {"200": answer(types)}, public=True)},
        "/openapi.json": {"get": operation("openapi", "This document", {"200": answer(OBJECT)}, public=True)},
        "/health": {
            "get": operation("health", "Whether it is up", {"200": answer(object_of(status=STRING))}, public=True)
        },
    }
