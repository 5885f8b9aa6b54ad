"""Messages that are no proper HTTP, or only half of a request, sent to the functions as they are deployed: in gunicorn.

Each is answered as the caller's fault, without an event of level ERROR, and does not block other calls for long.
"""

import contextlib
import json
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from local.emulators.firestore import PROJECT
from local.stack.parts import function_part
from local.stack.ports import free_ports
from local.stack.supervisor import Supervisor
from local.token import unsigned_token
from tests.integration.running import PAGE

THREADS = 8
WITHIN_SECONDS = 2  # of headers and bodies; the functions' own limits would make these tests slow
MAIN = f"""
from datetime import timedelta
from functions import server
server.HEADERS_WITHIN = server.BODY_WITHIN = timedelta(seconds={WITHIN_SECONDS})
from functions.main import api, process, sweep
"""
JSON = b"Content-Type: application/json\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
BODY = b'{"type":"diagnostic","input":{}}'
TOKEN = f"Authorization: Bearer {unsigned_token('ann')}\r\n".encode()
CALLERS = pytest.mark.parametrize("token", [TOKEN, b""], ids=["signed in", "not signed in"])


def rest_of(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65_536), b""))


class Function:
    """A function in a process of its own."""

    def __init__(self, port: int, log: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._port = port
        self._log = log

    def connect(self, message: bytes) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self._port), timeout=60)
        connection.sendall(message)
        return connection

    def send(self, message: bytes, *, then_end: bool = False) -> bytes:
        """Returns all that the function answers until it closes the connection."""
        with self.connect(message) as connection:
            if then_end:
                connection.shutdown(socket.SHUT_WR)
            return rest_of(connection)

    def errors(self) -> list[str]:
        return [line for line in self._log.read_text().splitlines() if '"INFO"' not in line and '"WARNING"' not in line]


@pytest.fixture(scope="module")
def functions(firestore_emulator: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Function]]:
    folder = tmp_path_factory.mktemp("functions")
    (folder / "main.py").write_text(MAIN)
    environment = {
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "FIRESTORE_EMULATOR_HOST": firestore_emulator,
        "CLOUD_TASKS_EMULATOR_HOST": "127.0.0.1:1",
        "ASSETS_FOLDER": str(folder / "assets"),
        "ASSETS_URL": "http://127.0.0.1:1",
        "ASSETS_SIGNING_KEY": "key",
        "CORS_ORIGINS": PAGE,
        "ENABLE_TYPES": "diagnostic",
        "ALLOWED_HOSTS": "",  # as on Cloud Run
    }
    ports = dict(zip(("api", "process", "sweep"), free_ports(3), strict=True))
    with Supervisor(folder / "logs") as supervisor:
        supervisor.start(
            [
                function_part(
                    name, port, source=folder / "main.py", threads=THREADS, run_folder=folder, environment=environment
                )
                for name, port in ports.items()
            ]
        )
        yield {name: Function(port, supervisor.log(name)) for name, port in ports.items()}


@pytest.fixture
def api(functions: Mapping[str, Function]) -> Iterator[Function]:
    """The test fails if it causes an event of level ERROR, or output of a library."""
    function = functions["api"]
    before = function.errors()
    yield function
    assert function.errors() == before


def call(line: bytes, *headers: bytes, body: bytes = b"", host: bytes = b"Host: localhost\r\n") -> bytes:
    return line + b" HTTP/1.1\r\n" + host + b"Connection: close\r\n" + b"".join(headers) + b"\r\n" + body


def submission(*headers: bytes, body: bytes) -> bytes:
    return call(b"POST /requests", JSON, *headers, body=body)


def problem(answer: bytes) -> tuple[int, str]:
    """Returns the status and code of one answer, which is a complete problem document."""
    head, _, body = answer.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    document = json.loads(body)
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert document["status"] == int(head.split()[1])
    return document["status"], document["code"]


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


