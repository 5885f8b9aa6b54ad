"""The models of request bodies, created from the types of work. Validation and the OpenAPI document both use them."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, Union

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    create_model,
)

from common.catalog import Catalog
from common.json_values import parse
from common.pipeline.submission import Submission
from common.work import JsonObject
from functions.http.moments import parse_moment
from functions.http.problems import invalid

MAX_BATCH = 10


def _none_yet(entries: tuple[JsonObject, ...]) -> tuple[JsonObject, ...]:
    if entries:
        raise ValueError("this deployment has no type of notification; omit it")
    return entries


def _no_type(_value: object) -> object:
    raise ValueError("this deployment accepts no requests at present")


_NoType = Annotated[Any, PlainValidator(_no_type), WithJsonSchema({"not": {}})]
RunAt = Annotated[datetime, PlainValidator(parse_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
Notify = Annotated[tuple[JsonObject, ...], AfterValidator(_none_yet), Field(json_schema_extra={"maxItems": 0})]


class Body(BaseModel):
    """The fields of every request. Strict: an unknown field is an error."""

    model_config = ConfigDict(strict=True, extra="forbid")

    run_at: RunAt | None = Field(
        None, description="Earliest start, at most a year ahead; a past time means now. A retry runs at once"
    )
    notify: Notify | None = Field(None, description="Notifications to send when the request ends")


class Redrive(BaseModel):
    """The request as its caller saw it. A repeat of the call then changes nothing that came later."""

    model_config = ConfigDict(strict=True, extra="forbid", json_schema_extra=lambda schema: schema.update(required=[]))

    redrive: int = Field(ge=0, description="`redrive` of the request that the caller saw")


_REDRIVE: TypeAdapter[Redrive] = TypeAdapter(Redrive)


def parse_redrive(data: bytes) -> int | None:
    """Returns the redrive that the caller saw, or None for no body and for an empty object. Raises InvalidInput."""
    given = parse(data) if data else {}
    return None if given == {} else int(_validate(_REDRIVE, given).redrive)


@dataclass(frozen=True)
class Bodies:
    """The body models of one catalog."""

    one: TypeAdapter[Any]
    batch: TypeAdapter[Any]
    types: frozenset[str]

    def parse_one(self, data: bytes) -> Submission:
        """Raises InvalidInput with a JSON pointer for each fault."""
        given = parse(data)
        return _submission(_validate(self.one, given, self.types), given)

    def parse_batch(self, data: bytes) -> list[Submission]:
        """Raises InvalidInput with a JSON pointer for each fault."""
        given = parse(data)
        validated = _validate(self.batch, given, self.types)
        return [_submission(each, raw) for each, raw in zip(validated.requests, given["requests"], strict=True)]


def bodies_for(catalog: Catalog) -> Bodies:
    """Returns a model per offered type of work, with `type` as the discriminator."""
    offered = [each for each in catalog.values() if each.is_offered]
    models = [
        create_model(
            f"{_camel(each.name)}Request",
            __base__=Body,
            __doc__=each.description,
            type=(_literal(each.name), ...),
            input=(each.input, ...),
        )
        for each in offered
    ]
    union: Any = _NoType
    if models:
        union = Annotated[Union[tuple(models)], Field(discriminator="type")]  # noqa: UP007 (a tuple of types)
    batch = create_model(
        "Batch",
        __config__=ConfigDict(strict=True, extra="forbid"),
        requests=(Annotated[list[union], Field(min_length=1, max_length=MAX_BATCH)], ...),
    )
    return Bodies(TypeAdapter(union), TypeAdapter(batch), frozenset(each.name for each in offered))


def _validate(adapter: TypeAdapter[Any], given: Any, types: frozenset[str] = frozenset()) -> Any:
    """Validates `given`, serialised again, not the received bytes: `given` is stored, and JSON parsers differ."""
    try:
        return adapter.validate_json(json.dumps(given))
    except ValidationError as error:
        raise invalid(error, tags=types) from error


def _submission(validated: Any, raw: Any) -> Submission:
    """Keeps the input as it was sent, not as the model parsed it, because a replay is compared with it."""
    return Submission(
        type=validated.type,
        input=raw["input"],
        run_at=validated.run_at,
        notify=validated.notify or None,
    )


def _literal(name: str) -> Any:
    return Literal[name]  # a type checker cannot know the name


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
