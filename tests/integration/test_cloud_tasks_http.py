"""What arrives at a real HTTP target when the official client creates tasks. Time is virtual; the requests are not."""

from collections.abc import Iterator
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from google.api_core.exceptions import NotFound
from google.auth import jwt

from local.cloud_tasks import CloudTasks, VirtualClock
from tests.integration.cloud_tasks_target import LOCATION, QUEUE, Client, Request, Target, http_target


@pytest.fixture
def target() -> Iterator[Target]:
    with http_target() as serving:
        yield serving


@pytest.fixture
def tasks() -> Iterator[CloudTasks]:
    with CloudTasks(clock=VirtualClock(), patience=timedelta(seconds=0.3)) as serving:
        yield serving


@pytest.fixture
def client(tasks: CloudTasks) -> Client:
    client: Client = tasks.client()
    client.create_queue(parent=LOCATION, queue={"name": QUEUE})
    return client


def _create(client: Client, url: str, **http: Any) -> Any:
    return client.create_task(parent=QUEUE, task={"http_request": {"url": url} | http})


def test_a_task_arrives_once_as_it_was_created_and_is_gone(
    tasks: CloudTasks, client: Client, target: Target
) -> None:  # case 1
    created = _create(client, f"{target.url}/a%2Fb/%41?x=%20&y=%7E", http_method="PUT", body=b"\x00\xff\r\n")

    sent = tasks.run_until_idle()

    assert sent == 1
    (request,) = target.requests
    assert (request.method, request.path, request.body) == ("PUT", "/a%2Fb/%41?x=%20&y=%7E", b"\x00\xff\r\n")
    with pytest.raises(NotFound, match="The task no longer exists, though a task with this name existed"):
        client.get_task(name=created.name)
    assert list(client.list_tasks(parent=QUEUE)) == []


def test_exactly_the_documented_headers_are_sent(tasks: CloudTasks, client: Client, target: Target) -> None:
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


def test_the_recorded_sequence_of_retry_headers_arrives(
    tasks: CloudTasks, client: Client, target: Target
) -> None:  # cases 2 and 3
    statuses = iter([503, 404, 429, 500, 302, 200])
    target.answer = lambda _: next(statuses)
    _create(client, target.url)

    tasks.run_until_idle()

    names = ("RetryCount", "ExecutionCount", "PreviousResponse", "RetryReason")
    shown = [tuple(request.header(f"X-CloudTasks-Task{name}") for name in names) for request in target.requests]
    assert shown == [
        ("0", "0", None, None),
        ("1", "0", "503", ""),
        ("2", "1", "404", ""),
        ("3", "2", "429", ""),
        ("4", "2", "500", ""),
        ("5", "3", "302", ""),
    ]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "GET"])
def test_each_method_arrives(tasks: CloudTasks, client: Client, target: Target, method: str) -> None:  # case 28
    _create(client, target.url, http_method=method)

    tasks.run_until_idle()

    assert [request.method for request in target.requests] == [method]


def test_a_content_type_arrives_only_if_it_was_given_and_in_its_casing(
    tasks: CloudTasks, client: Client, target: Target
) -> None:  # case 29
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


def test_other_headers_arrive_unchanged(tasks: CloudTasks, client: Client, target: Target) -> None:  # case 30
    given = {"X-Goog-Foo": "1", "Trailer": "t", "x-Own": "a b", "Accept": "x/y"}
    dropped = {"Via": "1", "X-Google-Foo": "1", "X-AppEngine-Foo": "1", "Host": "h", "Content-Length": "9"}
    created = _create(client, target.url, headers=given | dropped | {"X-CloudTasks-TaskName": "forged"})

    tasks.run_until_idle()

    (request,) = target.requests
    assert {name: request.header(name) for name in given} == given
    assert [request.header(name) for name in ("Via", "X-Google-Foo", "X-AppEngine-Foo")] == [None] * 3
    assert request.header("Host") == target.url.removeprefix("http://")
    assert request.header("X-CloudTasks-TaskName") == created.name.rpartition("/")[2]


@pytest.mark.parametrize("status", [200, 204, 299])
def test_a_2xx_ends_the_task(tasks: CloudTasks, client: Client, target: Target, status: int) -> None:  # case 41
    target.answer = lambda _: status
    _create(client, target.url)

    assert tasks.run_until_idle() == 1


@pytest.mark.parametrize("status", [300, 301, 304, 400, 404, 599])
def test_any_other_status_is_retried(tasks: CloudTasks, client: Client, target: Target, status: int) -> None:  # case 41
    target.answer = lambda _: status
    created = _create(client, target.url)

    tasks.advance()

    message = client.get_task(name=created.name).last_attempt.response_status.message
    assert message.endswith(f"HTTP status code {status}")


def test_a_redirect_is_followed_within_the_attempt(
    tasks: CloudTasks, client: Client, target: Target
) -> None:  # case 47
    target.answer = lambda request: (302, {"Location": "/there"}) if request.method == "POST" else 200
    _create(client, f"{target.url}/here", body=b"x")

    sent = tasks.run_until_idle()

    assert sent == 1
    assert [(request.method, request.path) for request in target.requests] == [("POST", "/here"), ("GET", "/there")]


