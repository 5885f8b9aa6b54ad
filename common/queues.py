"""The retry, rate and time policy of each type of work, from queues.json.

The functions, the local stack and Terraform read the same file. Cloud Tasks blocks the name of a deleted queue for
days, so a deployment can add a suffix to all queue names.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, TypeAdapter, ValidationError, model_validator

from common.work import TYPE_NAME_PATTERN

POLICIES_FILE = Path(__file__).with_name("queues.json")
DISPATCH_MARGIN = timedelta(seconds=30)
MAX_DISPATCH_DEADLINE = timedelta(minutes=30)  # of Cloud Tasks
MAX_TIME_BUDGET_SECONDS = int((MAX_DISPATCH_DEADLINE - DISPATCH_MARGIN).total_seconds())
LEASE_MARGIN = timedelta(seconds=60)

TypeName = Annotated[str, Field(pattern=f"^{TYPE_NAME_PATTERN}$")]


class BadPolicy(Exception):
    """queues.json is invalid; the message names each key and its fault."""


def _enabled(value: object) -> object:
    """A union of bool and Literal would report each fault twice."""
    if not isinstance(value, bool) and value != "draining":
        raise ValueError('must be true, false or "draining"')
    return value


class Policy(BaseModel):
    """The policy of one type. The bounds are those of Cloud Tasks (RetryConfig, RateLimits).

    A draining type accepts no new requests; those that it has are still processed.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    queue: str = Field(pattern=r"^[A-Za-z0-9-]{1,100}$")
    enabled: Annotated[bool | Literal["draining"], PlainValidator(_enabled)]
    internal: bool = False
    """Whether only this service creates such requests: callers cannot submit them, and GET /types omits the type."""
    max_attempts: int = Field(ge=1, le=100)
    time_budget_seconds: int = Field(ge=1, le=MAX_TIME_BUDGET_SECONDS)
    min_backoff_seconds: float = Field(gt=0, le=3600)
    max_backoff_seconds: float = Field(gt=0, le=3600)
    max_doublings: int = Field(ge=1, le=16)
    max_dispatches_per_second: float = Field(gt=0, le=500)
    max_concurrent_dispatches: int = Field(ge=1, le=5000)

    @model_validator(mode="after")
    def _backoff_grows(self) -> Self:
        if self.min_backoff_seconds > self.max_backoff_seconds:
            raise ValueError("min_backoff_seconds must not exceed max_backoff_seconds")
        return self

    @property
    def is_draining(self) -> bool:
        return self.enabled == "draining"

    @property
    def time_budget(self) -> timedelta:
        return timedelta(seconds=self.time_budget_seconds)

    @property
    def dispatch_deadline(self) -> timedelta:
        """How long Cloud Tasks waits for an answer (15 s to 30 min are allowed)."""
        return self.time_budget + DISPATCH_MARGIN

    @property
    def lease(self) -> timedelta:
        """How long a claim is valid: longer than any delivery can run."""
        return self.time_budget + LEASE_MARGIN


Policies = Mapping[str, Policy]


def load_policies(file: Path = POLICIES_FILE, *, suffix: str = "") -> Policies:
    """Returns the policies by type, with `suffix` added to the queue names. Raises BadPolicy."""
    try:
        given = TypeAdapter(dict[TypeName, Policy]).validate_python(json.loads(file.read_text()))
    except json.JSONDecodeError as error:
        raise BadPolicy(f"{file.name}: not JSON: {error}") from error
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, e['loc'])) or 'the file'}: {e['msg']}" for e in error.errors())
        raise BadPolicy(f"{file.name}: " + "; ".join(faults)) from error
    return {name: policy.model_copy(update={"queue": policy.queue + suffix}) for name, policy in given.items()}
