"""What callers do: ask, look, cancel, retry."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from common.caller import Caller
from common.errors import (
    AlreadyEnded,
    Expired,
    Fault,
    InvalidInput,
    KeyReused,
    NotFound,
    QuotaExceeded,
    TooLarge,
    Unavailable,
)
from common.pipeline import lifecycle
from common.pipeline.quota import Quota
from common.pipeline.record import Record, Status, child_id, request_id
from common.pipeline.request_service import Accepted, RequestService
from common.pipeline.store import Page, save
from common.pipeline.submission import Submission
from common.work import JsonObject
from tests.unit.builders import NOW, Clock, catalog, ended, processing, queued, text_of
from tests.unit.scripted_gateways import CommitFault, ScriptedDocuments, ScriptedTasks

ANN = Caller(uid="ann", tenant="t:clinic")
MALLORY = Caller(uid="mallory", tenant="t:other")
HELLO = Submission("demo", {"text": "hello"})
BYE = Submission("demo", {"text": "bye"})
NOTIFY: tuple[JsonObject, ...] = (
    {"type": "email", "to": "ann@clinic.example"},
    {"type": "email", "to": "bob@clinic.example"},
)
CHILDREN = [child_id(parent="r1", redrive=0, index=index) for index in (0, 1)]
MINUTE = timedelta(minutes=1)


class House:
    """An intake, and what it has stored and enqueued."""

    def __init__(self, *records: Record, limit: int = 100) -> None:
        self.documents, self.tasks, self.clock = ScriptedDocuments(*records), ScriptedTasks(), Clock()
        self.intake = RequestService(
            documents=self.documents,
            tasks=self.tasks,
            catalog=catalog(),
            quota=Quota(self.documents, limit=limit, clock=self.clock),
            clock=self.clock,
        )

    def submit(self, *asked: Submission, key: str | None = "k1", caller: Caller = ANN) -> Accepted:
        return self.intake.submit(caller, asked, key=key, batch=len(asked) > 1)

    @property
    def stored(self) -> list[Record]:
        return [each.record for each in self.documents.inner.stored.values()]

    def everything(self) -> tuple[Any, ...]:
        return dict(self.documents.inner.stored), self.tasks.names

    def complete(self) -> None:
        held = self.documents.stored()
        save(self.documents.inner, held, lifecycle.complete(held.record, {}, NOW))


def submitted(asked: Submission = HELLO, *, index: int = 0, **fields: Any) -> Record:
    return lifecycle.submit(
        record_id=request_id(tenant="t:clinic", owner="ann", key="k1", index=index),
        tenant="t:clinic",
        owner="ann",
        type_name="demo",
        work_input=asked.input,
        max_attempts=3,
        now=NOW,
        **fields,
    )


def ids(records: Sequence[Record]) -> list[str]:
    return [record.id for record in records]


def test_an_accepted_request_is_stored_and_enqueued() -> None:
    house = House()

    accepted = house.intake.submit(ANN, [HELLO], key="k1", trace="00-1-2-01")

    record = submitted(trace="00-1-2-01")
    assert accepted == Accepted([record], is_replay=False)
    assert house.stored == [record]
    assert house.tasks.stored(f"{record.id}-g0") == house.documents.stored(record.id)


def test_a_plain_submit_costs_one_write_and_no_read() -> None:
    house = House()

    house.submit(HELLO)

    assert (house.documents.commits, house.documents.reads) == (1, 0)


def test_a_repeat_is_answered_with_what_the_first_call_stored() -> None:
    house = House()
    first = house.submit(HELLO)
    before = house.everything()
    house.clock.wait(MINUTE)

    again = house.submit(HELLO)

    assert again == Accepted(first.records, is_replay=True)
    assert house.everything() == before


def test_a_repeat_brings_the_task_that_the_first_call_could_not_make() -> None:
    house = House()
    record = submitted()
    house.tasks.errors = {record.id: Unavailable("no answer")}
    house.submit(HELLO)
    house.tasks.errors = {}
    house.clock.wait(MINUTE)

    house.submit(HELLO)

    assert house.tasks.names == {f"{record.id}-g0"}


def test_a_repeat_after_the_end_tells_the_end_and_enqueues_nothing() -> None:
    cancelled = lifecycle.cancel(submitted(), NOW).record
    house = House(cancelled)
    house.clock.wait(MINUTE)

    assert house.submit(HELLO) == Accepted([cancelled], is_replay=True)

    assert house.tasks.names == set()


@pytest.mark.parametrize(
    "other",
    [
        BYE,
        Submission("email", {"text": "hello"}),
        Submission("demo", {"text": "hello"}, run_at=NOW + MINUTE),
        Submission("demo", {"text": "hello"}, notify=NOTIFY),
    ],
)
def test_a_key_used_again_for_something_else_is_refused(other: Submission) -> None:
    house = House()
    house.submit(HELLO)
    before = house.everything()
    house.clock.wait(MINUTE)

    with pytest.raises(KeyReused) as refusal:
        house.submit(other)

    assert refusal.value.pointer == ""
    assert house.everything() == before


def test_the_same_key_of_another_caller_is_another_request() -> None:
    house = House()
    house.submit(HELLO)

    accepted = house.submit(BYE, caller=MALLORY)

    assert (accepted.is_replay, len(house.stored)) == (False, 2)


def test_without_a_key_every_call_is_a_new_request() -> None:
    house = House()

    first, second = house.submit(HELLO, key=None), house.submit(HELLO, key=None)

    assert (first.is_replay, second.is_replay, len(house.stored)) == (False, False, 2)


def test_a_batch_is_stored_in_one_write_and_answered_in_order() -> None:
    house = House()

    accepted = house.submit(HELLO, BYE, HELLO)

    assert accepted == Accepted([submitted(HELLO), submitted(BYE, index=1), submitted(HELLO, index=2)], is_replay=False)
    assert house.documents.commits == 1
    assert house.tasks.names == {f"{record_id}-g0" for record_id in ids(accepted.records)}


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (Submission("demo", {}, run_at=NOW + timedelta(days=367)), InvalidInput),
        (Submission("demo", {"text": text_of(kib=256)}), TooLarge),
    ],
)
def test_of_a_batch_with_a_fault_nothing_is_stored(wrong: Submission, error: type[Exception]) -> None:
    house = House()

    with pytest.raises(error):
        house.submit(HELLO, wrong)

    assert house.everything() == ({}, set())


def test_a_fault_of_a_batch_is_told_by_its_place() -> None:
    wrong = Submission("demo", {}, run_at=NOW + timedelta(days=367))

    with pytest.raises(InvalidInput) as refusal:
        House().submit(HELLO, wrong)

    assert refusal.value.faults == (Fault("/requests/1/run_at", "must be at most a year ahead"),)


def test_a_repeated_batch_is_a_replay() -> None:
    house = House()
    first = house.submit(HELLO, BYE)
    house.clock.wait(MINUTE)

    assert house.submit(HELLO, BYE) == Accepted(first.records, is_replay=True)


def test_of_a_batch_that_exists_in_part_the_rest_is_created() -> None:
    house = House(submitted(HELLO))
    house.clock.wait(MINUTE)

    accepted = house.submit(HELLO, BYE)

    assert (accepted.is_replay, [record.created_at for record in accepted.records]) == (False, [NOW, NOW + MINUTE])
    assert len(house.stored) == 2


def test_of_a_batch_that_differs_in_part_nothing_is_created() -> None:
    house = House(submitted(BYE, index=1))
    house.clock.wait(MINUTE)
    before = house.everything()

    with pytest.raises(KeyReused) as refusal:
        house.submit(HELLO, HELLO)

    assert refusal.value.pointer == "/requests/1"
    assert house.everything() == before


def test_a_call_that_finds_its_own_lost_write_is_no_replay() -> None:
    house = House()
    house.documents.next_commits = [CommitFault.ANSWER_LOST]

    accepted = house.submit(HELLO)

    assert accepted == Accepted([submitted()], is_replay=False)
    assert house.tasks.names == {f"{submitted().id}-g0"}


def test_a_submit_of_unknown_outcome_is_not_accepted() -> None:
    house = House()
    house.documents.next_commits = [CommitFault.ANSWER_LOST]
    house.documents.readable = False

    with pytest.raises(Unavailable):
        house.submit(HELLO)


def test_a_request_is_accepted_though_its_task_could_not_be_made() -> None:
    house = House()
    house.tasks.errors = {submitted().id: Unavailable("no answer")}

    accepted = house.submit(HELLO)

    assert accepted == Accepted([submitted()], is_replay=False)
    assert house.stored == [submitted()]


@pytest.mark.parametrize(("ahead", "tasks"), [(timedelta(days=29), 1), (timedelta(days=29, seconds=1), 0)])
def test_a_task_is_made_for_what_lies_within_29_days(ahead: timedelta, tasks: int) -> None:
    house = House()

    house.submit(Submission("demo", {}, run_at=NOW + ahead))

    assert (len(house.stored), len(house.tasks.names)) == (1, tasks)


def test_a_request_may_be_scheduled_a_year_ahead() -> None:
    house = House()

    accepted = house.submit(Submission("demo", {}, run_at=NOW + timedelta(days=366)))

    assert accepted.records[0].scheduled_at == NOW + timedelta(days=366)


def test_a_request_of_256_kib_is_the_largest() -> None:
    around = len('["demo",{"text":""},null,null]')
    largest = Submission("demo", {"text": "x" * (256 * 1024 - around)})
    larger = Submission("demo", {"text": "x" * (256 * 1024 - around + 1)})

    assert not House().submit(largest).is_replay
    with pytest.raises(TooLarge):
        House().submit(larger)


def test_beyond_the_quota_nothing_is_stored() -> None:
    house = House(queued(), limit=2)

    with pytest.raises(QuotaExceeded):
        house.submit(HELLO, BYE)

    assert house.stored == [queued()]


def test_a_repeat_is_answered_whatever_the_quota_says() -> None:
    house = House(submitted(), limit=1)
    house.clock.wait(MINUTE)

    assert house.submit(HELLO) == Accepted([submitted()], is_replay=True)


def test_repeats_do_not_use_up_the_quota_for_new_requests() -> None:
    house = House(limit=2)

    for _ in range(5):
        house.submit(HELLO, key="same")
        house.clock.wait(timedelta(seconds=1))
    house.submit(BYE, key="new")

    assert len(house.stored) == 2


def test_a_batch_that_exists_in_part_counts_towards_the_quota() -> None:
    house = House(submitted(), limit=1)

    with pytest.raises(QuotaExceeded):
        house.submit(HELLO, BYE)


def test_without_a_key_there_is_no_repeat_to_look_for() -> None:
    house = House(submitted(), limit=1)

    with pytest.raises(QuotaExceeded):
        house.submit(HELLO, key=None)

    assert house.documents.reads == 0


@pytest.mark.parametrize("act", ["get", "cancel", "redrive"])
def test_what_is_another_tenants_or_not_there_is_not_found(act: str) -> None:
    house = House(queued())
    before = house.everything()

    with pytest.raises(NotFound) as foreign:
        getattr(house.intake, act)(MALLORY, "r1")
    with pytest.raises(NotFound) as missing:
        getattr(house.intake, act)(ANN, "r2")

    assert str(foreign.value) == str(missing.value)
    assert house.everything() == before


def test_members_of_a_tenant_see_each_others_requests() -> None:
    bob = Caller(uid="bob", tenant="t:clinic")

    assert House(queued()).intake.get(bob, "r1") == (queued(), [])


def test_a_request_is_shown_with_the_notifications_that_exist_in_order() -> None:
    record = processing(notify=NOTIFY)
    end = lifecycle.complete(record, {}, NOW)
    house = House(*reversed(end.children), end.record)

    assert house.intake.get(ANN, "r1") == (end.record, list(end.children))

    del house.documents.inner.stored[CHILDREN[0]]
    assert house.intake.get(ANN, "r1") == (end.record, [end.children[1]])


def test_a_notification_is_nobodys_own_request() -> None:
    house = House(*lifecycle.notifications(processing(notify=NOTIFY), NOW))

    with pytest.raises(NotFound):
        house.intake.get(ANN, CHILDREN[0])


def test_a_list_holds_the_tenants_own_requests() -> None:
    house = House(queued(), queued(id="r2", tenant="t:other"))

    assert house.intake.page(ANN, status=None, limit=10, after=None) == Page([queued()], None)


@pytest.mark.parametrize("record", [queued(), processing()], ids=["queued", "processing"])
def test_a_cancelled_request_has_ended_and_its_task_is_gone(record: Record) -> None:
    house = House(record)
    house.tasks.inner.enqueue(house.documents.stored())

    cancelled = house.intake.cancel(ANN, "r1")

    assert cancelled == lifecycle.cancel(record, NOW).record
    assert (house.stored, house.tasks.names) == ([cancelled], set())


def test_cancelling_twice_is_the_same_as_once() -> None:
    house = House(ended(Status.CANCELLED))

    assert house.intake.cancel(ANN, "r1") == ended(Status.CANCELLED)


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.FAILED])
def test_what_has_ended_otherwise_is_not_cancelled(status: Status) -> None:
    house = House(ended(status))

    with pytest.raises(AlreadyEnded, match=status):
        house.intake.cancel(ANN, "r1")

    assert house.stored == [ended(status)]


def test_a_cancel_counts_though_its_task_could_not_be_deleted() -> None:
    house = House(queued())
    house.tasks.errors = {"r1": Unavailable("no answer")}

    assert house.intake.cancel(ANN, "r1").status is Status.CANCELLED


def test_a_cancel_that_comes_second_finds_the_end() -> None:
    house = House(processing())
    house.documents.next_commits = [house.complete]

    with pytest.raises(AlreadyEnded, match="completed"):
        house.intake.cancel(ANN, "r1")

    assert house.stored == [lifecycle.complete(processing(), {}, NOW).record]


def test_a_cancel_of_what_is_deleted_meanwhile_is_not_found() -> None:
    house = House(processing())
    house.documents.next_commits = [house.documents.inner.stored.clear]

    with pytest.raises(NotFound):
        house.intake.cancel(ANN, "r1")


def test_a_failed_request_is_run_again_under_a_new_task() -> None:
    house = House(ended(Status.FAILED))

    assert house.intake.redrive(ANN, "r1") == (lifecycle.redrive(ended(Status.FAILED), NOW).record, True)

    assert house.tasks.stored("r1-g1") == house.documents.stored()


def test_a_second_retry_changes_nothing_and_brings_the_task() -> None:
    house = House(ended(Status.FAILED))
    house.tasks.errors = {"r1": Unavailable("no answer")}
    record, _ = house.intake.redrive(ANN, "r1")
    house.tasks.errors = {}

    assert house.intake.redrive(ANN, "r1") == (record, False)

    assert house.tasks.names == {"r1-g1"}


@pytest.mark.parametrize("record", [queued(), processing(redrive=1), ended(Status.COMPLETED)])
def test_what_has_not_failed_is_not_retried(record: Record) -> None:
    house = House(record)

    with pytest.raises(AlreadyEnded, match=record.status):
        house.intake.redrive(ANN, "r1")

    assert house.stored == [record]


def test_a_request_past_its_retention_is_not_retried() -> None:
    house = House(ended(Status.FAILED))
    house.clock.wait(timedelta(days=35))

    with pytest.raises(Expired):
        house.intake.redrive(ANN, "r1")

    assert house.stored == [ended(Status.FAILED)]


def test_a_retry_counts_towards_the_quota() -> None:
    house = House(ended(Status.FAILED), queued(id="r2"), limit=1)

    with pytest.raises(QuotaExceeded):
        house.intake.redrive(ANN, "r1")

    assert house.documents["r1"] == ended(Status.FAILED)


def test_a_second_retry_is_answered_whatever_the_quota_says() -> None:
    house = House(queued(redrive=1), limit=1)

    assert house.intake.redrive(ANN, "r1") == (queued(redrive=1), False)


def test_an_asset_is_found_by_its_name() -> None:
    result: dict[str, Any] = {
        "assets": [{"name": "a.txt", "path": "r1/x/a.txt"}, {"name": "b.txt", "path": "r1/x/b.txt"}]
    }
    house = House(ended(Status.COMPLETED, result=result))

    assert house.intake.asset_path(ANN, "r1", "b.txt") == "r1/x/b.txt"


@pytest.mark.parametrize(
    "result",
    [
        None,
        {},
        {"assets": None},
        {"assets": ["a.txt"]},
        {"assets": [{"name": "b.txt"}]},
        {"assets": [{"name": "a.txt"}]},
    ],
)
def test_an_asset_that_is_not_there_is_not_found(result: dict[str, Any] | None) -> None:
    house = House(ended(Status.COMPLETED, result=result))

    with pytest.raises(NotFound, match=r"a\.txt"):
        house.intake.asset_path(ANN, "r1", "a.txt")


def test_a_result_that_names_another_requests_file_does_not_hand_it_out() -> None:
    house = House(ended(Status.COMPLETED, result={"assets": [{"name": "a.txt", "path": "r2/x/a.txt"}]}))

    with pytest.raises(NotFound):
        house.intake.asset_path(ANN, "r1", "a.txt")


def test_an_asset_of_another_tenant_is_not_found() -> None:
    house = House(ended(Status.COMPLETED, result={"assets": [{"name": "a.txt", "path": "r1/x/a.txt"}]}))

    with pytest.raises(NotFound):
        house.intake.asset_path(MALLORY, "r1", "a.txt")
