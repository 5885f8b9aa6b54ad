"""What callers send: models made from the offered types, which validation and the OpenAPI document both follow."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
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
from common.pipeline.submission import Asked
from common.work import JsonObject
from functions.http.problems import invalid
from functions.http.strict_json import parse

MAX_BATCH = 10
YEARS = range(1970, 9001)
_RFC3339 = re.compile(r"[0-9]{4}(-[0-9]{2}){2}[Tt][0-9]{2}(:[0-9]{2}){2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})")


def _moment(value: object) -> datetime:
    """Not by pydantic: it takes numbers, dates alone and offsets left out for moments, or in strict mode no text."""
    try:
        moment = datetime.fromisoformat(value.upper()) if isinstance(value, str) and _RFC3339.fullmatch(value) else None
    except ValueError:
        moment = None
    if moment is None:
        raise ValueError("must be an RFC 3339 date-time with an offset, such as 2026-01-31T09:00:00Z")
    if moment.year not in YEARS:
        raise ValueError(f"must lie between the years {YEARS[0]} and {YEARS[-1]}")
    return moment.astimezone(UTC)


def _none_yet(entries: tuple[JsonObject, ...]) -> tuple[JsonObject, ...]:
    if entries:
        raise ValueError("no type of notification is offered here; leave it out")
    return entries


RunAt = Annotated[datetime, PlainValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
Notify = Annotated[tuple[JsonObject, ...], AfterValidator(_none_yet), Field(json_schema_extra={"maxItems": 0})]


class Body(BaseModel):
    """What every request has. Strict: an unknown field is an error."""

    model_config = ConfigDict(strict=True, extra="forbid")

    run_at: RunAt | None = Field(None, description="Not before this, at most a year ahead; a past one means now")
    notify: Notify | None = Field(None, description="Whom to tell of the end")


@dataclass(frozen=True)
class Bodies:
    """The models for one catalog."""

    one: TypeAdapter[Any]
    batch: TypeAdapter[Any]
    types: frozenset[str]

    def parse_one(self, data: bytes) -> Asked:
        """Raises InvalidInput with a JSON pointer for each fault."""
        given = parse(data)
        return _asked(_validate(self.one, given, self.types), given)

    def parse_batch(self, data: bytes) -> list[Asked]:
        """Raises InvalidInput with a JSON pointer for each fault."""
        given = parse(data)
        validated = _validate(self.batch, given, self.types)
        return [_asked(each, raw) for each, raw in zip(validated.requests, given["requests"], strict=True)]


def bodies_for(catalog: Catalog) -> Bodies:
    """One model per type, told apart by `type`."""
    models = [
        create_model(
            f"{_camel(each.name)}Request",
            __base__=Body,
            __doc__=each.description,
            type=(_literal(each.name), ...),
            input=(each.input, ...),
        )
        for each in catalog.values()
    ]
    union: Any = Annotated[Union[tuple(models)], Field(discriminator="type")]  # noqa: UP007 (a tuple of types)
    batch = create_model(
        "Batch",
        __config__=ConfigDict(strict=True, extra="forbid"),
        requests=(Annotated[list[union], Field(min_length=1, max_length=MAX_BATCH)], ...),
    )
    return Bodies(TypeAdapter(union), TypeAdapter(batch), frozenset(catalog))


def _validate(adapter: TypeAdapter[Any], given: Any, types: frozenset[str]) -> Any:
    """As JSON again, not the bytes that came: two parsers never read quite the same, and `given` is what is stored."""
    try:
        return adapter.validate_json(json.dumps(given))
    except ValidationError as error:
        raise invalid(error, tags=types) from error


def _asked(validated: Any, raw: Any) -> Asked:
    """Stored is what was given, not what a model made of it: a replay is compared with it."""
    return Asked(
        type=validated.type,
        input=raw["input"],
        run_at=validated.run_at,
        notify=validated.notify or None,
    )


def _literal(name: str) -> Any:
    return Literal[name]  # made at run time, one per type


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
