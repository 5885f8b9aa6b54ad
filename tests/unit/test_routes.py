"""Routing by the table of operations."""

import pytest
from werkzeug.exceptions import MethodNotAllowed, NotFound

from functions.http.operations import OPERATIONS, Operation
from functions.http.routing import routes

ID = "0" * 32
ROUTES = routes().bind("")


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_an_operation_is_found_by_its_path_and_method(operation: Operation) -> None:
    path = operation.path.format(id=ID, name="social.png")

    found, parameters = ROUTES.match(path, operation.method)

    assert found == operation
    assert set(parameters) == {each.name for each in operation.parameters if each.place == "path"}


MALFORMED_IDS = [
    "x",
    "0" * 31,
    "0" * 33,
    "A" * 32,
    "é" * 32,
    "٣" * 32,
    f"{ID}\n",
    "__all__",
    "..",
    "\0",
    "a/b",
    "'; DROP TABLE requests; --",
]


@pytest.mark.parametrize("operation", [each for each in OPERATIONS if "{id}" in each.path], ids=lambda each: each.id)
@pytest.mark.parametrize("malformed", MALFORMED_IDS)
def test_a_malformed_id_is_not_found(malformed: str, operation: Operation) -> None:
    with pytest.raises(NotFound):
        ROUTES.match(operation.path.format(id=malformed, name="social.png"), operation.method)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/requests", {"GET", "HEAD", "POST"}),
        ("PUT", "/requests", {"GET", "HEAD", "POST"}),
        ("GET", "/requests:batch", {"POST"}),
        ("PUT", f"/requests/{ID}", {"DELETE", "GET", "HEAD"}),
        ("POST", f"/requests/{ID}", {"DELETE", "GET", "HEAD"}),
        ("GET", f"/requests/{ID}:cancel", {"POST"}),
        ("POST", "/health", {"GET", "HEAD"}),
        ("TRACE", "/types", {"GET", "HEAD"}),
        ("BREW", "/types", {"GET", "HEAD"}),
    ],
)
def test_another_method_is_not_allowed(method: str, path: str, allowed: set[str]) -> None:
    with pytest.raises(MethodNotAllowed) as refusal:
        ROUTES.match(path, method)

    assert set(refusal.value.valid_methods or ()) == allowed


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/nothing",
        "/requests/",
        f"/requests/{ID}/",
        f"/requests/{ID}/assets",
        f"/requests/{ID}/assets/a.png/",
        f"/requests/{ID}:delete",
        "/Requests",
        "/types/x",
    ],
)
def test_another_path_is_not_found(path: str) -> None:
    with pytest.raises(NotFound):
        ROUTES.match(path, "GET")
