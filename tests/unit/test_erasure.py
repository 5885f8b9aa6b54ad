"""Erasing everything of a caller: which requests, exact counts whatever dies, and the receipt."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from common.pipeline import erasure, lifecycle, owned
from common.pipeline.erasure import Erasure
from common.pipeline.ids import child_id, purge_id
from common.pipeline.record import Parent, Record, Status
from common.pipeline.store import Stored, save
from common.pipeline.traces import TraceRemover
from common.retention import RECORD_BACKUP_RETENTION
from common.work import AttemptAborted, JsonObject, Snooze, WorkInput
from tests.fakes import FakeAssets
from tests.unit.attempt_harness import start_attempt
from tests.unit.builders import MINUTE, NOW, POLICY, SECOND, Clock, ended, processing, queued
from tests.unit.scripted_gateways import ScriptedDocuments, ScriptedTasks

EARLIER = NOW - MINUTE
EMAIL: JsonObject = {"type": "email", "to": "ann@clinic.example"}


class Died(BaseException):
    """The process died."""


class TickingClock(Clock):
    """Moves with every look, so that no two writes are equal by chance."""

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now


class Harness:
    """An erasure `zz` of Ann's that runs over fakes with these records, each with one file."""

    def __init__(self, *records: Record) -> None:
        self.request = processing(id="zz", type="erasure")
        self.documents, self.tasks, self.files = (
            ScriptedDocuments(self.request, *records),
            ScriptedTasks(),
            FakeAssets(),
        )
        self.clock = TickingClock()
        self.traces = TraceRemover(documents=self.documents, tasks=self.tasks, files=self.files, clock=self.clock)
        for record in records:
            self.tasks.enqueue(Stored(record, "0"))
            self.files.save(f"{record.id}/c1/post.png", "image/png", b"content")

    def run(self, *, time_budget: timedelta = timedelta(minutes=10)) -> Any:
        """Runs one attempt, which continues from what the last one has stored."""
        attempt = start_attempt(self.documents, self.files, self.clock, time_budget=time_budget, record_id="zz")
        run = Erasure(documents=self.documents, traces=self.traces, policies={"purge": POLICY}, clock=self.clock).run
        return run(WorkInput(), attempt)

    def run_until_finished(self) -> Any:
        while True:
            try:
                return self.run()
            except Died:
                continue

    def die_at_commit(self, number: int) -> None:
        """Scripts a death just before that commit."""

        def die() -> None:
            raise Died

        self.documents.next_commits = [*([lambda: None] * (number - 1)), die]

    @property
    def left(self) -> set[str]:
        """The ids of the requests, without purges, that have content, a task or a file."""
        records = {
            name for name, each in self.documents.records.items() if each.erased is None and each.type != "purge"
        }
        tasks = {name.rpartition("-g")[0] for name in self.tasks.names}
        purges = {name for name, each in self.documents.records.items() if each.type == "purge"}
        files = {path.partition("/")[0] for path in self.files.files}
        return (records | tasks | files) - purges - {"zz"}


def own(record_id: str, status: Status = Status.COMPLETED, **fields: Any) -> Record:
    return ended(status, id=record_id, created_at=EARLIER, **fields)


def child_of(parent: Record, **fields: Any) -> Record:
    record_id = child_id(parent=parent.id, redrive=0, index=0)
    origin = Parent(id=parent.id, redrive=0, tenant=parent.tenant)
    return ended(Status.COMPLETED, id=record_id, tenant=None, parent=origin, created_at=EARLIER, **fields)


def counts(**fields: int) -> dict[str, int]:
    return {"requests": 0, "cancelled": 0, "notifications": 0, "files": 0, **fields}


