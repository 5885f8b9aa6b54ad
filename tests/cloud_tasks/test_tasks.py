"""Which tasks CreateTask accepts, and which task names are in use."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from google.rpc.code_pb2 import Code

from local.cloud_tasks.engine import Engine
from local.cloud_tasks.engine.task_validation import MAX_TASK_BYTES
from tests.cloud_tasks.world import QUEUE, START, ReadableTokens, World, error_of, seconds


def test_the_name_of_a_pending_task_cannot_be_used_again() -> None:
    world = World()
    world.create_task("t", schedule_time=START + seconds(60))

    error = error_of(lambda: world.create_task("t"))

    assert (error.code, error.message) == (Code.ALREADY_EXISTS, "Requested entity already exists")


def _complete(world: World) -> None:
    world.pass_time()


def _delete(world: World) -> None:
    world.delete_task("t")


def _purge(world: World) -> None:
    world.purge()


@pytest.mark.parametrize("end", [_complete, _delete, _purge])
def test_the_name_of_an_ended_task_cannot_be_used_again_for_24_hours(end: Callable[[World], None]) -> None:
    world = World()
    world.create_task("t")
    end(world)

    world.pass_time(timedelta(hours=24) - timedelta(microseconds=1))
    error = error_of(lambda: world.create_task("t"))
    world.pass_time(timedelta(microseconds=1))
    world.create_task("t")

    assert error.code == Code.ALREADY_EXISTS
    assert error.message == (
        "The task cannot be created because a task with this name existed too recently."
        " For more information about task de-duplication see https://cloud.google.com/tasks/docs/reference/rest/v2/"
        "projects.locations.queues.tasks/create#body.request_body.FIELDS.task."
    )


def test_the_name_window_can_be_shorter() -> None:
    world = World()
    world.engine = Engine(ReadableTokens(), name_window=timedelta(hours=1))
    world.create_queue()
    world.create_task("t")
    world.pass_time()

    world.pass_time(timedelta(hours=1))

    assert world.create_task("t").name == f"{QUEUE}/tasks/t"


def test_a_reset_makes_used_names_available() -> None:
    world = World()
    world.create_task("t")
    world.pass_time()

    world.engine.reset_names()

    assert world.create_task("t").name == f"{QUEUE}/tasks/t"


def test_a_task_without_a_name_gets_a_numeric_id() -> None:
    world = World()

    ids = {world.create_task().name.removeprefix(f"{QUEUE}/tasks/") for _ in range(50)}

    assert len(ids) == 50
    assert all(each.isdigit() for each in ids)


@pytest.mark.parametrize(("sent", "stored"), [(15, 15), (1800, 1800), (0, 600), (20.123456, 20.123)])
def test_a_deadline_within_its_bounds_is_stored_in_milliseconds(sent: float, stored: float) -> None:
    task = World().create_task(dispatch_deadline=seconds(sent))

    assert task.dispatch_deadline.ToTimedelta() == seconds(stored)


@pytest.mark.parametrize("sent", [14, 14.999999, 1800.000001, 1801, -1])
def test_a_deadline_out_of_bounds_is_refused(sent: float) -> None:
    error = error_of(lambda: World().create_task(dispatch_deadline=seconds(sent)))

    assert error.message == "Task.dispatchDeadline must be between [15s, 30m]."


@pytest.mark.parametrize(
    ("sent", "named"),
    [
        ({"seconds": 4_118_083_200}, "2100-06-30T17:00:00-07:00"),
        ({"seconds": 4_102_444_800, "nanos": 500_000_000}, "2099-12-31T16:00:00.5-08:00"),
    ],
)
def test_a_schedule_time_beyond_720_hours_is_refused_in_pacific_time(sent: Any, named: str) -> None:
    error = error_of(lambda: World().create_task(schedule_time=sent))

    assert error.message == (
        f"The Task.scheduleTime, {named}, is too far in the future."
        " Schedule time must be no more than 720h in the future."
    )


def test_a_schedule_time_after_the_year_9999_is_refused_without_its_value() -> None:
    error = error_of(lambda: World().create_task(schedule_time={"seconds": 253_402_300_800}))

    assert error.message == "Request contains an invalid argument."


@pytest.mark.parametrize("ahead", [timedelta(days=29), timedelta(hours=720)])
def test_a_schedule_time_of_up_to_720_hours_is_accepted(ahead: timedelta) -> None:
    task = World().create_task(schedule_time=START + ahead)

    assert task.schedule_time.ToDatetime(START.tzinfo) == START + ahead


def test_a_stored_task_has_a_size_limit_that_a_body_can_reach() -> None:
    world = World()
    largest = _largest_body(world)

    world.create_task("x", http={"body": bytes(largest)})
    error = error_of(lambda: world.create_task("y", http={"body": bytes(largest + 1)}))

    assert error.message == "Task size too large"
    assert world.pass_time()[-1].body == bytes(largest)


def _largest_body(world: World) -> int:
    """The rest of the limit, without the 6 bytes of the body's tag and length and of the request's longer length."""
    empty = world.create_task("e")
    empty.ClearField("view")
    return MAX_TASK_BYTES - int(empty.ByteSize()) - 6


@pytest.mark.parametrize(
    ("http", "message"),
    [
        ({"oidc_token": {"audience": "x"}}, "service_account_email must be set."),
        ({"oidc_token": {"service_account_email": "a@b@c"}}, "Request contains an invalid argument."),
        ({"oidc_token": {"service_account_email": "a@"}}, "Request contains an invalid argument."),
        (
            {"oauth_token": {"service_account_email": "a@b"}},
            'Invalid url for HttpRequest.oauth_token. The hostname in the url must end with ".googleapis.com"',
        ),
    ],
)
def test_an_invalid_token_is_refused(http: dict[str, Any], message: str) -> None:
    assert error_of(lambda: World().create_task(http=http)).message == message


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "HttpRequest.url is required."),
        ("ftp://x", "HttpTarget.url must start with 'http://' or 'https://'."),
        ("example.com", "HttpTarget.url must start with 'http://' or 'https://'."),
    ],
)
def test_a_url_that_is_not_http_is_refused(url: str, message: str) -> None:
    assert error_of(lambda: World().create_task(url=url)).message == message


def test_a_url_is_not_parsed_at_creation() -> None:
    assert World().create_task(url="http://x/%zz").http_request.url == "http://x/%zz"


def test_a_task_without_a_target_is_refused() -> None:
    assert error_of(lambda: World().create_task(http_request=None)).message == "Task.payload_type is not set."


def test_an_app_engine_task_is_not_implemented() -> None:
    error = error_of(lambda: World().create_task(app_engine_http_request={"relative_uri": "/"}, http_request=None))

    assert error.code == Code.UNIMPLEMENTED
