"""JSON Schemas and parameters that the table of operations and the OpenAPI document are written with."""

from dataclasses import dataclass
from typing import Any, Literal

Json = dict[str, Any]

REF = "#/components/schemas/{model}"
STRING: Json = {"type": "string"}

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


@dataclass(frozen=True)
class Parameter:
    """A parameter of an operation. Those of the path are required, the others optional."""

    name: str
    place: Literal["path", "query", "header"]
    schema: Json
    description: str | None = None

    def to_json(self) -> Json:
        described: Json = {"name": self.name, "in": self.place, "schema": self.schema}
        if self.place == "path":
            described["required"] = True
        if self.description:
            described["description"] = self.description
        return described


def text_like(pattern: str) -> Json:
    """A text that consists of the pattern, from its beginning to its end."""
    return {"type": "string", "pattern": f"^{pattern}$"}


def object_of(*, optional: Json | None = None, **required: Json) -> Json:
    return {"type": "object", "properties": required | (optional or {}), "required": list(required)}


def ref(name: str) -> Json:
    return {"$ref": REF.format(model=name)}
