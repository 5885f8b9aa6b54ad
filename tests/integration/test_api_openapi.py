"""The OpenAPI document, the types, and whether they are true."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # comes with openapi-spec-validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from common.catalog import load_catalog
from common.queues import load_policies
from functions.http.bodies import bodies_for
from functions.http.openapi import openapi_document
from functions.http.operations import OPERATIONS, Operation, routes
from tests.integration.running import Caller, Service

POLICIES = load_policies()
OFFERS: dict[str, set[str]] = {
    "as deployed": set(),
    "as in the local stack": {"diagnostic"},
}


@pytest.fixture(scope="module")
def document(service: Service) -> dict[str, Any]:
    return dict(service.http.get("/openapi.json").json())


@pytest.mark.parametrize("offer", OFFERS)
def test_the_document_is_openapi_3_1(offer: str) -> None:
    document = openapi_document(bodies_for(load_catalog(POLICIES, OFFERS[offer])))

    assert document["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(dict(document)).validate()


def test_the_documented_operations_are_those_that_are_served(document: dict[str, Any]) -> None:
    served = {(operation.path, operation.method.lower()) for operation in OPERATIONS}

    assert served == {(path, method) for path, item in document["paths"].items() for method in item}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_an_operation_is_routed_by_its_documented_path(operation: Operation) -> None:
    path = operation.path.format(id="0" * 32, name="social.png")

    endpoint, parameters = routes().bind("").match(path, operation.method)

    assert endpoint == operation
    assert set(parameters) == {each.name for each in operation.parameters if each.place == "path"}


def test_the_names_of_operations_are_unique(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]

    assert len(names) == len(set(names)) == 10


def test_only_what_is_the_same_for_all_is_documented_as_open(document: dict[str, Any]) -> None:
    open_paths = {
        path
        for path, item in document["paths"].items()
        for operation in item.values()
        if operation.get("security") == []
    }

    assert open_paths == {"/types", "/openapi.json", "/health"}


def test_the_types_on_offer_are_those_that_may_be_asked(document: dict[str, Any], caller: Caller) -> None:
    offered = [each["name"] for each in caller.get("/types").json()["types"]]

    assert offered == ["diagnostic", "medical_asset"]
    assert set(document["components"]["schemas"]["Ask"]["discriminator"]["mapping"]) == set(offered)


def test_each_type_tells_what_it_takes_as_json_schema(caller: Caller) -> None:
    for each in caller.get("/types").json()["types"]:
        Draft202012Validator.check_schema(each["input"])
        assert each["description"]
        assert each["input"]["additionalProperties"] is False


def test_the_schema_of_a_type_knows_good_input_from_bad(caller: Caller) -> None:
    [schema] = [each["input"] for each in caller.get("/types").json()["types"] if each["name"] == "diagnostic"]
    validator = Draft202012Validator(schema)

    assert validator.is_valid({"steps": 3})
    assert not validator.is_valid({"steps": 0})


def test_it_is_up(service: Service) -> None:
    assert service.http.get("/health").json() == {"status": "ok"}
