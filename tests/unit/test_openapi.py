"""The OpenAPI document and the schemas of the types of work."""

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # comes with openapi-spec-validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from common.catalog import load_catalog
from common.queues import load_policies
from functions.http.bodies import bodies_for
from functions.http.openapi import openapi_document
from functions.http.operations import OPERATIONS

POLICIES = load_policies()


@pytest.mark.parametrize("enabled", [[], ["diagnostic"]], ids=["as deployed", "as in the local stack"])
def test_the_document_is_valid_openapi_3_1(enabled: list[str]) -> None:
    document = openapi_document(bodies_for(load_catalog(POLICIES, enabled)))

    assert document["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(dict(document)).validate()


def test_the_document_describes_every_operation() -> None:
    document = openapi_document(bodies_for(load_catalog(POLICIES)))

    described = {
        (path, method.upper(), operation["operationId"])
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }
    assert described == {(each.path, each.method, each.id) for each in OPERATIONS}


def test_operation_ids_are_unique() -> None:
    assert len({operation.id for operation in OPERATIONS}) == len(OPERATIONS) == 10


def test_only_operations_without_data_of_callers_are_public() -> None:
    assert {each.path for each in OPERATIONS if each.public} == {"/types", "/openapi.json", "/health"}


def test_the_body_of_a_submission_may_be_of_each_offered_type() -> None:
    catalog = load_catalog(POLICIES, ["diagnostic"])

    document = openapi_document(bodies_for(catalog))

    assert set(document["components"]["schemas"]["Submission"]["discriminator"]["mapping"]) == set(catalog)


def test_the_input_schema_of_a_type_accepts_what_its_model_accepts() -> None:
    validator = Draft202012Validator(load_catalog(POLICIES, ["diagnostic"])["diagnostic"].input.model_json_schema())

    assert validator.is_valid({"steps": 3})
    assert not validator.is_valid({"steps": 0})
    assert not validator.is_valid({"unknown": 1})
