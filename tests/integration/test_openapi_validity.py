"""The OpenAPI document and the schemas of the types of work are valid for the tools that read them."""

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # comes with openapi-spec-validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from common.catalog import load_catalog
from common.queues import load_policies
from functions.http.bodies import bodies_for
from functions.http.openapi import openapi_document

POLICIES = load_policies()


@pytest.mark.parametrize("enabled", [[], ["diagnostic"]], ids=["as deployed", "as in the local stack"])
def test_the_document_is_valid_openapi_3_1(enabled: list[str]) -> None:
    document = openapi_document(bodies_for(load_catalog(POLICIES, enabled)))

    assert document["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(dict(document)).validate()


def test_the_input_schema_of_a_type_accepts_what_its_model_accepts() -> None:
    validator = Draft202012Validator(load_catalog(POLICIES, ["diagnostic"])["diagnostic"].input.model_json_schema())

    assert validator.is_valid({"steps": 3})
    assert not validator.is_valid({"steps": 0})
    assert not validator.is_valid({"unknown": 1})
