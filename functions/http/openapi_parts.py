"""What the OpenAPI document is put together from: operations, answers, parameters, schemas."""

from http import HTTPStatus
from typing import Any

from functions.http.problems import MEDIA_TYPE

Json = dict[str, Any]

REF = "#/components/schemas/{model}"
STRING = {"type": "string"}
OBJECT = {"type": "object"}


def text_like(pattern: str) -> Json:
    return {"type": "string", "pattern": pattern}


ID = {"name": "id", "in": "path", "required": True, "schema": text_like("^[0-9a-f]{32}$")}
NAME = {"name": "name", "in": "path", "required": True, "schema": text_like("^[A-Za-z0-9][A-Za-z0-9._-]*$")}
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Makes the call repeatable: the same key finds the same request, while its record lives.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
}
REPLAYED = {
    "Idempotency-Replayed": {
        "description": "true if an earlier call with this key had asked for all of it",
        "schema": {"type": "string", "const": "true"},
    }
}
LOCATION = {"Location": {"description": "The path of the request", "schema": {"type": "string"}}}
PROBLEM: Json = {
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


def operation(
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
    described: Json = {
        "operationId": name,
        "summary": summary,
        "responses": answers | {str(status): _problem(status) for status in told},
    }
    if parameters:
        described["parameters"] = parameters
    if body:
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    if public:
        described["security"] = []
    return described


def _problem(status: int) -> Json:
    described: Json = {
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: {"schema": ref("Problem")}},
    }
    if status in {429, 503}:
        described["headers"] = {"Retry-After": {"description": "Seconds", "schema": {"type": "string"}}}
    return described


def answer(schema: Json, headers: Json | None = None) -> Json:
    described: Json = {"description": "As asked", "content": {"application/json": {"schema": schema}}}
    return described | ({"headers": headers} if headers else {})


def query(name: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "schema": schema}


def object_of(*, optional: Json | None = None, **required: Json) -> Json:
    return {"type": "object", "properties": required | (optional or {}), "required": list(required)}


def ref(name: str) -> Json:
    return {"$ref": REF.format(model=name)}