BROKEN_CHUNKS = {
    "a size that is no number": b"ZZ\r\nabc\r\n0\r\n\r\n",
    "a negative size": b"-5\r\nabcde\r\n0\r\n\r\n",
    "no size": b"\r\nabc",
    "a huge size": b"F" * 40 + b"\r\nabc",
    "a chunk that is cut off": b"20\r\nabc",
    "a chunk that is longer than its size": b"3\r\nabcdef\r\n0\r\n\r\n",
    "no last chunk": chunk(BODY),
    "no line end after the last chunk": chunk(BODY) + b"0\r\n",
    "an invalid trailer": chunk(BODY) + b"0\r\nno trailer\r\n\r\n",
    "an invalid extension": b"3;\x01\r\nabc\r\n0\r\n\r\n",
    "a size without an end": b"0" * 20_000,
}


@CALLERS
@pytest.mark.parametrize("chunks", BROKEN_CHUNKS.values(), ids=BROKEN_CHUNKS)
def test_broken_chunks_are_the_callers_fault(api: Function, token: bytes, chunks: bytes) -> None:
    answer = api.send(submission(token, CHUNKED, body=chunks), then_end=True)

    assert problem(answer) == ((400, "bad_request") if token else (401, "not_signed_in"))


@CALLERS
@pytest.mark.parametrize("line", [b"GET /health", b"GET /requests", b"OPTIONS /requests", b"POST /nothing"])
def test_broken_chunks_that_are_never_read_cause_no_second_answer(api: Function, token: bytes, line: bytes) -> None:
    message = call(line, token, CHUNKED, body=b"ZZ\r\n\r\n").replace(b"Connection: close\r\n", b"")

    assert api.send(message).count(b"HTTP/1.1 ") == 1


INVALID_LENGTHS = {
    "no number": b"Content-Length: abc\r\n",
    "negative": b"Content-Length: -1\r\n",
    "with a sign": b"Content-Length: +32\r\n",
    "empty": b"Content-Length: \r\n",
    "two that differ": b"Content-Length: 32\r\nContent-Length: 31\r\n",
    "beside chunks": CHUNKED + b"Content-Length: 32\r\n",
    "with too many digits": b"Content-Length: " + b"9" * 5_000 + b"\r\n",
}


@CALLERS
@pytest.mark.parametrize("length", INVALID_LENGTHS.values(), ids=INVALID_LENGTHS)
def test_an_invalid_length_is_refused(api: Function, token: bytes, length: bytes) -> None:
    status, _ = problem(api.send(submission(token, length, body=BODY), then_end=True))

    assert status in {400, 413} if token else {400, 401}


def test_a_body_that_is_shorter_than_its_length_is_not_accepted(api: Function) -> None:
    answer = api.send(submission(TOKEN, b"Content-Length: 100\r\n", body=BODY), then_end=True)

    assert problem(answer) == (400, "bad_request")


@pytest.mark.parametrize(
    ("message", "status"),
    [
        (b"GET /health\r\n\r\n", 400),
        (b"get /health HTTP/1.1\r\n\r\n", 400),
        (b"GET /health HTTP/2.0\r\n\r\n", 400),
        (b"GET /a b HTTP/1.1\r\n\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\n\r\n", 400),
        (b"GET * HTTP/1.1\r\n\r\n", 400),
        (b"\x16\x03\x01\x00\r\n\r\n", 400),
        (call(b"GET /health", b"no header\r\n"), 400),
        (call(b"GET /health", b"Host: other\r\n"), 400),
        (call(b"GET /health", host=b"Host: ..\r\n"), 400),
        (call(b"GET /health", b"Upgrade: websocket\r\nConnection: Upgrade\r\n"), 400),
        (call(b"GET /health", b"Expect: 200-ok\r\n"), 417),
        (call(b"GET /health", b"X: " + b"a" * 9_000 + b"\r\n"), 431),
        (call(b"GET /health", b"X: a\r\n" * 200), 431),
        (submission(TOKEN, b"Transfer-Encoding: gzip\r\n", body=BODY), 400),
        (submission(TOKEN, b"Transfer-Encoding: gzip, chunked\r\n", body=b"0\r\n\r\n"), 415),
        (submission(TOKEN, b"Content-Encoding: gzip\r\nContent-Length: 3\r\n", body=b"\x1f\x8b\x08"), 415),
    ],
)
def test_what_is_no_request_is_answered_with_a_problem(api: Function, message: bytes, status: int) -> None:
    assert problem(api.send(message))[0] == status


