"""The security rules of Firestore, over its REST interface: which tokens may read which requests."""

import re
from typing import Any
from uuid import uuid4

import httpx
import pytest

from local.emulators.firestore import PROJECT, RULES
from local.token import unsigned_token

DOCUMENTS = f"v1/projects/{PROJECT}/databases/(default)/documents"
ADMIN = "owner"  # no rule applies to this token in the emulator, as to a service account in production

ALICE = unsigned_token("alice")
CLINIC_MEMBER = unsigned_token("alice", tenant="clinic")
CLINIC_COLLEAGUE = unsigned_token("bob", tenant="clinic")
NOT_ALICE = {
    "no token": None,
    "another user": unsigned_token("bob"),
    "the same uid in a tenant": CLINIC_MEMBER,
    "a tenant named like the stored tenant": unsigned_token("mallory", tenant="u:alice"),
    "a tenant named like the uid": unsigned_token("mallory", tenant="alice"),
    "an empty tenant claim": unsigned_token("alice", tenant=""),
    "a list as tenant claim": unsigned_token("alice", claims={"tenant": ["u:alice"]}),
}
NOT_CLINIC = {
    "no token": None,
    "a user without a tenant": unsigned_token("bob"),
    "a user named like the tenant": unsigned_token("clinic"),
    "a user named like the stored tenant": unsigned_token("t:clinic"),
    "a member of another tenant": unsigned_token("alice", tenant="surgery"),
    "the same tenant in another case": unsigned_token("alice", tenant="Clinic"),
}


