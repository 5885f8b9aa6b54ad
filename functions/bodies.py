"""What callers send: models made from the offered types, which validation and the OpenAPI document both follow."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Union

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    create_model,
)
from pydantic_core import from_json

from common.catalog import Catalog
from common.errors import Fault, InvalidInput
from common.intake import Asked
from common.work import JsonObject
from functions.problems import invalid

MAX_BATCH = 10


def _text_only(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("must be an RFC 3339 date-time with an offset, such as 2026-01-31T09:00:00Z")
    return value


def _in_utc(moment: datetime) -> datetime:
    if not 1970 <= moment.year <= 9000:
        raise ValueError("must lie between the years 1970 and 9000")
    return moment.astimezone(UTC)


def _none_yet(entries: tuple[JsonObject, ...]) -> tuple[JsonObject, ...]:
    if entries:
        raise ValueError("no type of notification is offered here; leave it out")
    return entries


RunAt = Annotated[AwareDatetime, BeforeValidator(_text_only), AfterValidator(_in_utc)]
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
    batch: type[BaseModel]
    types: frozenset[str]

    def parse_one(self, data: bytes) -> Asked:
        """Raises InvalidInput with a JSON pointer for each fault."""
        return _asked(_validate(self.one, data, self.types), _json(data))

    def parse_batch(self, data: bytes) -> list[Asked]:
        """Raises InvalidInput with a JSON pointer for each fault."""
        validated = _validate(TypeAdapter(self.batch), data, self.types)
        given = _json(data)["requests"]
        return [_asked(each, raw) for each, raw in zip(validated.requests, given, strict=True)]


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
    return Bodies(TypeAdapter(union), batch, frozenset(catalog))


def _validate(adapter: TypeAdapter[Any], data: bytes, types: frozenset[str]) -> Any:
    try:
        return adapter.validate_json(data)
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


def _json(data: bytes) -> Any:
    try:
        return from_json(data, allow_inf_nan=False)
    except ValueError as error:
        raise InvalidInput(Fault("", f"must be JSON: {error}")) from error


def _literal(name: str) -> Any:
    return Literal[name]  # made at run time, one per type


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
