"""What CreateTask accepts, and which names are taken."""

from datetime import timedelta
from typing import Any

import pytest

from local.cloud_tasks.engine import ApiError, Code, Engine
from local.cloud_tasks.engine.intake import LARGEST_TASK
from tests.unit.cloud_tasks_world import QUEUE, START, URL, ReadableTokens, World, seconds


def test_a_live_name_is_taken() -> None:  # case 8
    world = World()
    world.create_task("t", schedule_time=START + seconds(60))

    with pytest.raises(ApiError, match=r"^Requested entity already exists$") as refused:
        world.create_task("t")

    assert refused.value.code is Code.ALREADY_EXISTS


def _complete(world: World) -> None:
    world.pass_time()


def _delete(world: World) -> None:
    world.delete_task("t")


@pytest.mark.parametrize("end", [_complete, _delete])
def test_the_name_of_an_ended_task_is_taken_for_24_hours(end: Any) -> None:  # case 9
    world = World()
    world.create_task("t")
    end(world)

    world.pass_time(timedelta(hours=24) - timedelta(microseconds=1))
    with pytest.raises(ApiError, match="a task with this name existed too recently") as refused:
        world.create_task("t")
    world.pass_time(timedelta(microseconds=1))
    world.create_task("t")

    assert refused.value.code is Code.ALREADY_EXISTS
    assert refused.value.message.endswith("tasks/create#body.request_body.FIELDS.task.")


def test_the_window_of_names_can_be_chosen() -> None:
    world = World()
    world.engine = Engine(ReadableTokens(), name_window=timedelta(hours=1))
    world.create_queue()
    world.create_task("t")
    world.pass_time()

    world.pass_time(timedelta(hours=1))

    assert world.create_task("t").name == f"{QUEUE}/tasks/t"


def test_names_can_be_freed_at_once() -> None:
    world = World()
    world.create_task("t")
    world.pass_time()

    world.engine.reset_names()

    assert world.create_task("t").name == f"{QUEUE}/tasks/t"


def test_a_task_without_a_name_gets_a_number() -> None:  # case 26
    world = World()

    ids = {world.create_task().name.removeprefix(f"{QUEUE}/tasks/") for _ in range(50)}

    assert len(ids) == 50
    assert all(each.isdigit() for each in ids)


@pytest.mark.parametrize(("asked", "stored"), [(15, 15), (1800, 1800), (0, 600), (20.123456, 20.123)])
def test_a_deadline_within_its_bounds_is_stored_in_milliseconds(asked: float, stored: float) -> None:  # case 22
    task = World().create_task(dispatch_deadline=seconds(asked))

    assert task.dispatch_deadline.ToTimedelta() == seconds(stored)


@pytest.mark.parametrize("asked", [14, 14.999999, 1800.000001, 1801, -1])
def test_a_deadline_out_of_bounds_is_refused(asked: float) -> None:  # case 22
    with pytest.raises(ApiError, match=r"^Task\.dispatchDeadline must be between \[15s, 30m\]\.$"):
        World().create_task(dispatch_deadline=seconds(asked))


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"seconds": 4_118_083_200}, "2100-06-30T17:00:00-07:00"),
        ({"seconds": 4_102_444_800, "nanos": 500_000_000}, "2099-12-31T16:00:00.5-08:00"),
    ],
)
def test_a_schedule_time_too_far_ahead_is_named_in_pacific_time(asked: Any, named: str) -> None:  # case 23
    with pytest.raises(ApiError) as refused:
        World().create_task(schedule_time=asked)

    assert refused.value.message == (
        f"The Task.scheduleTime, {named}, is too far in the future."
        " Schedule time must be no more than 720h in the future."
    )


def test_a_schedule_time_after_the_year_9999_is_refused_without_naming_it() -> None:
    with pytest.raises(ApiError, match=r"^Request contains an invalid argument\.$"):
        World().create_task(schedule_time={"seconds": 253_402_300_800})


@pytest.mark.parametrize("ahead", [timedelta(days=29), timedelta(hours=720)])
def test_a_schedule_time_of_up_to_720_hours_is_accepted(ahead: timedelta) -> None:  # case 23
    task = World().create_task(schedule_time=START + ahead)

    assert task.schedule_time.ToDatetime(START.tzinfo) == START + ahead


def test_a_body_may_fill_the_stored_task_to_its_limit() -> None:  # case 37
    world = World()
    largest = _largest_body(world)

    world.create_task("x", http={"body": bytes(largest)})
    with pytest.raises(ApiError, match=r"^Task size too large$"):
        world.create_task("y", http={"body": bytes(largest + 1)})

    assert world.pass_time()[-1].body == bytes(largest)


def _largest_body(world: World) -> int:
    """What the stored form leaves for a body, beside its tag and length and a longer length of the request."""
    empty = world.create_task("e")
    empty.ClearField("view")
    return LARGEST_TASK - int(empty.ByteSize()) - 6


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
def test_an_unusable_token_is_refused(http: dict[str, Any], message: str) -> None:  # case 54
    with pytest.raises(ApiError) as refused:
        World().create_task(url=URL, http=http)

    assert refused.value.message == message


def test_an_app_engine_task_is_not_implemented() -> None:
    with pytest.raises(ApiError) as refused:
        World().create_task(app_engine_http_request={"relative_uri": "/"}, http_request=None)

    assert refused.value.code is Code.UNIMPLEMENTED
