"""Reading, cancelling and redriving requests, and finding their assets."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from common.caller import Caller
from common.catalog import Catalog
from common.errors import Expired, NotFound, QuotaExceeded, TypeNotOffered, Unavailable, WrongState
from common.pipeline import lifecycle
from common.pipeline.ids import child_id
from common.pipeline.lifecycle import Transition, Verdict
from common.pipeline.record import Status
from common.pipeline.request_service import RequestService
from common.pipeline.store import Page, save
from common.pipeline.submission import Submission
from common.retention import RECORD_RETENTION
from common.work import JsonObject
from tests.policies import policy
from tests.unit.builders import NOW, catalog, ended, processing, queued, record_with
from tests.unit.request_service_harness import ANN, MALLORY, Harness
from tests.unit.scripted_gateways import CommitFault

NOTIFY: tuple[JsonObject, ...] = (
    {"type": "email", "to": "ann@clinic.example"},
    {"type": "email", "to": "bob@clinic.example"},
)
FIRST_CHILD = child_id(parent="r1", redrive=0, index=0)
USE_CASES: dict[str, Callable[[RequestService, Caller, str], object]] = {
    "get": lambda requests, caller, record_id: requests.get(caller, record_id),
    "cancel": lambda requests, caller, record_id: requests.cancel(caller, record_id),
    "redrive": lambda requests, caller, record_id: requests.redrive(caller, record_id),
    "asset_path": lambda requests, caller, record_id: requests.asset_path(caller, record_id, "a.txt"),
}


@pytest.mark.parametrize("call", USE_CASES.values(), ids=USE_CASES)
def test_a_request_of_another_tenant_is_not_found_like_a_missing_one(
    call: Callable[[RequestService, Caller, str], object],
) -> None:
    harness = Harness(queued(result={"assets": [{"name": "a.txt", "path": "r1/x/a.txt"}]}))
    before = harness.state()

    with pytest.raises(NotFound) as foreign:
        call(harness.requests, MALLORY, "r1")
    with pytest.raises(NotFound) as missing:
        call(harness.requests, ANN, "r2")

    assert str(foreign.value) == str(missing.value)
    assert harness.state() == before


def test_a_caller_sees_the_requests_of_other_members_of_the_tenant() -> None:
    bob = Caller(uid="bob", tenant="t:clinic")

    assert Harness(queued()).requests.get(bob, "r1") == (queued(), [])


def test_a_request_is_returned_with_its_existing_notifications_in_order() -> None:
    end = lifecycle.complete(processing(notify=NOTIFY), {}, NOW)
    harness = Harness(*reversed(end.children), end.record)

    assert harness.requests.get(ANN, "r1") == (end.record, list(end.children))

    del harness.documents.inner.stored[FIRST_CHILD]
    assert harness.requests.get(ANN, "r1") == (end.record, [end.children[1]])


def test_a_notification_is_not_found_by_its_own_id() -> None:
    harness = Harness(*lifecycle.notifications(processing(notify=NOTIFY), NOW))

    with pytest.raises(NotFound):
        harness.requests.get(ANN, FIRST_CHILD)


def test_a_page_has_the_requests_of_the_callers_tenant_only() -> None:
    harness = Harness(queued(), queued(id="r2", tenant="t:other"))

    assert harness.requests.page(ANN, status=None, limit=10, after=None) == Page([queued()], None)


def test_a_cancelled_request_has_ended_and_its_task_is_deleted() -> None:
    harness = Harness(queued())
    harness.tasks.enqueue(harness.documents.stored())

    cancelled = harness.requests.cancel(ANN, "r1")

    assert cancelled == lifecycle.cancel(queued(), NOW).record
    assert (harness.records, harness.tasks.names) == ([cancelled], set())


def test_a_repeated_cancel_changes_nothing() -> None:
    harness = Harness(ended(Status.CANCELLED))

    assert harness.requests.cancel(ANN, "r1") == ended(Status.CANCELLED)

    assert harness.documents.commits == 0


def test_a_request_that_ended_otherwise_cannot_be_cancelled() -> None:
    harness = Harness(ended(Status.COMPLETED))

    with pytest.raises(WrongState, match="completed"):
        harness.requests.cancel(ANN, "r1")

    assert harness.records == [ended(Status.COMPLETED)]


def test_a_request_is_cancelled_although_its_task_cannot_be_deleted() -> None:
    harness = Harness(queued())
    harness.tasks.errors = {"r1": Unavailable("no answer")}

    assert harness.requests.cancel(ANN, "r1").status is Status.CANCELLED


def test_a_cancel_is_refused_if_the_request_completes_first() -> None:
    harness = Harness(processing())
    completed = lifecycle.complete(processing(), {}, NOW)
    harness.documents.next_commits = [lambda: save(harness.documents.inner, harness.documents.stored(), completed)]

    with pytest.raises(WrongState, match="completed"):
        harness.requests.cancel(ANN, "r1")

    assert harness.records == [completed.record]


def test_a_request_that_is_deleted_before_its_cancel_is_stored_is_not_found() -> None:
    harness = Harness(processing())
    harness.documents.next_commits = [harness.documents.inner.stored.clear]

    with pytest.raises(NotFound):
        harness.requests.cancel(ANN, "r1")


def test_a_redriven_request_is_queued_under_a_new_task() -> None:
    harness = Harness(ended(Status.FAILED))

    assert harness.requests.redrive(ANN, "r1") == (
        lifecycle.redrive(ended(Status.FAILED), NOW, seen=0, nonce="n1").record,
        True,
    )

    assert harness.tasks.stored("r1-g1") == harness.documents.stored()


def test_a_repeated_redrive_creates_the_task_that_could_not_be_created_before() -> None:
    harness = Harness(ended(Status.FAILED))
    harness.tasks.errors = {"r1": Unavailable("no answer")}
    record, _ = harness.requests.redrive(ANN, "r1")
    harness.tasks.errors = {}

    assert harness.requests.redrive(ANN, "r1") == (record, False)

    assert (harness.records, harness.tasks.names) == ([record], {"r1-g1"})


def test_a_completed_request_cannot_be_redriven() -> None:
    harness = Harness(ended(Status.COMPLETED))

    with pytest.raises(WrongState, match="completed"):
        harness.requests.redrive(ANN, "r1")

    assert harness.records == [ended(Status.COMPLETED)]


def test_a_request_past_its_retention_cannot_be_redriven() -> None:
    harness = Harness(ended(Status.FAILED))
    harness.clock.wait(RECORD_RETENTION)

    with pytest.raises(Expired):
        harness.requests.redrive(ANN, "r1")

    assert harness.records == [ended(Status.FAILED)]


DRAINING = {"demo": replace(catalog()["demo"], policy=policy(enabled="draining"))}


@pytest.mark.parametrize("types", [DRAINING, {"email": catalog()["email"]}], ids=["draining", "unknown"])
def test_a_request_whose_type_is_not_offered_cannot_be_redriven_and_uses_no_quota(types: Catalog) -> None:
    harness = Harness(ended(Status.FAILED), limit=1, types=types)

    for _ in range(2):
        with pytest.raises(TypeNotOffered, match="no longer accepted"):
            harness.requests.redrive(ANN, "r1")

    assert harness.records == [ended(Status.FAILED)]


def test_a_repeated_redrive_and_a_cancellation_are_answered_although_the_type_is_draining() -> None:
    harness = Harness(queued(redrive=1), queued(id="r2"), types=DRAINING)

    assert harness.requests.redrive(ANN, "r1") == (queued(redrive=1), False)
    assert harness.requests.cancel(ANN, "r2").status is Status.CANCELLED


def test_a_redrive_needs_quota() -> None:
    harness = Harness(ended(Status.FAILED), queued(id="r2"), limit=1)

    with pytest.raises(QuotaExceeded):
        harness.requests.redrive(ANN, "r1")

    assert harness.documents["r1"] == ended(Status.FAILED)


def test_a_repeated_redrive_is_answered_although_the_quota_is_used_up() -> None:
    harness = Harness(queued(redrive=1), limit=1)

    assert harness.requests.redrive(ANN, "r1") == (queued(redrive=1), False)


def test_a_redrive_that_another_redrive_precedes_uses_no_quota() -> None:
    harness = Harness(ended(Status.FAILED), limit=2)
    redriven = lifecycle.redrive(ended(Status.FAILED), NOW, seen=0, nonce="another call")
    harness.documents.next_commits = [lambda: save(harness.documents.inner, harness.documents.stored(), redriven)]

    assert harness.requests.redrive(ANN, "r1") == (redriven.record, False)

    harness.submit(Submission("demo", {}), Submission("demo", {}))


@pytest.mark.parametrize("error", [Unavailable("no answer"), ZeroDivisionError("a bug"), NotFound("deleted")])
def test_a_redrive_that_is_not_stored_uses_no_quota(error: Exception) -> None:
    harness = Harness(ended(Status.FAILED), limit=1)

    def fail() -> None:
        raise error

    harness.documents.next_commits = [fail]
    with pytest.raises(type(error)):
        harness.requests.redrive(ANN, "r1")

    harness.submit(Submission("demo", {}))


@pytest.mark.parametrize("status", [Status.QUEUED, Status.PROCESSING, Status.COMPLETED, Status.FAILED])
def test_a_repeated_redrive_with_its_redrive_changes_nothing_in_any_status(status: Status) -> None:
    record = record_with(status, redrive=3)
    harness = Harness(record, limit=1)

    for seen in (0, 2):
        assert harness.requests.redrive(ANN, "r1", seen=seen) == (record, False)

    assert harness.documents.commits == 0


def test_a_repeated_redrive_with_its_redrive_creates_the_missing_task() -> None:
    harness = Harness(queued(redrive=1, generation=1))

    harness.requests.redrive(ANN, "r1", seen=0)

    assert harness.tasks.names == {"r1-g1"}


def test_a_redrive_beyond_the_current_one_is_refused() -> None:
    harness = Harness(ended(Status.FAILED, redrive=1))

    with pytest.raises(
        WrongState, match="not been retried that often: it is at redrive 1, and this call is for redrive 2"
    ):
        harness.requests.redrive(ANN, "r1", seen=2)

    assert harness.documents.commits == 0


def test_a_cancel_of_an_earlier_redrive_does_not_cancel_the_current_one() -> None:
    harness = Harness(queued(redrive=1))

    with pytest.raises(WrongState, match="retried meanwhile: it is at redrive 1, and this call is for redrive 0"):
        harness.requests.cancel(ANN, "r1", seen=0)

    assert harness.requests.cancel(ANN, "r1", seen=1).status is Status.CANCELLED


def test_a_cancel_without_a_redrive_does_not_cancel_one_that_begins_meanwhile() -> None:
    harness = Harness(queued())

    def cancel_and_redrive() -> None:
        save(harness.documents.inner, harness.documents.stored(), lifecycle.cancel(queued(), NOW))
        cancelled = harness.documents.stored()
        save(harness.documents.inner, cancelled, lifecycle.redrive(cancelled.record, NOW, seen=0, nonce="bob"))

    harness.documents.next_commits = [cancel_and_redrive]
    with pytest.raises(WrongState):
        harness.requests.cancel(ANN, "r1")

    assert harness.documents["r1"].status is Status.QUEUED


def test_of_two_redrives_at_once_the_second_starts_no_further_run() -> None:
    harness = Harness(ended(Status.FAILED))

    def redrive_and_fail() -> None:
        harness.requests.redrive(ANN, "r1")
        redriven = harness.documents.stored()
        save(harness.documents.inner, redriven, Transition(Verdict.FAILED, ended(Status.FAILED, redrive=1, nonce="n2")))

    harness.documents.next_commits = [redrive_and_fail]

    assert harness.requests.redrive(ANN, "r1") == (ended(Status.FAILED, redrive=1, nonce="n2"), False)


def test_a_redrive_whose_answer_was_lost_counts_as_this_call() -> None:
    harness = Harness(ended(Status.FAILED))
    harness.documents.next_commits = [CommitFault.ANSWER_LOST]

    record, fresh = harness.requests.redrive(ANN, "r1")

    assert (record.redrive, record.nonce, fresh) == (1, "n1", True)


def test_the_path_of_an_asset_is_found_by_its_name() -> None:
    result: dict[str, Any] = {
        "assets": [{"name": "a.txt", "path": "r1/x/a.txt"}, {"name": "b.txt", "path": "r1/x/b.txt"}]
    }
    harness = Harness(ended(Status.COMPLETED, result=result))

    assert harness.requests.asset_path(ANN, "r1", "b.txt") == "r1/x/b.txt"


@pytest.mark.parametrize(
    "result",
    [
        None,
        {},
        {"assets": None},
        {"assets": ["a.txt"]},
        {"assets": [{"name": "b.txt", "path": "r1/x/b.txt"}]},
        {"assets": [{"name": "a.txt"}]},
        {"assets": [{"name": "a.txt", "path": "r2/x/a.txt"}]},
    ],
    ids=["none", "empty", "null", "texts", "another name", "without a path", "path of another request"],
)
def test_an_asset_that_the_result_does_not_have_is_not_found(result: dict[str, Any] | None) -> None:
    harness = Harness(ended(Status.COMPLETED, result=result))

    with pytest.raises(NotFound, match=r"a\.txt"):
        harness.requests.asset_path(ANN, "r1", "a.txt")
