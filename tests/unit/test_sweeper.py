"""What brings back every request whose task, worker or caller has died."""

import logging
from collections import Counter
from datetime import datetime, timedelta
from typing import Any, NoReturn

import pytest

from common.errors import Unavailable
from common.log import LOGGER_NAME
from common.pipeline import lifecycle
from common.pipeline.record import Failure, Record, Status, child_id, due_key
from common.pipeline.store import Overdue, save
from common.pipeline.sweeper import Sweeper
from tests.unit.builders import LEASE, NOW, Clock, catalog, ended, processing, queued
from tests.unit.conftest import LoggedEvent
from tests.unit.scripted_gateways import CommitFault, ScriptedDocuments, ScriptedTasks

NOTIFY = ({"type": "email", "to": "ann@clinic.example"},)
CHILD = child_id(parent="r1", redrive=0, index=0)
LATER = NOW + LEASE
SECOND = timedelta(seconds=1)


class House:
    """A sweeper at a time when all of these are overdue, unless they say otherwise."""

    def __init__(self, *records: Record) -> None:
        self.documents, self.tasks, self.clock = ScriptedDocuments(*records), ScriptedTasks(), Clock()
        self.clock.now = LATER
        self.sweeper = Sweeper(documents=self.documents, tasks=self.tasks, catalog=catalog(), clock=self.clock)

    def sweep(self) -> Counter[str]:
        return self.sweeper.sweep()


def due(moment: datetime, record_id: str = "r1") -> str:
    return due_key(record_id, moment)


def postponed(record: Record) -> Record:
    return lifecycle.sweep(record, LATER).record


def test_a_queued_request_whose_task_is_missing_gets_it_back() -> None:
    house = House(queued())

    assert house.sweep() == {"postponed": 1}

    assert house.documents["r1"] == postponed(queued())
    assert house.tasks.stored("r1-g0") == house.documents.stored()


def test_a_queued_request_whose_task_is_waiting_keeps_it() -> None:
    house = House(queued())
    house.tasks.inner.enqueue(house.documents.stored())

    assert house.sweep() == {"postponed": 1}

    assert house.documents["r1"] == postponed(queued())
    assert house.tasks.names == {"r1-g0"}


def test_a_task_name_that_is_used_up_is_replaced_by_a_new_one() -> None:
    house = House(queued())
    house.tasks.inner.used = {"r1-g0"}

    assert house.sweep() == {"renewed": 1}

    assert house.documents["r1"] == lifecycle.renew(postponed(queued()), LATER).record
    assert house.tasks.names == {"r1-g1"}


def test_a_request_whose_worker_is_gone_is_queued_with_a_new_task() -> None:
    house = House(processing())

    assert house.sweep() == {"rescued": 1}

    assert house.documents["r1"] == lifecycle.sweep(processing(), LATER).record
    assert house.tasks.names == {"r1-g1"}


def test_a_request_whose_last_worker_is_gone_ends_and_its_notifications_go_out() -> None:
    house = House(processing(attempt=3, notify=NOTIFY))

    assert house.sweep() == {"failed": 1}

    assert house.documents["r1"].error == Failure(
        code="lost", message="Its last attempt ended without an answer.", attempt=3, started_at=NOW, at=LATER
    )
    assert (house.documents[CHILD].status, house.tasks.names) == (Status.QUEUED, {f"{CHILD}-g0"})


def test_what_is_not_due_is_not_touched() -> None:
    records = [
        queued().changed(due=due(LATER + SECOND)),
        processing(id="r2", started_at=NOW).changed(due=due(LATER + SECOND, "r2")),
        ended(Status.FAILED, id="r3"),
    ]
    house = House(*records)

    assert house.sweep() == {}

    assert [house.documents[record.id] for record in records] == records
    assert house.tasks.names == set()


def test_a_type_that_is_not_known_and_a_newer_record_are_not_touched() -> None:
    records = [queued(type="newer"), queued(id="r2")]
    house = House(*records)
    house.documents.newer = {"r2"}

    assert house.sweep() == {"skipped": 2}

    assert [house.documents[record.id] for record in records] == records
    assert house.tasks.names == set()


@pytest.mark.parametrize("trouble", [Unavailable("no answer"), ValueError("a bug")])
def test_a_request_that_fails_does_not_keep_the_others_from_being_moved(trouble: Exception) -> None:
    ids = [f"r{number}" for number in range(20)]
    house = House(*(queued(id=record_id) for record_id in ids))
    house.tasks.errors = dict.fromkeys(ids[::4], trouble)

    assert house.sweep() == {"skipped": 5, "postponed": 15}

    assert house.tasks.names == {f"{record_id}-g0" for record_id in ids if record_id not in house.tasks.errors}


def test_a_request_whose_task_could_not_be_made_is_tried_again_later() -> None:
    house = House(queued())
    house.tasks.errors = {"r1": Unavailable("no answer")}
    house.sweep()

    house.tasks.errors = {}
    house.clock.now += timedelta(minutes=4)

    assert house.sweep() == {"postponed": 1}
    assert house.tasks.names == {"r1-g0"}


