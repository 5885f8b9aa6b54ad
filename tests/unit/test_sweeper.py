"""The sweeper: it recovers each overdue request whose task, worker or caller died."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any, NoReturn

import pytest

from common.errors import NewerRecord, Unavailable
from common.pipeline import lifecycle
from common.pipeline.due import due_key
from common.pipeline.ids import child_id
from common.pipeline.record import Record, Status
from common.pipeline.store import Overdue, save
from common.pipeline.sweeper import Sweeper
from tests.unit.builders import LEASE, MINUTE, NOW, SECOND, Clock, catalog, ended, processing, queued
from tests.unit.conftest import LoggedEvent
from tests.unit.scripted_gateways import ScriptedDocuments, ScriptedTasks

NOTIFY = ({"type": "email", "to": "ann@clinic.example"},)
CHILD = child_id(parent="r1", redrive=0, index=0)
LATER = NOW + LEASE
OPEN_SECONDS = int(LEASE.total_seconds())


class Harness:
    """A sweeper at LATER, when the open records of the builders are overdue."""

    def __init__(self, *records: Record) -> None:
        self.documents, self.tasks, self.clock = ScriptedDocuments(*records), ScriptedTasks(), Clock(LATER)
        self.sweeper = Sweeper(documents=self.documents, tasks=self.tasks, catalog=catalog(), clock=self.clock)

    def sweep(self) -> Counter[str]:
        return self.sweeper.sweep()


def shard_of(record_id: str) -> int:
    return int(due_key(record_id, NOW)[:2], 16)


def swept(record: Record, now: datetime = LATER) -> Record:
    return lifecycle.sweep(record, now).record


ONE_SHARD = [record_id for record_id in (f"r{number}" for number in range(1200)) if shard_of(record_id) == 0][:250]


def test_a_missing_task_of_a_queued_request_is_created() -> None:
    harness = Harness(queued())

    assert harness.sweep() == {"postponed": 1}

    assert harness.documents["r1"] == swept(queued())
    assert harness.tasks.stored("r1-g0") == harness.documents.stored()


def test_an_existing_task_of_a_queued_request_is_kept() -> None:
    harness = Harness(queued())
    before = harness.documents.stored()
    harness.tasks.enqueue(before)

    assert harness.sweep() == {"postponed": 1}

    assert harness.documents["r1"] == swept(queued())
    assert harness.tasks.stored("r1-g0") == before


def test_a_task_whose_name_was_used_gets_a_new_name() -> None:
    harness = Harness(queued())
    harness.tasks.inner.used = {"r1-g0"}

    assert harness.sweep() == {"renewed": 1}

    assert harness.documents["r1"] == lifecycle.renew(swept(queued()), LATER).record
    assert harness.tasks.names == {"r1-g1"}


def test_a_request_whose_worker_died_is_queued_under_a_new_task() -> None:
    harness = Harness(processing())

    assert harness.sweep() == {"rescued": 1}

    assert harness.documents["r1"] == swept(processing())
    assert harness.tasks.names == {"r1-g1"}


def test_a_request_whose_last_worker_died_fails_and_its_notifications_are_enqueued() -> None:
    record = processing(attempt=3, notify=NOTIFY)
    harness = Harness(record)

    assert harness.sweep() == {"failed": 1}

    assert harness.documents["r1"] == swept(record)
    assert (harness.documents[CHILD].status, harness.tasks.names) == (Status.QUEUED, {f"{CHILD}-g0"})


def test_a_request_that_is_not_overdue_is_not_changed() -> None:
    records = [
        queued().changed(due=due_key("r1", LATER + SECOND)),
        processing(id="r2", due=due_key("r2", LATER + SECOND)),
        ended(Status.FAILED, id="r3"),
    ]
    harness = Harness(*records)

    assert harness.sweep() == {}

    assert list(harness.documents.records.values()) == records
    assert harness.tasks.names == set()


def test_a_request_of_a_newer_schema_is_skipped(log_events: list[LoggedEvent]) -> None:
    harness = Harness(queued())
    harness.documents.newer = {"r1"}

    assert harness.sweep() == {"skipped": 1}

    assert (harness.documents.records, harness.tasks.names) == ({"r1": queued()}, set())
    assert log_events == [LoggedEvent("sweep.skipped", "WARNING", {"request_id": "r1"}, has_traceback=False)]


def test_a_request_of_an_unknown_type_is_postponed_without_a_task(log_events: list[LoggedEvent]) -> None:
    record = queued(type="newer")
    harness = Harness(record)

    assert (harness.sweep(), harness.sweep()) == ({"postponed": 1}, {})

    assert (harness.documents["r1"], harness.tasks.names) == (swept(record), set())
    fields = {"request_id": "r1", "open_seconds": OPEN_SECONDS, "unknown_type": "newer", "verdict": "postponed"}
    assert log_events == [LoggedEvent("sweep.moved", "INFO", fields, has_traceback=False)]


def test_a_request_of_an_unknown_type_whose_worker_died_gets_its_task_from_a_release_that_knows_it() -> None:
    harness = Harness(processing(type="newer"))

    assert harness.sweep() == {"rescued": 1}
    assert harness.tasks.names == set()
    harness.clock.wait(2 * MINUTE)
    newer = Sweeper(
        documents=harness.documents,
        tasks=harness.tasks,
        catalog={"newer": catalog()["demo"]},
        clock=harness.clock,
    )
    assert newer.sweep() == {"postponed": 1}

    assert harness.tasks.names == {"r1-g1"}


def test_a_request_of_an_unknown_type_fails_after_three_days_and_its_notifications_are_enqueued() -> None:
    records = queued(type="removed", notify=NOTIFY), queued(id="r2", type="removed")
    harness = Harness(*records)
    harness.clock.now = NOW + timedelta(days=3)
    harness.tasks.errors = {CHILD: NewerRecord("the notifications of this type are removed, too")}

    assert harness.sweep() == {"failed": 2}

    errors = [harness.documents[each.id].error for each in records]
    assert [error.code for error in errors if error is not None] == ["withdrawn"] * 2
    assert (harness.documents[CHILD].status, harness.tasks.names) == (Status.QUEUED, set())
    assert harness.sweep() == {}


@pytest.mark.parametrize("error", [Unavailable("no answer"), ValueError("a bug")], ids=["unavailable", "bug"])
def test_an_error_of_one_request_does_not_stop_the_others(error: Exception) -> None:
    ids = [f"r{number}" for number in range(20)]
    harness = Harness(*(queued(id=record_id) for record_id in ids))
    harness.tasks.errors = dict.fromkeys(ids[::4], error)

    assert harness.sweep() == {"skipped": 5, "postponed": 15}

    assert harness.tasks.names == {f"{record_id}-g0" for record_id in ids if record_id not in harness.tasks.errors}


def test_a_task_that_could_not_be_created_is_created_by_a_later_sweep() -> None:
    harness = Harness(queued())
    harness.tasks.errors = {"r1": Unavailable("no answer")}
    harness.sweep()
    harness.tasks.errors = {}
    harness.clock.wait(4 * MINUTE)

    assert harness.sweep() == {"postponed": 1}

    assert harness.tasks.names == {"r1-g0"}


def test_a_request_that_another_process_has_changed_is_skipped_without_a_warning(
    log_events: list[LoggedEvent],
) -> None:
    harness = Harness(processing())
    completed = lifecycle.complete(processing(), {}, LATER)
    harness.documents.next_commits = [lambda: save(harness.documents.inner, harness.documents.stored(), completed)]

    assert harness.sweep() == {"skipped": 1}

    assert log_events == []
    assert (harness.documents.records, harness.tasks.names) == ({"r1": completed.record}, set())


def test_all_pages_of_a_shard_are_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness(*(queued(id=record_id) for record_id in ONE_SHARD))
    pages, overdue = [], harness.documents.overdue

    def read(**query: Any) -> list[Overdue]:
        pages.append(len(page := overdue(**query)))
        return page

    monkeypatch.setattr(harness.documents, "overdue", read)

    assert harness.sweeper.sweep_shard(0) == {"postponed": 250}

    assert pages == [100, 100, 50]


def test_a_page_of_skipped_requests_does_not_end_the_sweep() -> None:
    harness = Harness(*(queued(id=record_id) for record_id in ONE_SHARD))
    harness.documents.newer = set(sorted(ONE_SHARD)[:100])

    assert harness.sweeper.sweep_shard(0) == {"skipped": 100, "postponed": 150}


def test_a_sweep_ends_after_50_seconds_and_the_next_one_continues() -> None:
    harness = Harness(*(queued(id=record_id) for record_id in ONE_SHARD))
    harness.tasks.before_call = lambda: harness.clock.wait(SECOND)

    first = harness.sweeper.sweep_shard(0)
    harness.tasks.before_call = lambda: None
    second = harness.sweeper.sweep_shard(0)

    assert (first, second) == ({"postponed": 50}, {"postponed": 200})


def test_a_sweep_covers_every_shard() -> None:
    ids = [f"r{number}" for number in range(40)]
    harness = Harness(*(queued(id=record_id) for record_id in ids))

    assert harness.sweep() == {"postponed": 40}

    assert {shard_of(record_id) for record_id in ids} == {0, 1, 2, 3}


def test_a_shard_that_cannot_be_read_is_counted_and_logged(
    log_events: list[LoggedEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = Harness()

    def fail(**_: object) -> NoReturn:
        raise Unavailable("no answer")

    monkeypatch.setattr(harness.documents, "overdue", fail)

    assert harness.sweeper.sweep_shard(3) == {"shards_unread": 1}

    fields = {"shard": 3, "reason": "no answer"}
    assert log_events == [LoggedEvent("sweep.shard_failed", "ERROR", fields, has_traceback=False)]


def test_a_recovered_request_is_logged_with_its_verdict(log_events: list[LoggedEvent]) -> None:
    Harness(queued()).sweep()

    fields = {"request_id": "r1", "open_seconds": OPEN_SECONDS, "verdict": "postponed"}
    assert log_events == [LoggedEvent("sweep.moved", "INFO", fields, has_traceback=False)]


def test_a_request_that_the_sweeper_ended_is_logged_with_its_end(log_events: list[LoggedEvent]) -> None:
    Harness(processing(attempt=3)).sweep()

    end = {"type": "demo", "ended": "failed", "code": "lost", "total_ms": 660_000}
    fields = {"request_id": "r1", "open_seconds": OPEN_SECONDS, "verdict": "failed", **end}
    assert log_events == [LoggedEvent("sweep.moved", "INFO", fields, has_traceback=False)]


@pytest.mark.parametrize(
    ("error", "level", "reason", "has_traceback"),
    [
        (Unavailable("no answer"), "WARNING", {"reason": "no answer"}, False),
        (ValueError("a bug"), "ERROR", {}, True),
    ],
    ids=["unavailable", "bug"],
)
def test_an_error_of_a_request_is_logged(
    error: Exception, level: str, reason: dict[str, str], has_traceback: bool, log_events: list[LoggedEvent]
) -> None:
    harness = Harness(queued())
    harness.tasks.errors["r1"] = error

    assert harness.sweep() == {"skipped": 1}

    fields = {"request_id": "r1", "open_seconds": OPEN_SECONDS, **reason}
    assert log_events == [LoggedEvent("sweep.failed", level, fields, has_traceback=has_traceback)]
