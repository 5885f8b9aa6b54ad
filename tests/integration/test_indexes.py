"""firestore.indexes.json declares exactly the indexes that the gateway's queries need.

The emulator reports the composite indexes that production would need; it does not refuse a query without its index. The
single-field indexes follow from the queries, because the file exempts all other fields.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest
from google.cloud.firestore import Client
from google.cloud.firestore_v1.types import RunAggregationQueryRequest, RunQueryRequest, StructuredQuery

from build import ROOT
from common.gateways.firestore import Requests
from common.pipeline.record import Status
from local.emulators.firestore import PROJECT
from tests.integration.proxy import Proxy

INDEXES = json.loads((ROOT / "firestore.indexes.json").read_text())
NOW = datetime(2026, 11, 22, tzinfo=UTC)

Index = tuple[tuple[str, str], ...]


def declared() -> set[Index]:
    return {_fields(index["fields"]) for index in INDEXES["indexes"]}


def needed_by(query: Callable[[Requests], object], emulator: str) -> set[Index]:
    """Returns the composite indexes that production needs for the query, which runs in a database of its own."""
    database = f"indexes-{uuid4().hex}"
    query(Requests(Client(project=PROJECT, database=database)))
    answer = httpx.get(
        f"http://{emulator}/emulator/v1/projects/{PROJECT}:indexUsage",
        params={"database": f"projects/{PROJECT}/databases/{database}"},
    )
    return {_fields(report["index"]["fields"]) for report in answer.raise_for_status().json().get("reports", [])}


def _fields(fields: list[dict[str, str]]) -> Index:
    # Firestore adds the name to every index.
    return tuple((field["fieldPath"], field["order"]) for field in fields if field["fieldPath"] != "__name__")


QUERIES: dict[str, Callable[[Requests], object]] = {
    "the list": lambda requests: requests.page(tenant="u:a", status=None, limit=10, after=None),
    "the list's next page": lambda requests: requests.page(tenant="u:a", status=None, limit=10, after=(NOW, "x")),
    "the list by status": lambda requests: requests.page(tenant="u:a", status=Status.QUEUED, limit=10, after=None),
    "the quota": lambda requests: requests.count_open(tenant="u:a", limit=100),
    "the requests of an owner": lambda requests: requests.owned(owner="a", limit=10, after="x"),
    "the sweep": lambda requests: requests.overdue(shard=0, now=NOW, limit=10),
}


@pytest.mark.parametrize("query", QUERIES)
def test_every_composite_index_that_a_query_needs_is_declared(firestore_emulator: str, query: str) -> None:
    assert needed_by(QUERIES[query], firestore_emulator) <= declared()


def test_every_declared_composite_index_is_needed_by_a_query(firestore_emulator: str) -> None:
    needed = set[Index]().union(*(needed_by(query, firestore_emulator) for query in QUERIES.values()))

    assert declared() <= needed


def single_fields_of(query: Callable[[Requests], object], emulator: str) -> set[str]:
    """Returns the field of a query that filters and sorts by one field: production needs its single-field index."""
    with Proxy(emulator) as proxy, pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIRESTORE_EMULATOR_HOST", proxy.address)
        query(Requests(Client(project=PROJECT, database=f"indexes-{uuid4().hex}")))
        plain = [RunQueryRequest.deserialize(each).structured_query for each in proxy.requests_of("RunQuery")]
        counting = [RunAggregationQueryRequest.deserialize(each) for each in proxy.requests_of("RunAggregationQuery")]
    queries = [*plain, *(each.structured_aggregation_query.structured_query for each in counting)]
    assert queries
    return set().union(*(fields for each in queries if len(fields := _fields_of(each)) == 1))


def _fields_of(query: StructuredQuery) -> set[str]:
    filters = [each.field_filter for each in query.where.composite_filter.filters] or [query.where.field_filter]
    used = {each.field.field_path for each in filters} | {each.field.field_path for each in query.order_by}
    return used - {"__name__", ""}


def test_only_fields_that_a_query_uses_alone_keep_their_index(firestore_emulator: str) -> None:
    ascending = {"order": "ASCENDING", "queryScope": "COLLECTION"}
    kept = {override["fieldPath"] for override in INDEXES["fieldOverrides"] if ascending in override["indexes"]}

    used = set[str]().union(*(single_fields_of(query, firestore_emulator) for query in QUERIES.values()))

    assert kept == used == {"due", "owner"}
