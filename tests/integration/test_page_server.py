"""The local server of the page: its files, headers and policy."""

from collections.abc import Iterator

import httpx
import pytest

from local.stack.addresses import Addresses
from local.stack.parts import page_part
from local.stack.ports import free_port
from local.stack.supervisor import Supervisor

ADDRESSES = Addresses(
    api="http://127.0.0.1:1",
    process="http://127.0.0.1:2",
    sweep="http://127.0.0.1:3",
    assets="http://127.0.0.1:4",
    firestore="127.0.0.1:5",
    cloud_tasks="127.0.0.1:6",
    page=None,
    project="demo-local",
)
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
    "img-src 'self' blob: data: http://127.0.0.1:4; "
    "connect-src 'self' http://127.0.0.1:1 http://127.0.0.1:5 http://127.0.0.1:4; "
    "frame-src 'none'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    outside = tmp_path_factory.mktemp("page")
    folder = outside / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html>")
    (folder / "assets" / "index-B2xq.js").write_text("export {}")
    (folder / "assets" / "index-C3yr.css").write_text("p {}")
    (folder / ".built-from").write_text("a hash")
    (outside / "secret.txt").write_text("a secret")
    port = free_port()
    with Supervisor(outside / "logs") as supervisor:
        supervisor.start([page_part(port, folder=folder, addresses=ADDRESSES, database="d")])
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            yield client


@pytest.mark.parametrize(
    ("path", "content_type", "caching"),
    [
        ("/", "text/html; charset=utf-8", "no-cache"),
        ("/index.html", "text/html; charset=utf-8", "no-cache"),
        ("/config.json", "application/json; charset=utf-8", "no-cache"),
        ("/assets/index-B2xq.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
        ("/assets/index-C3yr.css", "text/css; charset=utf-8", "public, max-age=31536000, immutable"),
    ],
)
def test_each_file_has_its_type_and_only_hashed_files_are_cached(
    page: httpx.Client, path: str, content_type: str, caching: str
) -> None:
    answer = page.get(path)

    assert (answer.status_code, answer.headers["Content-Type"], answer.headers["Cache-Control"]) == (
        200,
        content_type,
        caching,
    )


@pytest.mark.parametrize("path", ["/", "/config.json", "/assets/index-B2xq.js", "/nothing"])
def test_every_answer_has_the_security_headers(page: httpx.Client, path: str) -> None:
    headers = page.get(path).headers

    assert headers["Content-Security-Policy"] == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"


@pytest.mark.parametrize(
    "path", ["/nothing", "/.built-from", "/assets", "/%2e%2e/secret.txt", "/assets/../../secret.txt"]
)
def test_only_the_built_files_are_served(page: httpx.Client, path: str) -> None:
    assert page.get(path).status_code == 404


def test_the_config_names_the_parts_of_the_stack_and_its_database(page: httpx.Client) -> None:
    assert page.get("/config.json").json() == {
        "api": "http://127.0.0.1:1",
        "firebase": {"projectId": "demo-local", "apiKey": "local"},
        "database": "d",
        "emulator": {"firestore": "127.0.0.1:5"},
        "users": ["ann", "ben", "cleo"],
    }


def test_another_host_is_refused(page: httpx.Client) -> None:
    answers = [page.get("/config.json", headers={"Host": host}) for host in ("evil.example", "localhost:1", "[::1]")]

    assert [answer.status_code for answer in answers] == [421, 200, 200]
