"""Cancelling and retrying requests."""

from datetime import UTC, datetime
from typing import Any

from common.pipeline.record import Failure, Status
from common.retention import RECORD_RETENTION
from tests.integration.running import Caller, Service


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
