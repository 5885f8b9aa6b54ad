"""Cancelling and retrying requests."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from common.pipeline.record import Failure, Status
from common.retention import RECORD_RETENTION
from tests.integration.running import Caller, Service

AT_ONCE = 4


def end(service: Service, request_id: str, status: Status, *, at: datetime | None = None, **fields: Any) -> None:
    """Ends a request as a worker does."""
    now = at or datetime.now(UTC)
    service.edit(request_id, status=status, due=None, finished_at=now, expires_at=now + RECORD_RETENTION, **fields)


def test_cancel_returns_the_cancelled_request_and_deletes_its_task(
    service: Service, caller: Caller, request_id: str
) -> None:
    answer = caller.post(f"/requests/{request_id}:cancel")

    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert caller.get(f"/requests/{request_id}").json() == answer.json()
    assert service.enqueued_by(caller) == []


def test_a_second_cancel_changes_nothing(caller: Caller, request_id: str) -> None:
    first = caller.post(f"/requests/{request_id}:cancel")

    second = caller.post(f"/requests/{request_id}:cancel")

    assert (second.status_code, second.json()) == (200, first.json())


def test_a_completed_request_cannot_be_cancelled_or_retried(service: Service, caller: Caller, request_id: str) -> None:
    end(service, request_id, Status.COMPLETED)

    answers = [caller.post(f"/requests/{request_id}:{action}") for action in ("cancel", "retry")]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(409, "wrong_state")] * 2
    assert caller.get(f"/requests/{request_id}").json()["status"] == "completed"


def test_retry_returns_the_queued_request_and_creates_a_task(service: Service, caller: Caller, request_id: str) -> None:
    error = Failure(code="attempts", message="It failed three times.", attempt=3, at=datetime.now(UTC))
    end(service, request_id, Status.FAILED, attempt=3, error=error)

    answer = caller.post(f"/requests/{request_id}:retry")

    request = answer.json()
    assert answer.status_code == 202
    assert (request["status"], request["redrive"], request["generation"], request["attempt"]) == ("queued", 1, 1, 0)
    assert not {"error", "finished_at", "expires_at"} & request.keys()
    assert f"{request_id}-g1" in service.enqueued_by(caller)


def test_a_second_retry_returns_200_and_creates_a_lost_task_again(
    service: Service, caller: Caller, request_id: str
) -> None:
    caller.post(f"/requests/{request_id}:cancel")
    first = caller.post(f"/requests/{request_id}:retry")
    [task] = [task for task in service.tasks.pending() if request_id in task.name]
    service.tasks.delete(task.name)
    service.tasks.reset_names()

    second = caller.post(f"/requests/{request_id}:retry")

    assert (second.status_code, second.json()) == (200, first.json())
    assert service.enqueued_by(caller) == [f"{request_id}-g1"]


def test_a_request_past_its_retention_cannot_be_retried(service: Service, caller: Caller, request_id: str) -> None:
    end(service, request_id, Status.FAILED, at=datetime.now(UTC) - RECORD_RETENTION)

    answer = caller.post(f"/requests/{request_id}:retry")

    assert (answer.status_code, answer.json()["code"]) == (410, "expired")
    assert caller.get(f"/requests/{request_id}").json()["status"] == "failed"


def test_of_several_retries_at_once_exactly_one_is_accepted(service: Service, caller: Caller, request_id: str) -> None:
    for redrive in range(10):
        end(service, request_id, Status.FAILED)

        with ThreadPoolExecutor(AT_ONCE) as threads:
            answers = list(threads.map(lambda _: caller.post(f"/requests/{request_id}:retry"), range(AT_ONCE)))

        assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 202]
        assert {answer.json()["redrive"] for answer in answers} == {redrive + 1}


def test_a_retry_with_its_redrive_is_repeatable_in_any_status(
    service: Service, caller: Caller, request_id: str
) -> None:
    end(service, request_id, Status.FAILED)
    first = caller.post(f"/requests/{request_id}:retry", {"redrive": 0})
    end(service, request_id, Status.FAILED)

    repeat = caller.post(f"/requests/{request_id}:retry", {"redrive": 0})

    assert (first.status_code, first.json()["redrive"]) == (202, 1)
    assert (repeat.status_code, repeat.json()["status"], repeat.json()["redrive"]) == (200, "failed", 1)
    assert caller.post(f"/requests/{request_id}:retry", {"redrive": 1}).status_code == 202


def test_a_retry_or_cancel_of_a_redrive_that_the_request_is_not_at_is_refused(
    service: Service, caller: Caller, request_id: str
) -> None:
    end(service, request_id, Status.FAILED)

    beyond = caller.post(f"/requests/{request_id}:retry", {"redrive": 1})
    caller.post(f"/requests/{request_id}:retry", {"redrive": 0}).raise_for_status()
    earlier, later = (caller.post(f"/requests/{request_id}:cancel", {"redrive": redrive}) for redrive in (0, 2))

    assert [each.status_code for each in (beyond, earlier, later)] == [409] * 3
    assert {each.json()["code"] for each in (beyond, earlier, later)} == {"wrong_state"}
    assert caller.post(f"/requests/{request_id}:cancel", {"redrive": 1}).json()["status"] == "cancelled"


def test_a_repeated_cancel_with_its_redrive_does_not_cancel_a_later_one(caller: Caller, request_id: str) -> None:
    caller.post(f"/requests/{request_id}:cancel", {"redrive": 0}).raise_for_status()
    caller.post(f"/requests/{request_id}:retry", {"redrive": 0}).raise_for_status()

    assert caller.post(f"/requests/{request_id}:cancel", {"redrive": 0}).status_code == 409
    assert caller.get(f"/requests/{request_id}").json()["status"] == "queued"


def test_a_body_that_is_no_redrive_is_refused_and_changes_nothing(caller: Caller, request_id: str) -> None:
    bodies: list[object] = [{"redrive": "0"}, {"redrive": None}, {"redrive": -1}, {"redrive": 0, "attempt": 1}, [0]]

    for action in ("cancel", "retry"):
        for body in bodies:
            answer = caller.post(f"/requests/{request_id}:{action}", body)
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
        assert caller.send(f"/requests/{request_id}:{action}", b" " * 1025).status_code == 413
        chunks = iter([b'{"redrive":', b'"0"}'])
        assert caller.send(f"/requests/{request_id}:{action}", chunks).status_code == 422
    assert caller.get(f"/requests/{request_id}").json()["status"] == "queued"


def test_an_empty_body_is_as_no_body(caller: Caller, request_id: str) -> None:
    assert caller.send(f"/requests/{request_id}:cancel", b"").status_code == 200
    assert caller.post(f"/requests/{request_id}:retry", {}).status_code == 202


def test_a_retried_request_runs_at_once_and_keeps_its_start_time_as_it_was_submitted(
    service: Service, caller: Caller
) -> None:
    run_at = (datetime.now(UTC) + timedelta(days=60)).isoformat()
    scheduled = {"type": "diagnostic", "input": {}, "run_at": run_at}
    request_id = caller.post("/requests", scheduled, key="later").json()["id"]
    caller.post(f"/requests/{request_id}:cancel").raise_for_status()

    retried = caller.post(f"/requests/{request_id}:retry").json()

    assert "scheduled_at" not in retried
    assert datetime.fromisoformat(retried["run_at"]) == datetime.fromisoformat(run_at)
    assert service.enqueued_by(caller) == [f"{request_id}-g1"]  # none before: its start was beyond the horizon
    assert caller.post("/requests", scheduled, key="later").status_code == 200