def test_a_request_that_another_has_moved_meanwhile_is_left_to_it_as_no_failure(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(processing())

    def complete() -> None:
        held = house.documents.stored()
        save(house.documents.inner, held, lifecycle.complete(held.record, {}, LATER))

    house.documents.next_commits = [complete]
    logger = logging.getLogger(LOGGER_NAME)
    monkeypatch.setattr(logger, "handlers", [caplog.handler])

    assert house.sweep() == {"skipped": 1}

    assert [event for event in caplog.records if event.levelno >= logging.WARNING] == []
    assert (house.documents["r1"].status, house.tasks.names) == (Status.COMPLETED, set())


def test_a_write_whose_answer_was_lost_still_brings_the_task() -> None:
    house = House(processing())
    house.documents.next_commits = [CommitFault.ANSWER_LOST]

    assert house.sweep() == {"rescued": 1}

    assert house.tasks.names == {"r1-g1"}


def shard_of(record_id: str) -> int:
    return int(due(NOW, record_id)[:2], 16)


ONE_SHARD = [record_id for record_id in (f"r{number}" for number in range(1200)) if shard_of(record_id) == 0][:250]


def test_all_pages_of_a_shard_are_moved() -> None:
    house = House(*(queued(id=record_id) for record_id in ONE_SHARD))

    assert house.sweeper.sweep_shard(0) == {"postponed": 250}


def test_a_page_of_requests_that_fail_does_not_hide_the_next() -> None:
    house = House(*(queued(id=record_id) for record_id in ONE_SHARD))
    first_page = sorted(ONE_SHARD)[:100]
    house.documents.newer = set(first_page)

    assert house.sweeper.sweep_shard(0) == {"skipped": 100, "postponed": 150}


def test_a_sweep_ends_after_50_seconds_and_the_next_takes_the_rest() -> None:
    house = House(*(queued(id=record_id) for record_id in ONE_SHARD))
    house.tasks.before_call = lambda: house.clock.wait(SECOND)

    first = house.sweeper.sweep_shard(0)
    house.tasks.before_call = lambda: None
    second = house.sweeper.sweep_shard(0)

    assert (first, second) == ({"postponed": 50}, {"postponed": 200})


def test_every_shard_is_swept() -> None:
    ids = [f"r{number}" for number in range(40)]
    house = House(*(queued(id=record_id) for record_id in ids))

    assert house.sweep() == {"postponed": 40}

    assert {shard_of(record_id) for record_id in ids} == {0, 1, 2, 3}


def test_what_the_sweeper_did_is_told_with_how_long_it_was_open_and_how_it_ended(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, LOGGER_NAME)
    house = House(queued(id="r1"), queued(id="r2", type="newer"), queued(id="r3"), processing(id="r4", attempt=3))
    house.tasks.errors = {"r3": Unavailable("no answer")}

    house.sweep()

    told = {line.fields["request_id"]: (line.message, line.fields) for line in caplog.records}  # type: ignore[attr-defined]  # what log.py adds
    assert {each: message for each, (message, _) in told.items()} == {
        "r1": "sweep.moved",
        "r2": "sweep.skipped",
        "r3": "sweep.failed",
        "r4": "sweep.moved",
    }
    assert {facts["open_seconds"] for _, facts in told.values()} == {LEASE.total_seconds()}
    ended = {"type": "demo", "ended": "failed", "code": "lost", "total_ms": 660_000, "verdict": "failed"}
    assert told["r4"][1] == {"request_id": "r4", "open_seconds": 660, **ended}


def test_a_record_of_a_newer_release_is_skipped_and_logged(log_events: list[LoggedEvent]) -> None:
    house = House(queued())
    house.documents.newer = {"r1"}

    assert house.sweep() == {"skipped": 1}

    assert log_events == [LoggedEvent("sweep.skipped", "WARNING", {"request_id": "r1"}, has_traceback=False)]


def test_a_request_whose_task_cannot_be_created_is_skipped_and_logged(log_events: list[LoggedEvent]) -> None:
    house = House(queued())
    house.tasks.errors["r1"] = Unavailable("no answer")

    assert house.sweep() == {"skipped": 1}

    fields = {"request_id": "r1", "open_seconds": 660, "reason": "no answer"}
    assert log_events == [LoggedEvent("sweep.failed", "WARNING", fields, has_traceback=False)]


def test_an_unexpected_error_of_a_request_is_logged_with_its_traceback(log_events: list[LoggedEvent]) -> None:
    house = House(queued())
    house.tasks.errors["r1"] = ValueError("a bug")

    assert house.sweep() == {"skipped": 1}

    fields = {"request_id": "r1", "open_seconds": 660}
    assert log_events == [LoggedEvent("sweep.failed", "ERROR", fields, has_traceback=True)]


def test_a_shard_that_cannot_be_read_is_counted_and_logged(
    log_events: list[LoggedEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House()

    def fail(**_: object) -> NoReturn:
        raise Unavailable("no answer")

    monkeypatch.setattr(house.documents, "overdue", fail)

    assert house.sweeper.sweep_shard(3) == {"shards_unread": 1}

    fields = {"shard": 3, "reason": "no answer"}
    assert log_events == [LoggedEvent("sweep.shard_failed", "ERROR", fields, has_traceback=False)]


def test_a_page_has_at_most_100_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(*(queued(id=record_id) for record_id in ONE_SHARD))
    pages, overdue = [], house.documents.overdue

    def read(**query: Any) -> list[Overdue]:
        pages.append(len(page := overdue(**query)))
        return page

    monkeypatch.setattr(house.documents, "overdue", read)
    house.sweeper.sweep_shard(0)

    assert pages == [100, 100, 50]
