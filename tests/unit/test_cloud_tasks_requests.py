"""The requests that the local Cloud Tasks sends for what was asked."""

import pytest

from local.cloud_tasks.engine import ApiError, messages
from tests.unit.cloud_tasks_world import START, World, in_turn, seconds, system_headers


def test_the_retry_headers_follow_the_recorded_sequence() -> None:  # case 3
    world = World(in_turn(503, 404, 429, 500, 302, 200))
    world.create_task()

    world.pass_time(seconds(60))

    names = ("RetryCount", "ExecutionCount", "PreviousResponse", "RetryReason")
    assert [tuple(system_headers(attempt, names).values()) for attempt in world.sent] == [
        ("0", "0", None, None),
        ("1", "0", "503", ""),
        ("2", "1", "404", ""),
        ("3", "2", "429", ""),
        ("4", "2", "500", ""),
        ("5", "3", "302", ""),
    ]


def test_a_first_request_carries_exactly_the_documented_headers() -> None:
    world = World()
    world.create_task("t-1", http={"headers": {"content-TYPE": "application/json"}, "body": b"{}"})

    world.pass_time()

    assert world.sent[0].headers == {
        "content-TYPE": "application/json",
        "User-Agent": "Google-Cloud-Tasks",
        "X-CloudTasks-QueueName": "q",
        "X-CloudTasks-TaskName": "t-1",
        "X-CloudTasks-TaskRetryCount": "0",
        "X-CloudTasks-TaskExecutionCount": "0",
        "X-CloudTasks-TaskETA": str(int(START.timestamp())),
    }


@pytest.mark.parametrize(("micros", "fraction"), [(0, ""), (120_000, ".12"), (123_456, ".123456"), (100_000, ".1")])
def test_the_eta_has_no_trailing_zeros(micros: int, fraction: str) -> None:
    world = World()
    world.create_task(schedule_time=START + seconds(10 + micros / 1_000_000))

    world.pass_time(seconds(20))

    eta = f"{int(START.timestamp()) + 10}{fraction}"
    assert world.sent[0].headers["X-CloudTasks-TaskETA"] == eta


def test_reserved_headers_of_a_caller_do_not_survive() -> None:  # case 30
    world = World()
    reserved = [
        *("Host", "Content-Length", "User-Agent", "Via", "Connection", "Keep-Alive", "TE", "Upgrade", "From"),
        *("Proxy-Authorization", "Proxy-Connection", "Transfer-Encoding", "Accept-Encoding"),
        *("X-Forwarded-For", "X-Google", "x-google-foo", "X-AppEngine-Foo"),
    ]
    kept = {"X-Goog-Foo": "1", "Trailer": "2", "X-Forwarded-Proto": "3", "Authorization": "4", "X/S": "5"}

    task = world.create_task("t", http={"headers": dict.fromkeys(reserved, "x") | kept})

    assert dict(task.http_request.headers) == kept | {"User-Agent": "Google-Cloud-Tasks"}


def test_a_caller_cannot_speak_as_cloud_tasks() -> None:  # case 30
    world = World()
    forged = {"x-cloudtasks-taskname": "forged", "X-CloudTasks-TaskPreviousResponse": "500"}

    task = world.create_task("t", http={"headers": forged})
    world.pass_time()

    assert task.http_request.headers["x-cloudtasks-taskname"] == "forged"
    assert "x-cloudtasks-taskname" not in world.sent[0].headers
    assert "X-CloudTasks-TaskPreviousResponse" not in world.sent[0].headers
    assert world.sent[0].headers["X-CloudTasks-TaskName"] == "t"


@pytest.mark.parametrize(
    ("name", "value", "stored"),
    [
        ("X-A", "a\r\nb", "a__b"),
        ("X-A", "a\0b", "a"),
        ("X-A", "a\tb", "a\tb"),
        ("X-A", " ", " "),
        ("X-A", "", None),
        ("X-A", "\x7f", None),
        ("X-A", "\x01", None),
        ("X-A", "é", None),
        ("X:C", "a", None),
        ("X C", "a", None),
        ("X-É", "a", None),
        ("", "a", None),
        ("X", "a" * 8187, "a" * 8187),
        ("X", "a" * 8188, None),
    ],
)
def test_a_header_that_cannot_be_sent_is_mended_or_dropped(
    name: str, value: str, stored: str | None
) -> None:  # case 50
    task = World().create_task(http={"headers": {name: value}})

    assert task.http_request.headers.get(name) == stored


@pytest.mark.parametrize("method", ["POST", "GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_each_method_is_sent_as_it_was_asked_for(method: str) -> None:  # case 28
    world = World()
    world.create_task(http={"http_method": method})

    world.pass_time()

    assert world.sent[0].method == method


@pytest.mark.parametrize("number", [0, 99])
def test_no_method_and_an_unknown_one_are_post(number: int) -> None:  # case 28
    world = World()

    task = world.create_task(http={"http_method": number})
    world.pass_time()

    assert (task.http_request.http_method, world.sent[0].method) == (1, "POST")


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS"])
def test_a_body_needs_post_put_or_patch(method: str) -> None:  # case 28
    with pytest.raises(ApiError, match="Body can only be set if the http_method is POST, PUT, or PATCH"):
        World().create_task(http={"http_method": method, "body": b"x"})


def test_the_views_differ_in_the_body_alone() -> None:  # case 27
    world = World()
    http = {"body": b"content", "headers": {"A": "b"}}

    basic = world.create_task("basic", http=http)
    full = world.create_task("full", http=http, view=messages.FULL)
    unknown = world.create_task("unknown", http=http, view=99)

    bodies = [(task.http_request.body, task.view) for task in (basic, full, unknown)]
    assert bodies == [(b"", messages.BASIC), (b"content", messages.FULL), (b"", 0)]
    assert basic.http_request.headers == full.http_request.headers == unknown.http_request.headers