ODD_PATHS = [
    "/requests%0A",
    "/favicon.ico",
    "/robots.txt",
    "/",
    "//",
    "//nothing",
    "/requests//x",
    "/../requests",
    "/%00",
    "/%FF",
    "/%",
    "/requests;x",
    "/" + "a" * 9_000,
    "http://other.example",
    "http://other.example/nothing",
]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "TRACE", "CONNECT", "BREW"])
@pytest.mark.parametrize("path", ODD_PATHS, ids=range(len(ODD_PATHS)))
def test_an_odd_path_is_answered_with_the_headers_of_every_answer(api: Function, method: str, path: str) -> None:
    answer = api.send(call(f"{method} {path}".encode(), f"Origin: {PAGE}\r\n".encode()))

    head, _, body = answer.partition(b"\r\n\r\n")
    assert int(head.split()[1]) in ({204} if method == "OPTIONS" else {404})
    for header in (b"X-Content-Type-Options: nosniff", b"Access-Control-Allow-Origin: " + PAGE.encode()):
        assert header in head
    if method in {"HEAD", "OPTIONS"}:
        assert body == b""
    else:
        assert problem(answer) == (404, "not_found")


@pytest.mark.parametrize("path", ["/types", "/health", "/openapi.json", "/requests", "/requests:batch", "/nothing"])
def test_head_has_the_status_and_headers_of_get(api: Function, path: str) -> None:
    get, head = httpx.get(f"{api.url}{path}"), httpx.head(f"{api.url}{path}")

    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


@pytest.mark.parametrize("body", [b"", b"{", chunk(b"{")], ids=["no body", "half a body", "half of the chunks"])
def test_a_caller_without_a_token_is_refused_before_its_body_has_arrived(api: Function, body: bytes) -> None:
    framing = CHUNKED if body.startswith(b"1\r\n") else b"Content-Length: 100\r\nExpect: 100-continue\r\n"
    started = time.monotonic()

    with api.connect(submission(framing, body=body)) as connection:
        answer = rest_of(connection)

    assert b"HTTP/1.1 401 UNAUTHORIZED" in answer
    assert time.monotonic() - started < WITHIN_SECONDS


def test_the_answer_to_a_body_that_is_too_large_arrives(api: Function) -> None:
    answers = [
        httpx.post(f"{api.url}/requests", content=b"x" * size, headers={"Content-Type": "application/json", **ANN})
        for size in (300_000, 3_000_000)
    ]

    assert [answer.status_code for answer in answers] == [413, 413]


ANN = {"Authorization": TOKEN.decode().strip().partition(": ")[2]}


@pytest.mark.parametrize(
    "half",
    [b"", b"G", b"POST /requests HTTP/1.1\r\nHost: loc", submission(b"Content-Length: 100\r\n", body=b"{")],
    ids=["nothing", "a letter", "half of the headers", "half of the body"],
)
def test_halves_of_requests_block_others_for_a_limited_time(api: Function, half: bytes) -> None:
    halves = [api.connect(half) for _ in range(3 * THREADS)]

    health = httpx.get(
        f"{api.url}/health", timeout=WITHIN_SECONDS + 8
    )  # a second for each round of threads, and a busy machine

    assert health.status_code == 200
    for connection in halves:
        connection.close()


def test_a_body_that_arrives_byte_by_byte_is_given_up(api: Function) -> None:
    started = time.monotonic()
    with api.connect(submission(TOKEN, b"Content-Length: 100000\r\n", body=b"{")) as slow:
        slow.settimeout(0.2)
        answer = b""
        while not answer and time.monotonic() - started < 10 * WITHIN_SECONDS:
            with contextlib.suppress(TimeoutError):
                slow.sendall(b" ")
                answer = slow.recv(65_536)
        slow.settimeout(60)
        answer += rest_of(slow)

    assert problem(answer) == (400, "bad_request")


