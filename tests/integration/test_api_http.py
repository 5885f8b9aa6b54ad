"""What HTTP requires of every path: HEAD, OPTIONS, CORS; and the operations that describe the API."""

import pytest

from tests.integration.running import PAGE, Caller, Service

REQUEST = {"type": "diagnostic", "input": {}}


def test_head_is_answered_like_get_without_a_body(caller: Caller) -> None:
    head, get = caller.call("HEAD", "/types"), caller.get("/types")

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Type"] == get.headers["Content-Type"]
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


def test_options_is_answered_with_the_methods_of_the_path(caller: Caller) -> None:
    answer = caller.call("OPTIONS", "/requests")

    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


def test_the_page_may_read_an_answer(caller: Caller) -> None:
    answer = caller.post("/requests", REQUEST, Origin=PAGE)

    assert answer.status_code == 202
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE


@pytest.mark.parametrize("path", ["/requests?limit=0", "/nothing", f"/requests/{'0' * 32}"])
def test_the_page_may_read_an_error(caller: Caller, path: str) -> None:
    answer = caller.call("GET", path, headers={"Origin": PAGE})

    assert answer.is_client_error
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE


def test_the_page_may_read_that_its_token_is_refused(caller: Caller) -> None:
    answer = caller.call("GET", "/requests", headers={"Origin": PAGE, "Authorization": "Bearer expired"})

    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (401, PAGE)


def test_another_page_may_not_read_an_answer(caller: Caller) -> None:
    answer = caller.call("GET", "/requests", headers={"Origin": "http://evil.example"})

    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("path", ["/requests", "/requests:batch", f"/requests/{'0' * 32}:cancel", "/requests/mistyped"])
def test_a_preflight_of_the_page_succeeds_on_every_path(caller: Caller, path: str) -> None:
    preflight = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}

    answer = caller.http.request("OPTIONS", path, headers=preflight)

    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]


def test_the_offered_types_have_a_description_and_an_input_schema(service: Service) -> None:
    types = {each["name"]: each for each in service.http.get("/types").json()["types"]}

    assert set(types) == {"diagnostic", "medical_asset"}
    assert all(each["description"] for each in types.values())
    assert types["diagnostic"]["input"]["properties"]["steps"]["maximum"] == 100


def test_the_openapi_document_offers_the_same_types(service: Service) -> None:
    document = service.http.get("/openapi.json").json()

    mapping = document["components"]["schemas"]["Submission"]["discriminator"]["mapping"]
    assert set(mapping) == {each["name"] for each in service.http.get("/types").json()["types"]}


def test_the_api_reports_its_health(service: Service) -> None:
    assert service.http.get("/health").json() == {"status": "ok"}
