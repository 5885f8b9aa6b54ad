"""Every environment variable that the functions read, validated once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from common.allowed import parse_names


class BadSettings(Exception):
    """A variable is missing or invalid; the message names it."""


Names = Annotated[
    frozenset[str], BeforeValidator(lambda value: parse_names(value) if isinstance(value, str) else value)
]


class Settings(BaseModel):
    """The configuration of a function. Terraform and the local stack set it; Cloud Run sets K_SERVICE."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    project: str = Field(alias="GOOGLE_CLOUD_PROJECT", min_length=1)
    database: str = Field("(default)", alias="FIRESTORE_DATABASE", min_length=1)
    location: str = Field("us-central1", alias="QUEUES_LOCATION")
    queues_suffix: str = Field("", alias="QUEUES_SUFFIX", pattern=r"^[A-Za-z0-9-]{0,20}$")
    also_enabled: Names = Field(frozenset(), alias="ENABLE_TYPES")
    cors_origins: Names = Field(frozenset(), alias="CORS_ORIGINS")
    allowed_hosts: Names = Field(frozenset(), alias="ALLOWED_HOSTS")
    require_tenant: bool = Field(False, alias="REQUIRE_TENANT")
    open_requests: int = Field(100, alias="OPEN_REQUESTS_PER_TENANT", ge=1, le=1000)
    assets_bucket: str | None = Field(None, alias="ASSETS_BUCKET", min_length=3)
    assets_folder: Path | None = Field(None, alias="ASSETS_FOLDER")
    assets_url: str | None = Field(None, alias="ASSETS_URL")
    assets_signing_key: str | None = Field(None, alias="ASSETS_SIGNING_KEY", repr=False)
    firestore_emulator: str | None = Field(None, alias="FIRESTORE_EMULATOR_HOST")
    cloud_tasks_emulator: str | None = Field(None, alias="CLOUD_TASKS_EMULATOR_HOST")
    cloud_run_service: str | None = Field(None, alias="K_SERVICE")

    @property
    def accepts_unsigned_tokens(self) -> bool:
        """True with the Firestore emulator, but never on Cloud Run (it sets K_SERVICE: Container runtime contract)."""
        return bool(self.firestore_emulator) and self.cloud_run_service is None


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Raises BadSettings."""
    try:
        return Settings.model_validate(dict(environment))
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise BadSettings("; ".join(faults)) from error