def test_a_ring_of_redirects_is_a_failure_of_one_attempt(tasks: CloudTasks, client: Client, target: Target) -> None:
    target.answer = lambda _: (307, {"Location": "/again"})
    created = _create(client, target.url)

    sent = tasks.advance()

    task = client.get_task(name=created.name)
    assert (sent, task.dispatch_count) == (1, 1)
    assert task.last_attempt.response_status.message == "UNKNOWN(2): HTTP status code 307"


def test_a_target_that_hangs_counts_as_timed_out_at_the_deadline(
    tasks: CloudTasks, client: Client, target: Target
) -> None:  # case 19
    released = Event()
    target.answer = lambda _: 200 if len(target.requests) > 1 else (released.wait(5), 200)[1]
    task = {"http_request": {"url": target.url}, "dispatch_deadline": timedelta(seconds=15)}
    created = client.create_task(parent=QUEUE, task=task)

    tasks.advance(timedelta(seconds=15))
    last = client.get_task(name=created.name).last_attempt
    tasks.run_until_idle()
    released.set()

    assert last.response_status.message == "DEADLINE_EXCEEDED(4): HTTP status code 504"
    assert last.response_time - last.dispatch_time == timedelta(seconds=15)
    assert target.requests[1].header("X-CloudTasks-TaskPreviousResponse") == "504"
    assert target.requests[1].header("X-CloudTasks-TaskExecutionCount") == "0"


def test_a_url_with_a_malformed_escape_is_never_sent(
    tasks: CloudTasks, client: Client, target: Target
) -> None:  # case 21
    created = _create(client, f"{target.url}/%zz")

    tasks.advance()

    assert target.requests == []
    message = client.get_task(name=created.name).last_attempt.response_status.message
    assert message == "UNKNOWN(2): HTTP status code 0"


def test_what_may_not_stand_in_a_url_is_escaped(tasks: CloudTasks, client: Client, target: Target) -> None:
    _create(client, f"{target.url}/a b/ü")

    tasks.run_until_idle()

    assert [request.path for request in target.requests] == ["/a%20b/%C3%BC"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://nowhere.invalid/"])
def test_what_cannot_be_reached_is_retried(tasks: CloudTasks, client: Client, url: str) -> None:  # case 20
    created = _create(client, url)

    tasks.advance(timedelta(milliseconds=150))

    task = client.get_task(name=created.name)
    assert (task.dispatch_count, task.response_count) == (2, 0)
    assert task.last_attempt.response_status.message == "UNKNOWN(2): HTTP status code 0"


def test_900_kilobytes_arrive_intact(tasks: CloudTasks, client: Client, target: Target) -> None:  # case 37
    body = bytes(range(256)) * 3600
    _create(client, target.url, body=body)

    tasks.run_until_idle()

    assert target.requests[0].body == body


def test_a_queue_sends_its_tasks_to_its_own_target_with_a_verifiable_token(
    tasks: CloudTasks, client: Client, target: Target
) -> None:  # cases 31, 42 and 55
    client.pause_queue(name=QUEUE)
    _create(client, "https://process.invalid/", body=b"queued")
    host, _, port = target.url.removeprefix("http://").partition(":")
    override = {
        "uri_override": {"scheme": "HTTP", "host": host, "port": int(port)},
        "oidc_token": {"service_account_email": "worker@p.iam.gserviceaccount.com", "audience": "https://process"},
    }

    client.update_queue(queue={"name": QUEUE, "http_target": override}, update_mask={"paths": ["http_target"]})
    created = _create(client, "https://process.invalid/", body=b"new")
    client.resume_queue(name=QUEUE)
    tasks.run_until_idle()

    assert sorted(request.body for request in target.requests) == [b"new", b"queued"]
    assert created.http_request.oidc_token.audience == "https://process"
    claims = [_claims(tasks, request) for request in target.requests]
    issued = int(tasks.now.timestamp())
    account = claims[0]["sub"]
    expected = {
        "iss": "https://accounts.google.com",
        "aud": "https://process",
        "azp": account,
        "sub": account,
        "email": "worker@p.iam.gserviceaccount.com",
        "email_verified": True,
        "iat": issued,
        "exp": issued + 3600,
    }
    assert claims == [expected, expected]
    assert account.isdigit()


def _claims(tasks: CloudTasks, request: Request) -> dict[str, Any]:
    token = (request.header("Authorization") or "").removeprefix("Bearer ")
    header = jwt.decode_header(token)
    assert (header["alg"], header["typ"]) == ("RS256", "JWT")
    return dict(jwt.decode(token, certs=tasks.tokens.public_key))


def test_get_over_a_body_makes_no_request(tasks: CloudTasks, client: Client, target: Target) -> None:  # case 55
    client.update_queue(queue={"name": QUEUE, "http_target": {"http_method": "GET"}})
    created = _create(client, target.url, body=b"x")

    tasks.advance()

    assert target.requests == []
    message = client.get_task(name=created.name).last_attempt.response_status.message
    assert message == "UNKNOWN(2): HTTP status code 0"
