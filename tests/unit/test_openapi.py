"""The OpenAPI document describes the operations and the types of work."""

from common.catalog import load_catalog
from common.queues import load_policies
from functions.http.bodies import bodies_for
from functions.http.openapi import openapi_document
from functions.http.operations import OPERATIONS

POLICIES = load_policies()


def test_the_document_describes_every_operation() -> None:
    document = openapi_document(bodies_for(load_catalog(POLICIES)))

    described = {
        (path, method.upper(), operation["operationId"])
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }
    assert described == {(each.path, each.method, each.id) for each in OPERATIONS}


def test_operation_ids_are_unique() -> None:
    assert len({operation.id for operation in OPERATIONS}) == len(OPERATIONS) == 13


def test_only_operations_without_data_of_callers_are_public() -> None:
    assert {each.path for each in OPERATIONS if each.is_public} == {"/types", "/openapi.json", "/health"}


def test_the_body_of_a_submission_may_be_of_each_offered_type() -> None:
    catalog = load_catalog(POLICIES, ["diagnostic"])

    document = openapi_document(bodies_for(catalog))

    assert set(document["components"]["schemas"]["Submission"]["discriminator"]["mapping"]) == set(catalog)
