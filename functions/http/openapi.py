"""The OpenAPI 3.1 document, from the table of operations and the models that validate and serialise."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from pydantic import TypeAdapter

from common.pipeline.record import Request
from common.version import VERSION
from functions.http.bodies import Bodies, Redrive
from functions.http.operations import OPERATIONS, Operation, Success
from functions.http.problems import MEDIA_TYPE, PROBLEMS, header_names
from functions.http.schemas import PROBLEM, REF, STRING, Json, ref


def openapi_document(bodies: Bodies) -> Mapping[str, Any]:
    """Returns the document for the types of work in `bodies`."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Asset requests",
            "version": VERSION,
            "description": "Submit requests for marketing assets, and follow each request to its end.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"firebase": []}],
        "paths": _paths(),
        "components": {
            "schemas": _schemas(bodies),
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
            ("submission", "validation", bodies.one),
            ("redrive", "validation", TypeAdapter(Redrive)),
        ],
        ref_template=REF,
    )
    schemas: Json = definitions["$defs"]
    return schemas | {"Submission": roots["submission", "validation"], "Problem": PROBLEM}


def _paths() -> Json:
    paths: dict[str, Json] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return paths


def _operation(operation: Operation) -> Json:
    described: Json = {
        "operationId": operation.id,
        "summary": operation.summary,
        "responses": {str(status): _success(answer) for status, answer in operation.success.items()}
        | {str(status): _problem(status) for status in sorted({PROBLEMS[error][0] for error in operation.errors})},
    }
    if operation.description:
        described["description"] = operation.description
    if operation.parameters:
        described["parameters"] = [parameter.to_json() for parameter in operation.parameters]
    if operation.body:
        described["requestBody"] = {
            "required": not operation.body_is_optional,
            "content": {"application/json": {"schema": operation.body}},
        }
    if operation.is_public:
        described["security"] = []
    return described


def _success(answer: Success) -> Json:
    described: Json = {"description": "Success"}
    if answer.schema is not None:
        described["content"] = {"application/json": {"schema": answer.schema}}
    return described | ({"headers": answer.headers} if answer.headers else {})


def _problem(status: int) -> Json:
    described: Json = {
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: {"schema": ref("Problem")}},
    }
    if names := header_names(status):
        described["headers"] = {name: {"schema": STRING} for name in names}
    return described