class Firestore:
    """The REST interface of the emulator."""

    def __init__(self, address: str) -> None:
        self._http = httpx.Client(base_url=f"http://{address}")

    def create(self, token: str | None, fields: dict[str, str], *, folder: str = "requests") -> httpx.Response:
        return self._call("POST", f"{DOCUMENTS}/{folder}?documentId={uuid4().hex}", token, _document(fields))

    def get(self, token: str | None, path: str) -> httpx.Response:
        return self._call("GET", f"v1/{path}", token)

    def update(self, token: str | None, path: str, fields: dict[str, str]) -> httpx.Response:
        return self._call("PATCH", f"v1/{path}", token, _document(fields))

    def delete(self, token: str | None, path: str) -> httpx.Response:
        return self._call("DELETE", f"v1/{path}", token)

    def query(self, token: str | None, *, tenant: str | None, limit: int | None) -> httpx.Response:
        query: dict[str, Any] = {"from": [{"collectionId": "requests"}]}
        if tenant is not None:
            query["where"] = {
                "fieldFilter": {"field": {"fieldPath": "tenant"}, "op": "EQUAL", "value": {"stringValue": tenant}}
            }
        if limit is not None:
            query["limit"] = limit
        return self._call("POST", f"{DOCUMENTS}:runQuery", token, {"structuredQuery": query})

    def create_request(self, tenant: str | None = None) -> str:
        """Creates a request of the tenant and returns its path."""
        answer = self.create(ADMIN, {"status": "queued"} | ({} if tenant is None else {"tenant": tenant}))
        return str(answer.raise_for_status().json()["name"])

    def coverage(self) -> list[dict[str, Any]]:
        answer = self._http.get(f"emulator/v1/projects/{PROJECT}:ruleCoverage", timeout=30)
        return list(answer.raise_for_status().json()["report"])

    def _call(self, method: str, path: str, token: str | None, body: Any = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self._http.request(method, path, headers=headers, json=body)


def _document(fields: dict[str, str]) -> dict[str, Any]:
    return {"fields": {name: {"stringValue": value} for name, value in fields.items()}}


@pytest.fixture(scope="module")
def firestore(firestore_emulator: str) -> Firestore:
    return Firestore(firestore_emulator)


def test_a_user_without_a_tenant_can_get_an_own_request(firestore: Firestore) -> None:
    assert firestore.get(ALICE, firestore.create_request("u:alice")).status_code == 200


@pytest.mark.parametrize("token", [CLINIC_MEMBER, CLINIC_COLLEAGUE], ids=["one member", "another member"])
def test_members_of_a_tenant_can_get_its_requests(firestore: Firestore, token: str) -> None:
    assert firestore.get(token, firestore.create_request("t:clinic")).status_code == 200


def test_a_tenant_claim_that_is_null_counts_as_absent(firestore: Firestore) -> None:
    token = unsigned_token("alice", claims={"tenant": None})

    assert firestore.get(token, firestore.create_request("u:alice")).status_code == 200
    assert firestore.get(token, firestore.create_request("t:null")).status_code == 403
    assert firestore.query(token, tenant="u:alice", limit=10).status_code == 200


def test_no_caller_can_get_or_list_recurring_requests(firestore: Firestore) -> None:
    token = unsigned_token("mallory", tenant="system")

    assert firestore.get(token, firestore.create_request("t:system")).status_code == 403
    assert firestore.query(token, tenant="t:system", limit=10).status_code == 403


def test_a_user_without_a_tenant_can_list_own_requests(firestore: Firestore) -> None:
    user = uuid4().hex
    own = firestore.create_request(f"u:{user}")

    answer = firestore.query(unsigned_token(user), tenant=f"u:{user}", limit=50)

    assert [found["document"]["name"] for found in answer.raise_for_status().json()] == [own]


def test_members_of_a_tenant_can_list_its_requests(firestore: Firestore) -> None:
    tenant = uuid4().hex
    own = firestore.create_request(f"t:{tenant}")

    answer = firestore.query(unsigned_token("bob", tenant=tenant), tenant=f"t:{tenant}", limit=50)

    assert [found["document"]["name"] for found in answer.raise_for_status().json()] == [own]


@pytest.mark.parametrize("other", NOT_ALICE)
def test_others_can_neither_get_nor_list_the_requests_of_a_user(firestore: Firestore, other: str) -> None:
    path, token = firestore.create_request("u:alice"), NOT_ALICE[other]

    assert firestore.get(token, path).status_code == 403
    assert firestore.query(token, tenant="u:alice", limit=10).status_code == 403


@pytest.mark.parametrize("other", NOT_CLINIC)
def test_others_can_neither_get_nor_list_the_requests_of_a_tenant(firestore: Firestore, other: str) -> None:
    path, token = firestore.create_request("t:clinic"), NOT_CLINIC[other]

    assert firestore.get(token, path).status_code == 403
    assert firestore.query(token, tenant="t:clinic", limit=10).status_code == 403


@pytest.mark.parametrize("limit", [None, 51], ids=["no limit", "51"])
def test_a_list_of_more_than_50_is_refused(firestore: Firestore, limit: int | None) -> None:
    assert firestore.query(ALICE, tenant="u:alice", limit=limit).status_code == 403


def test_a_list_without_a_filter_is_refused(firestore: Firestore) -> None:
    firestore.create_request("u:alice")

    assert firestore.query(ALICE, tenant=None, limit=1).status_code == 403


@pytest.mark.parametrize("token", [None, ALICE, CLINIC_MEMBER], ids=["no token", "a user", "a member"])
def test_no_user_can_get_a_request_without_a_tenant(firestore: Firestore, token: str | None) -> None:
    assert firestore.get(token, firestore.create_request(tenant=None)).status_code == 403


def test_a_missing_request_is_refused_like_one_of_another_tenant(firestore: Firestore) -> None:
    assert firestore.get(ALICE, f"{DOCUMENTS.removeprefix('v1/')}/requests/{uuid4().hex}").status_code == 403


@pytest.mark.parametrize("token", [None, ALICE, CLINIC_MEMBER], ids=["no token", "a user", "a member"])
@pytest.mark.parametrize("tenant", ["u:alice", "t:clinic"])
def test_no_user_can_write(firestore: Firestore, token: str | None, tenant: str) -> None:
    path, fields = firestore.create_request(tenant), {"tenant": tenant, "status": "completed"}

    assert firestore.create(token, fields).status_code == 403
    assert firestore.update(token, path, fields).status_code == 403
    assert firestore.delete(token, path).status_code == 403
    assert firestore.get(ADMIN, path).json()["fields"]["status"] == {"stringValue": "queued"}


def test_no_user_can_read_or_write_other_collections(firestore: Firestore) -> None:
    path = firestore.create(ADMIN, {"tenant": "u:alice"}, folder="others").json()["name"]

    assert firestore.get(ALICE, path).status_code == 403
    assert firestore.create(ALICE, {"tenant": "u:alice"}, folder="others").status_code == 403


def test_each_allow_condition_has_been_both_true_and_false(firestore: Firestore) -> None:
    path, other = firestore.create_request("u:alice"), unsigned_token("bob")
    for token in (ALICE, other):
        firestore.get(token, path)
        firestore.query(token, tenant="u:alice", limit=10)

    rules = RULES.read_text()
    conditions = {found.start(1): found[0] for found in re.finditer(r"allow \w+: if (.+?);", rules)}
    seen = {
        conditions[node["sourcePosition"]["currentOffset"]]: {
            value["value"]["boolValue"] for value in node["values"] if "boolValue" in value["value"]
        }
        for node in firestore.coverage()
        if node["sourcePosition"]["currentOffset"] in conditions
    }
    assert len(conditions) == rules.count("allow ")
    assert seen == {text: {True, False} for text in conditions.values()}
