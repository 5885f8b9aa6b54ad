"""The requests that arrive at a real HTTP target. Time is virtual; the requests are real."""

from collections.abc import Iterator
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from google.auth import jwt

from local.cloud_tasks import CloudTasks, VirtualClock
from tests.integration.cloud_tasks_target import LOCATION, QUEUE, Client, Request, Target, http_target


@pytest.fixture
def target() -> Iterator[Target]:
    with http_target() as serving:
        yield serving


@pytest.fixture
def tasks() -> Iterator[CloudTasks]:
    with CloudTasks(clock=VirtualClock(), max_wait=timedelta(seconds=0.3)) as serving:
        yield serving


@pytest.fixture
def client(tasks: CloudTasks) -> Client:
    client: Client = tasks.client()
    client.create_queue(parent=LOCATION, queue={"name": QUEUE})
    return client


def _create(client: Client, url: str, **http: Any) -> Any:
    return client.create_task(parent=QUEUE, task={"http_request": {"url": url} | http})


def _last_status(client: Client, task: Any) -> str:
    message: str = client.get_task(name=task.name).last_attempt.response_status.message
    return message


def test_a_task_arrives_once_as_it_was_created(tasks: CloudTasks, client: Client, target: Target) -> None:
    _create(client, f"{target.url}/a%2Fb/%41?x=%20&y=%7E", http_method="PUT", body=b"\x00\xff\r\n")

    sent = tasks.run_until_idle()

    assert (sent, tasks.pending()) == (1, [])
    (request,) = target.requests
    assert (request.method, request.path, request.body) == ("PUT", "/a%2Fb/%41?x=%20&y=%7E", b"\x00\xff\r\n")


def test_exactly_the_documented_headers_arrive(tasks: CloudTasks, client: Client, target: Target) -> None:
    created = _create(client, target.url, body=b"abc")

    tasks.run_until_idle()

    (request,) = target.requests
    assert sorted(request.headers) == [
        ("Content-Length", "3"),
        ("Host", target.url.removeprefix("http://")),
        ("User-Agent", "Google-Cloud-Tasks"),
        ("X-CloudTasks-QueueName", "q"),
        ("X-CloudTasks-TaskETA", f"{created.schedule_time.timestamp():.0f}"),
        ("X-CloudTasks-TaskExecutionCount", "0"),
        ("X-CloudTasks-TaskName", created.name.rpartition("/")[2]),
        ("X-CloudTasks-TaskRetryCount", "0"),
    ]


def test_a_retry_arrives_with_an_empty_reason(tasks: CloudTasks, client: Client, target: Target) -> None:
    statuses = iter([503, 200])
    target.respond = lambda _: next(statuses)
    _create(client, target.url)

    tasks.run_until_idle()

    assert target.requests[1].header("X-CloudTasks-TaskPreviousResponse") == "503"
    assert target.requests[1].header("X-CloudTasks-TaskRetryReason") == ""


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "GET"])
def test_each_method_arrives(tasks: CloudTasks, client: Client, target: Target, method: str) -> None:
    _create(client, target.url, http_method=method)

    tasks.run_until_idle()

    assert [request.method for request in target.requests] == [method]


def test_a_content_type_arrives_only_if_the_task_has_one_and_in_its_casing(
    tasks: CloudTasks, client: Client, target: Target
) -> None:
    _create(client, f"{target.url}/none", body=b"{}")
    _create(client, f"{target.url}/lower", body=b"{}", headers={"content-type": "application/json"})
    _create(client, f"{target.url}/upper", body=b"{}", headers={"CONTENT-TYPE": "application/json"})

    tasks.run_until_idle()

    arrived = {
        request.path: [h for h in request.headers if h[0].lower() == "content-type"] for request in target.requests
    }
    assert arrived == {
        "/none": [],
        "/lower": [("content-type", "application/json")],
        "/upper": [("CONTENT-TYPE", "application/json")],
    }


def test_other_headers_arrive_unchanged(tasks: CloudTasks, client: Client, target: Target) -> None:
    headers = {"X-Goog-Foo": "1", "Trailer": "t", "x-Own": "a b", "Accept": "x/y"}
    _create(client, target.url, headers=headers)

    tasks.run_until_idle()

    (request,) = target.requests
    assert {name: request.header(name) for name in headers} == headers


@pytest.mark.parametrize("status", [301, 304])
def test_a_redirect_without_a_location_is_a_failure(
    tasks: CloudTasks, client: Client, target: Target, status: int
) -> None:
    target.respond = lambda _: status
    created = _create(client, target.url)

    tasks.advance()

    assert _last_status(client, created) == f"UNKNOWN(2): HTTP status code {status}"