def test_everything_that_the_caller_submitted_is_erased_and_counted() -> None:
    open_ones = [queued(id="b", created_at=EARLIER), processing(id="c", created_at=EARLIER)]
    parent = own("a", Status.FAILED, notify=(EMAIL,))
    harness = Harness(parent, child_of(parent), *open_ones)

    receipt = harness.run()

    erased_at = harness.clock.now
    assert harness.left == set()
    assert receipt == {
        "erased": counts(requests=3, cancelled=2, notifications=1, files=4),
        "erased_at": erased_at.isoformat(),
        "backups": {
            "records_days": 7,
            "records_until": (erased_at + RECORD_BACKUP_RETENTION).isoformat(),
            "files_days": 0,
        },
    }


def test_what_belongs_to_others_or_comes_later_stays() -> None:
    others = [
        own("a", owner="bob"),
        own("b", tenant="u:ann"),
        ended(Status.COMPLETED, id="c", created_at=NOW + SECOND),
        child_of(own("x", tenant="t:other")),
    ]
    harness = Harness(*others)

    assert harness.run()["erased"] == counts()

    assert harness.left == {each.id for each in others}
    assert harness.documents["zz"] == harness.request


def test_a_notification_without_its_parent_is_erased() -> None:
    harness = Harness(child_of(own("gone")))

    assert harness.run()["erased"] == counts(notifications=1, files=1)

    assert harness.left == set()


def test_a_tombstone_is_not_counted() -> None:
    harness = Harness(own("a"))
    harness.traces.erase(harness.documents.stored("a"))

    assert harness.run()["erased"] == counts()


def test_each_erased_request_gets_a_purge_that_runs_when_no_worker_can_be_left() -> None:
    harness = Harness(own("a"))

    harness.run()

    purge = harness.documents[purge_id(own("a"))]
    assert purge.scheduled_at is not None
    assert purge.scheduled_at > NOW + POLICY.lease
    assert harness.tasks.names == {f"{purge.id}-g0"}


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Harness]:
    """Makes harnesses with families of requests. The page of a child is before, after or that of its parent."""
    monkeypatch.setattr(owned, "PAGE", 3)

    def make() -> Harness:
        parents = [own(f"{number:x}0", Status.FAILED, notify=(EMAIL,)) for number in range(0, 16, 2)]
        return Harness(*parents, *map(child_of, parents), queued(id="f5", created_at=EARLIER))

    return make


EXPECTED = counts(requests=9, cancelled=1, notifications=8, files=17)


def test_pages_are_counted_once(many: Callable[[], Harness]) -> None:
    harness = many()

    assert harness.run()["erased"] == EXPECTED

    assert harness.left == set()


def test_the_counts_are_right_whatever_commit_the_process_dies_at(many: Callable[[], Harness]) -> None:
    commits = many()
    commits.run()
    for number in range(1, commits.documents.commits + 1):
        harness = many()
        harness.die_at_commit(number)

        assert harness.run_until_finished()["erased"] == EXPECTED, number
        assert harness.left == set(), number


def test_the_work_is_snoozed_when_the_time_budget_runs_short_and_continues(many: Callable[[], Harness]) -> None:
    harness = many()
    erase, harness.traces.erase = harness.traces.erase, None  # type: ignore[assignment,method-assign]

    def slowly(stored: Stored, **options: Any) -> None:
        harness.clock.wait(MINUTE)
        erase(stored, **options)

    harness.traces.erase = slowly  # type: ignore[method-assign]

    attempts = 0
    while True:
        attempts += 1
        try:
            receipt = harness.run(time_budget=erasure.TIME_FOR_A_PAGE + SECOND)
        except Snooze:
            continue
        break

    assert receipt["erased"] == EXPECTED
    assert attempts > 3


def test_a_cancelled_erasure_stops_before_the_next_page(many: Callable[[], Harness]) -> None:
    harness = many()
    harness.documents.next_commits = [
        lambda: save(harness.documents.inner, harness.documents.stored("zz"), lifecycle.cancel(harness.request, NOW))
    ]

    with pytest.raises(AttemptAborted):
        harness.run()

    assert len(harness.left) == 17
