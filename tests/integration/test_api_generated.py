"""Hundreds of generated calls, valid and invalid ones, are answered as the OpenAPI document describes."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zlib import crc32

import pytest
import schemathesis
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS

from common.catalog import load_catalog
from common.pipeline.record import Failure, Progress, Status
from common.queues import load_policies
from common.retention import RECORD_RETENTION
from functions.http.bodies import bodies_for
from functions.http.openapi import openapi_document
from tests.integration.running import Service, serving

REQUEST = {"type": "diagnostic", "input": {}}
EXAMPLES = 30  # for each operation
NOW = datetime.now(UTC)
ASSET = {"name": "poster.png", "content_type": "image/png", "bytes": 7, "path": "a/b/poster.png"}
FAILURE = Failure(code="attempts", message="It failed.", attempt=3, at=NOW)
ENDED = {"due": None, "started_at": NOW, "finished_at": NOW, "expires_at": NOW + RECORD_RETENTION}
STATES: list[dict[str, Any]] = [
    {"scheduled_at": NOW},
    {"status": Status.PROCESSING, "attempt": 1, "started_at": NOW, "progress": Progress(percent=50, message="Half")},
    {**ENDED, "status": Status.COMPLETED, "result": {"assets": [ASSET]}},
    {**ENDED, "status": Status.FAILED, "attempt": 3, "error": FAILURE, "errors": (FAILURE,)},
    {**ENDED, "status": Status.CANCELLED},
    {**ENDED, "status": Status.FAILED, "error": FAILURE, "expires_at": NOW},
]

# A JSON schema cannot express that `run_at` may be at most a year ahead.
MOMENTS = st.datetimes(datetime(1970, 1, 2), NOW.replace(tzinfo=None) + timedelta(days=364))  # noqa: DTZ001 (aware below)
OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
schemathesis.openapi.format(
    "date-time", st.builds(lambda moment, offset: moment.replace(tzinfo=offset).isoformat(), MOMENTS, OFFSETS)
)

document = openapi_document(bodies_for(load_catalog(load_policies(), ["diagnostic"])))
# A valid call may concern a request that is missing (404), in another state (409) or past its retention (410).
ACCEPTED = {"expected-statuses": ["2xx", "404", "409", "410"]}
schema = schemathesis.openapi.from_dict(
    dict(document), config=schemathesis.Config.from_dict({"checks": {"positive_data_acceptance": ACCEPTED}})
)


@dataclass(frozen=True)
class Target:
    """An API with a quota of a thousand open requests, and a tenant with requests in each state."""

    url: str
    service: Service
    tenant: str
    ids: list[str]
    page_token: str

    def authorization_of_new_member(self) -> str:
        """A new member for each call, because a generated idempotency key may repeat an earlier one."""
        return self.service.caller(tenant=self.tenant).authorization


@pytest.fixture(scope="module")
def target(service: Service, api_environment: Mapping[str, str]) -> Iterator[Target]:
    tenant = secrets.token_hex(8)
    caller = service.caller(tenant=tenant)
    batch = {"requests": [REQUEST] * len(STATES)}
    ids = [str(each["id"]) for each in caller.post("/requests:batch", batch).json()["requests"]]
    for request_id, state in zip(ids, STATES, strict=True):
        service.edit(request_id, **state)
    page = caller.get("/requests", limit="2").json()
    with serving({**api_environment, "OPEN_REQUESTS_PER_TENANT": "1000"}) as url:
        yield Target(url, service, tenant, ids, page["next_page_token"])


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_an_operation_answers_as_documented(case: Any, target: Target) -> None:
    assume("%0A" not in case.formatted_path)  # functions-framework itself answers a path with a line break
    if case.meta.generation.mode.is_positive:
        use_existing_values(case, target)
    excluded = []
    if "medical_asset" in repr(case.body):
        excluded = CHECKS.get_by_names(["positive_data_acceptance"])  # no schema states which characters can be drawn

    response = case.call_and_validate(
        base_url=target.url, headers={"Authorization": target.authorization_of_new_member()}, excluded_checks=excluded
    )

    if response.status_code >= 400:
        assert response.headers["content-type"] == ["application/problem+json"]
        assert response.request.method == "HEAD" or response.json()["code"]


def use_existing_values(case: Any, target: Target) -> None:
    """Replaces about half of the generated ids by those of existing requests, and every page token by a real one."""
    if "id" in (case.path_parameters or {}):
        index = crc32(case.path_parameters["id"].encode()) % (2 * len(target.ids))
        if index < len(target.ids):
            case.path_parameters["id"] = target.ids[index]
    if "name" in (case.path_parameters or {}):
        case.path_parameters["name"] = ASSET["name"]
    if "page_token" in (case.query or {}):
        case.query["page_token"] = target.page_token
