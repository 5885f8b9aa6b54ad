"""How a created task becomes a stored task and an HTTP request: headers, method, body and views."""

import pytest

from local.cloud_tasks.engine import messages
from tests.cloud_tasks.world import START, World, error_of, responses, seconds, system_headers


def test_the_retry_headers_match_the_recorded_sequence() -> None:
    world = World(responses(503, 404, 429, 500, 302, 200))
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


def test_a_first_attempt_has_exactly_the_documented_headers() -> None:
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


def test_reserved_headers_of_a_caller_are_dropped() -> None:
    world = World()
    reserved = [
        *("Host", "Content-Length", "User-Agent", "Via", "Connection", "Keep-Alive", "TE", "Upgrade", "From"),
        *("Proxy-Authorization", "Proxy-Connection", "Transfer-Encoding", "Accept-Encoding"),
        *("X-Forwarded-For", "X-Google", "x-google-foo", "X-AppEngine-Foo"),
    ]
    kept = {"X-Goog-Foo": "1", "Trailer": "2", "X-Forwarded-Proto": "3", "Authorization": "4", "X/S": "5"}

    task = world.create_task("t", http={"headers": dict.fromkeys(reserved, "x") | kept})

    assert dict(task.http_request.headers) == kept | {"User-Agent": "Google-Cloud-Tasks"}


def test_a_caller_cannot_set_the_headers_of_cloud_tasks() -> None:
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
def test_a_header_that_cannot_be_sent_is_cleaned_or_dropped(name: str, value: str, stored: str | None) -> None:
    task = World().create_task(http={"headers": {name: value}})

    assert task.http_request.headers.get(name) == stored


@pytest.mark.parametrize("number", [0, 99])
def test_a_missing_and_an_unknown_method_mean_post(number: int) -> None:
    world = World()

    task = world.create_task(http={"http_method": number})
    world.pass_time()

    assert (task.http_request.http_method, world.sent[0].method) == (1, "POST")


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS"])
def test_a_body_needs_post_put_or_patch(method: str) -> None:
    error = error_of(lambda: World().create_task(http={"http_method": method, "body": b"x"}))

    assert error.message == "Body can only be set if the http_method is POST, PUT, or PATCH."


UNKNOWN = 99


@pytest.mark.parametrize(
    ("view", "shown"),
    [
        (0, (b"", messages.BASIC)),
        (messages.BASIC, (b"", messages.BASIC)),
        (messages.FULL, (b"content", messages.FULL)),
        (UNKNOWN, (b"", 0)),
    ],
)
def test_a_view_decides_whether_a_call_returns_the_body(view: int, shown: tuple[bytes, int]) -> None:
    world = World()
    http = {"body": b"content", "headers": {"A": "b"}}

    created = world.create_task("t", http=http, view=view)
    tasks = [created, world.get_task("t", view), world.run_task("t", view)]

    assert [(task.http_request.body, task.view) for task in tasks] == [shown] * 3
    assert {task.http_request.headers["A"] for task in tasks} == {"b"}


@pytest.mark.parametrize(
    ("view", "shown"), [(0, messages.BASIC), (messages.FULL, messages.FULL), (UNKNOWN, messages.BASIC)]
)
def test_a_list_shows_an_unknown_view_as_basic(view: int, shown: int) -> None:
    world = World()
    world.create_task("t", http={"body": b"content"})

    [task] = world.list_tasks(response_view=view).tasks

    assert (task.view, task.http_request.body) == (shown, b"content" if shown == messages.FULL else b"")
