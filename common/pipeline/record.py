"""The request's record: one document `requests/{id}`, its one serialiser and its inverse.

A caller sees the fields of `Request`; `Record` adds those of the protocol. A field that is None is not stored.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from common.work import FailureCode, JsonObject

SCHEMA = 1
ID_PATTERN = "[0-9a-f]{32}"
YEARS = range(1970, 9001)  # of a time that a caller sends; later ones leave no room for delays

Moment = Annotated[AwareDatetime, Field(description="RFC 3339, UTC")]


class Status(StrEnum):
    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN = frozenset({Status.QUEUED, Status.PROCESSING})
ENDED = frozenset(Status) - OPEN


class Part(BaseModel):
    """A part of a record. Unknown fields are ignored, because a newer release may have written them."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Failure(Part):
    """Why an attempt or a request failed. The caller reads the message."""

    code: str = Field(description=f"Stable: {', '.join(FailureCode)}, or the type's own")
    message: str
    attempt: int
    started_at: Moment | None = Field(None, description="When that attempt began")
    at: Moment


class Progress(Part):
    percent: int = Field(ge=0, le=100)
    message: str


class Claim(Part):
    """The claim of the worker that holds, or last held, a request."""

    token: str
    task: str
    retry_count: int
    eta: Moment | None = None
    lost: int | None = None
    """How many earlier deliveries of the task are known to have died; None in records of older releases."""


class Parent(Part):
    """The request whose end a notification reports."""

    id: str
    redrive: int
    tenant: str | None = None


class Erased(Part):
    """When a request was erased. `scope` identifies its tenant to that tenant's callers only."""

    at: Moment
    scope: str


class Request(Part):
    """The fields of a request that its caller sees."""

    id: str
    tenant: str | None = Field(None, description="t:{tenant claim} or u:{uid}: its callers see, cancel and retry it")
    owner: str = Field(description="The uid of the caller who submitted it")
    type: str
    input: JsonObject
    run_at: Moment | None = Field(None, description="Earliest start, as submitted; a retry runs at once")
    notify: tuple[JsonObject, ...] | None = None
    parent: Parent | None = None
    status: Status
    redrive: int = Field(0, description="How often a person ran it again after its end")
    generation: int = Field(0, description="How often it needed a new task")
    attempt: int = Field(0, description="Attempts since it was submitted or last redriven")
    max_attempts: int
    snoozes: int = 0
    progress: Progress | None = None
    result: JsonObject | None = None
    error: Failure | None = None
    errors: tuple[Failure, ...] | None = Field(None, description="The failed attempts, newest last, at most 10")
    scheduled_at: Moment | None = None
    created_at: Moment
    started_at: Moment | None = Field(None, description="When its latest attempt began")
    finished_at: Moment | None = None
    expires_at: Moment | None = Field(None, description="When the record is deleted")

    def public(self) -> dict[str, Any]:
        """Returns the JSON object for callers. A field that is absent in the document is absent here."""
        return self.model_dump(mode="json", include=set(Request.model_fields), exclude_none=True)


class Record(Request):
    """A request as it is stored."""

    schema_version: int = Field(SCHEMA, alias="schema")
    claim: Claim | None = None
    due: str | None = None
    sweeps: int | None = None
    steps: JsonObject | None = None
    redriven_at: AwareDatetime | None = None
    nonce: str | None = None
    """Random at the creation and at each redrive: it identifies the call that wrote this. None in older records."""
    form: str | None = None
    """The form of the call that submitted it: "single" or "batch of 3". None in older records."""
    trace: str | None = None
    reported: int | None = None
    """How many deaths were reported since the claim without proof that one of them was the holder's."""
    reported_eta: Moment | None = None
    """The schedule time of the delivery that reported the latest of them."""
    reported_by: int | None = None
    """The retry count of that delivery. An earlier one knows less and decides nothing."""
    idle: bool | None = None
    """True if the holder gave up before any work, so its attempt does not count."""
    erased: Erased | None = None

    def to_document(self) -> dict[str, Any]:
        """Returns the fields of the document, with native times. The id is the document's name."""
        return self.model_dump(by_alias=True, exclude={"id"}, exclude_none=True)

    @classmethod
    def from_document(cls, request_id: str, document: Mapping[str, Any]) -> Self:
        """The inverse of `to_document`. Raises pydantic's ValidationError for a document of another shape."""
        return cls.model_validate({**document, "id": request_id})

    def to_json(self) -> dict[str, Any]:
        """Returns the record as JSON, for a task payload."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    def changed(self, **fields: Any) -> Self:
        return self.model_copy(update=fields)


def waiting_since(record: Record) -> datetime:
    """Returns the latest of the creation, the requested start and the last redrive, reschedule or claim."""
    run_at = None if record.redrive else record.run_at  # a redrive runs at once
    moments = (record.created_at, run_at, record.redriven_at, record.scheduled_at, record.started_at)
    return max(moment for moment in moments if moment is not None)