ID = "0123456789abcdef" * 2
ODD_BODIES = {
    "nothing": b"",
    "no JSON": b"{",
    "no UTF-8": b"\xff\xfe",
    "NaN": b"NaN",
    "a number": b"1",
    "a list": b"[]",
    "a text": b'"record"',
    "nesting": b"[" * 100_000,
    "an empty object": b"{}",
    "an id that is no id": b'{"id":"../x","generation":0}',
    "an id that is a list": b'{"id":[],"generation":0}',
    "a generation that is no number": b'{"id":"%b","generation":"x"}' % ID.encode(),
    "a generation that is NaN": b'{"id":"%b","generation":NaN}' % ID.encode(),
    "a generation of many digits": b'{"id":"%b","generation":%b}' % (ID.encode(), b"9" * 5_000),
    "a budget that is no number": b'{"id":"%b","generation":0,"time_budget_seconds":"x"}' % ID.encode(),
    "a budget that is a boolean": b'{"id":"%b","generation":0,"time_budget_seconds":true}' % ID.encode(),
    "a record that is a list": b'{"record":[],"u":""}',
    "a record without fields": b'{"record":{},"u":"2026-01-01T00:00:00Z"}',
    "a record of a newer schema": b'{"record":{"schema":99,"id":"x","generation":0},"u":""}',
    "a body that is too large": b" " * 1_100_000,
}


def names_of(body: bytes) -> list[str]:
    """Returns names for a task with this body, among them the one that the body is of."""
    try:
        found = json.loads(body)
        return ["x", f"{found['id']}-g{found['generation']}"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return ["x", f"{ID}-g0"]


@pytest.mark.parametrize("body", ODD_BODIES.values(), ids=ODD_BODIES)
def test_a_delivery_of_another_body_is_answered_200(functions: Mapping[str, Function], body: bytes) -> None:
    names = [name for name in names_of(body) if len(name) < 500]

    answers = [
        httpx.post(functions["process"].url, content=body, headers={"X-CloudTasks-TaskName": name}) for name in names
    ]

    assert [answer.status_code for answer in answers] == [200] * len(names)


@pytest.mark.parametrize("value", [b"", b"x", b"-1", b"nan", b"1e999", b"9" * 5_000, b"\xff", "٣".encode()])
@pytest.mark.parametrize(
    "header", ["TaskRetryCount", "TaskExecutionCount", "TaskETA", "TaskPreviousResponse", "QueueName"]
)
def test_an_odd_header_of_a_delivery_counts_as_absent(
    functions: Mapping[str, Function], header: str, value: bytes
) -> None:
    headers = [(b"X-CloudTasks-TaskName", f"{ID}-g0".encode()), (f"X-CloudTasks-{header}".encode(), value)]
    body = {"id": ID, "generation": 0}

    answer = httpx.post(functions["process"].url, json=body, headers=headers)

    assert (answer.status_code, answer.text) == (200, "missing")


@pytest.mark.parametrize("chunks", BROKEN_CHUNKS.values(), ids=BROKEN_CHUNKS)
def test_a_broken_delivery_keeps_its_task(functions: Mapping[str, Function], chunks: bytes) -> None:
    message = call(b"POST /", b"X-CloudTasks-TaskName: x\r\n", CHUNKED, body=chunks)

    assert functions["process"].send(message, then_end=True).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("body", [each for each in ODD_BODIES.values() if each not in {b"", b"{}"}])
@pytest.mark.parametrize("prefix", [b"%b", b'{"submit":%b}'])
def test_an_odd_call_of_the_sweeper_is_refused(functions: Mapping[str, Function], body: bytes, prefix: bytes) -> None:
    headers = {"X-CloudScheduler-JobName": "x", "X-CloudScheduler-ScheduleTime": "x"}

    answer = httpx.post(functions["sweep"].url, content=prefix % body, headers=headers)

    assert answer.status_code == 422


@pytest.mark.parametrize("chunks", BROKEN_CHUNKS.values(), ids=BROKEN_CHUNKS)
def test_a_broken_call_of_the_sweeper_is_refused(functions: Mapping[str, Function], chunks: bytes) -> None:
    answer = functions["sweep"].send(call(b"POST /", CHUNKED, body=chunks), then_end=True)

    assert answer.startswith(b"HTTP/1.1 422 ")


def test_only_a_post_sweeps(functions: Mapping[str, Function]) -> None:
    assert httpx.get(functions["sweep"].url).status_code == 405