def test_a_redirect_is_followed_within_the_attempt(tasks: CloudTasks, client: Client, target: Target) -> None:
    target.respond = lambda request: (302, {"Location": "/there"}) if request.method == "POST" else 200
    _create(client, f"{target.url}/here", body=b"x")

    sent = tasks.run_until_idle()

    assert sent == 1
    assert [(request.method, request.path) for request in target.requests] == [("POST", "/here"), ("GET", "/there")]


def test_endless_redirects_are_a_failure_of_one_attempt(tasks: CloudTasks, client: Client, target: Target) -> None:
    target.respond = lambda _: (307, {"Location": "/again"})
    created = _create(client, target.url)

    sent = tasks.advance()

    assert sent == 1
    assert _last_status(client, created) == "UNKNOWN(2): HTTP status code 307"


def test_an_attempt_without_a_response_ends_at_its_deadline(tasks: CloudTasks, client: Client, target: Target) -> None:
    released = Event()
    target.respond = lambda _: 200 if released.wait(5) else 500
    task = {"http_request": {"url": target.url}, "dispatch_deadline": timedelta(seconds=15)}
    created = client.create_task(parent=QUEUE, task=task)

    tasks.advance(timedelta(seconds=15))
    last = client.get_task(name=created.name).last_attempt
    released.set()

    assert last.response_status.message == "DEADLINE_EXCEEDED(4): HTTP status code 504"
    assert last.response_time - last.dispatch_time == timedelta(seconds=15)


def test_a_url_with_a_malformed_escape_is_not_sent(tasks: CloudTasks, client: Client, target: Target) -> None:
    created = _create(client, f"{target.url}/%zz")

    tasks.advance()

    assert target.requests == []
    assert _last_status(client, created) == "UNKNOWN(2): HTTP status code 0"


def test_illegal_characters_of_a_url_are_escaped(tasks: CloudTasks, client: Client, target: Target) -> None:
    _create(client, f"{target.url}/a b/ü")

    tasks.run_until_idle()

    assert [request.path for request in target.requests] == ["/a%20b/%C3%BC"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://nowhere.invalid/"])
def test_an_unreachable_target_is_retried(tasks: CloudTasks, client: Client, url: str) -> None:
    created = _create(client, url)

    tasks.advance(timedelta(milliseconds=150))

    task = client.get_task(name=created.name)
    assert (task.dispatch_count, task.response_count) == (2, 0)
    assert task.last_attempt.response_status.message == "UNKNOWN(2): HTTP status code 0"


def test_a_body_of_900_kilobytes_arrives_intact(tasks: CloudTasks, client: Client, target: Target) -> None:
    body = bytes(range(256)) * 3600
    _create(client, target.url, body=body)

    tasks.run_until_idle()

    assert target.requests[0].body == body


def test_a_request_carries_a_verifiable_token_with_the_claims_of_the_real_service(
    tasks: CloudTasks, client: Client, target: Target
) -> None:
    token = {"service_account_email": "worker@p.iam.gserviceaccount.com", "audience": "https://process"}
    _create(client, target.url, oidc_token=token)

    tasks.run_until_idle()

    claims = _verified_claims(tasks, target.requests[0])
    issued = int(tasks.now.timestamp())
    assert claims == {
        "iss": "https://accounts.google.com",
        "aud": "https://process",
        "azp": claims["sub"],
        "sub": claims["sub"],
        "email": "worker@p.iam.gserviceaccount.com",
        "email_verified": True,
        "iat": issued,
        "exp": issued + 3600,
    }
    assert claims["sub"].isdigit()


def _verified_claims(tasks: CloudTasks, request: Request) -> dict[str, Any]:
    token = (request.header("Authorization") or "").removeprefix("Bearer ")
    header = jwt.decode_header(token)
    assert (header["alg"], header["typ"]) == ("RS256", "JWT")
    return dict(jwt.decode(token, certs=tasks.tokens.public_key))


def test_an_attempt_without_a_request_fails(tasks: CloudTasks, client: Client, target: Target) -> None:
    client.update_queue(queue={"name": QUEUE, "http_target": {"http_method": "GET"}})
    created = _create(client, target.url, body=b"x")

    tasks.advance()

    assert target.requests == []
    assert _last_status(client, created) == "UNKNOWN(2): HTTP status code 0"
