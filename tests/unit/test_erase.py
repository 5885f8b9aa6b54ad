"""Erasing one request: what its callers see, and the removal of its traces."""

from datetime import timedelta

import pytest

from common.errors import Erased, NotFound, Unavailable, WrongState
from common.pipeline import lifecycle
from common.pipeline.ids import purge_id
from common.pipeline.lifecycle import Traces
from common.pipeline.purge import Purge
from common.pipeline.record import ENDED, OPEN, Record, Status
from common.pipeline.store import Stored, save
from common.pipeline.submission import Submission
from common.pipeline.traces import TraceRemover
from common.work import JsonObject, Snooze
from tests.fakes import FakeAssets
from tests.unit.builders import MINUTE, NOW, POLICY, Clock, ended, processing, queued, record_with
from tests.unit.request_service_harness import ANN, MALLORY, Harness
from tests.unit.scripted_gateways import CommitFault, ScriptedDocuments, ScriptedTasks
from tests.unit.test_request_service import USE_CASES

PURGE = purge_id(ended(Status.FAILED))
EMAIL: JsonObject = {"type": "email", "to": "ann@clinic.example"}
NOTIFY = (EMAIL, EMAIL)


def erased(harness: Harness) -> bool:
    return harness.documents["r1"].erased is not None


@pytest.mark.parametrize("status", sorted(ENDED))
def test_an_ended_request_becomes_a_tombstone_with_a_queued_purge(status: Status) -> None:
    record = ended(status)
    harness = Harness(record)

    harness.requests.erase(ANN, "r1")

    purge = lifecycle.purge_of(record, max_attempts=POLICY.max_attempts, now=NOW)
    assert harness.records == [lifecycle.erase(record, NOW).record, purge]
    assert harness.tasks.names == {f"{PURGE}-g0"}
    assert harness.documents.commits == 1


@pytest.mark.parametrize("status", sorted(OPEN))
def test_an_open_request_is_refused_and_stays(status: Status) -> None:
    harness = Harness(record_with(status))
    before = harness.state()

    with pytest.raises(WrongState, match="cancel it first"):
        harness.requests.erase(ANN, "r1")

    assert harness.state() == before


def test_a_request_of_another_tenant_is_not_found_before_and_after_it_was_erased() -> None:
    harness = Harness(ended(Status.FAILED))

    with pytest.raises(NotFound) as before:
        harness.requests.erase(MALLORY, "r1")
    harness.requests.erase(ANN, "r1")
    with pytest.raises(NotFound) as after:
        harness.requests.erase(MALLORY, "r1")
    with pytest.raises(NotFound):
        harness.requests.get(MALLORY, "r1")

    assert str(before.value) == str(after.value)


@pytest.mark.parametrize("name", USE_CASES)
def test_every_other_call_is_answered_that_the_request_was_erased(name: str) -> None:
    harness = Harness(ended(Status.FAILED))
    harness.requests.erase(ANN, "r1")
    before = harness.state()

    with pytest.raises(Erased):
        USE_CASES[name](harness.requests, ANN, "r1")

    assert harness.state() == before


def test_the_key_of_an_erased_request_stays_used() -> None:
    harness = Harness()
    [record] = harness.submit(Submission("demo", {"text": "x"})).records
    harness.requests.cancel(ANN, record.id)
    harness.requests.erase(ANN, record.id)
    before = harness.state()

    for text in ("x", "y"):
        with pytest.raises(Erased):
            harness.submit(Submission("demo", {"text": text}))

    assert harness.state() == before


def test_a_repeat_enqueues_a_purge_that_is_still_queued() -> None:
    harness = Harness(ended(Status.FAILED))
    harness.tasks.errors = {PURGE: Unavailable("no answer")}
    harness.requests.erase(ANN, "r1")
    harness.tasks.errors = {}

    harness.requests.erase(ANN, "r1")

    assert harness.tasks.names == {f"{PURGE}-g0"}
    assert harness.documents.commits == 1


def test_a_request_that_has_the_id_of_an_expired_tombstone_gets_a_purge_of_its_own() -> None:
    harness = Harness(ended(Status.FAILED))
    harness.requests.erase(ANN, "r1")
    later = ended(Status.FAILED, created_at=NOW + timedelta(days=36))
    harness.documents.inner.stored["r1"] = Stored(later, "0")

    harness.requests.erase(ANN, "r1")

    assert {PURGE, purge_id(later)} <= harness.documents.records.keys()


def test_a_lost_answer_is_resolved_by_a_read() -> None:
    harness = Harness(ended(Status.FAILED))
    harness.documents.next_commits = [CommitFault.ANSWER_LOST]

    harness.requests.erase(ANN, "r1")

    assert (erased(harness), harness.documents.commits) == (True, 1)


def test_two_erasures_at_once_both_succeed() -> None:
    harness = Harness(ended(Status.FAILED))
    harness.documents.next_commits = [
        lambda: save(harness.documents.inner, harness.documents.stored(), lifecycle.erase(ended(Status.FAILED), NOW))
    ]

    harness.requests.erase(ANN, "r1")

    assert erased(harness)


def test_a_request_that_is_redriven_first_is_not_erased() -> None:
    harness, record = Harness(ended(Status.FAILED)), ended(Status.FAILED)
    redriven = lifecycle.redrive(record, NOW, seen=0, nonce="new")
    harness.documents.next_commits = [lambda: save(harness.documents.inner, harness.documents.stored(), redriven)]

    with pytest.raises(WrongState):
        harness.requests.erase(ANN, "r1")

    assert harness.records == [redriven.record]


def test_a_redrive_finds_a_request_that_is_erased_first() -> None:
    harness = Harness(ended(Status.FAILED))
    harness.documents.next_commits = [
        lambda: save(harness.documents.inner, harness.documents.stored(), lifecycle.erase(ended(Status.FAILED), NOW))
    ]

    with pytest.raises(Erased):
        harness.requests.redrive(ANN, "r1")

    assert erased(harness)


class Remover:
    """The removal of traces over fakes with these records."""

    def __init__(self, *records: Record) -> None:
        self.documents, self.tasks, self.files = ScriptedDocuments(*records), ScriptedTasks(), FakeAssets()
        self.remover = TraceRemover(documents=self.documents, tasks=self.tasks, files=self.files, clock=Clock())
        for record in records:
            for generation in range(record.generation + 1):
                self.tasks.enqueue(Stored(record.changed(generation=generation), "0"))
            self.files.save(f"{record.id}/c1/post.png", "image/png", b"content")

    @property
    def left(self) -> tuple[set[str], set[str]]:
        """The names of the tasks and the paths of the files."""
        return self.tasks.names, set(self.files.files)


def test_the_tasks_of_all_generations_and_all_files_are_removed_and_no_others() -> None:
    remover = Remover(ended(Status.FAILED, generation=3), queued(id="r2"))

    remover.remover.remove(Traces.of(ended(Status.FAILED, generation=3)))

    assert remover.left == ({"r2-g0"}, {"r2/c1/post.png"})
    assert remover.documents["r2"].erased is None


def test_the_notifications_of_all_redrives_are_erased_whatever_their_status() -> None:
    parent = ended(Status.FAILED, notify=NOTIFY, redrive=1)
    first, second = lifecycle.notifications(parent.changed(redrive=0), NOW)
    third, fourth = lifecycle.notifications(parent, NOW)
    running = processing(id=third.id, parent=third.parent, input=third.input, tenant=None)
    remover = Remover(first.changed(generation=2), second, running, fourth)

    remover.remover.remove(Traces.of(parent))

    assert remover.left == (set(), set())
    assert {each.erased is not None for each in remover.documents.records.values()} == {True}
    assert {each.status for each in remover.documents.records.values()} == {Status.CANCELLED}


def test_a_removal_can_be_repeated() -> None:
    parent = ended(Status.COMPLETED, notify=NOTIFY)
    remover = Remover(*lifecycle.notifications(parent, NOW))
    remover.remover.remove(Traces.of(parent))
    records = remover.documents.records

    remover.remover.remove(Traces.of(parent))

    assert remover.documents.records == records


def test_an_open_request_is_cancelled_and_erased_although_it_moves_meanwhile() -> None:
    remover = Remover(queued())
    claimed = lifecycle.claim(
        queued(), lifecycle.Delivery(task="t", generation=0, retry_count=0), token="x", lease=MINUTE, now=NOW
    )
    remover.documents.next_commits = [lambda: save(remover.documents.inner, remover.documents.stored(), claimed)]

    remover.remover.erase(remover.documents.stored())

    after = remover.documents["r1"]
    assert (after.status, after.erased is not None) == (Status.CANCELLED, True)


def test_a_record_that_is_deleted_meanwhile_needs_no_erasure() -> None:
    remover = Remover(ended(Status.FAILED))
    remover.documents.next_commits = [remover.documents.inner.stored.clear]

    remover.remover.erase(remover.documents.stored())

    assert remover.documents.records == {}


class FakeWork:
    """What the purge uses of a running attempt."""

    def __init__(self, snoozes: int) -> None:
        self.snoozes = snoozes


def purge(remover: Remover, *, snoozes: int) -> JsonObject:
    policies = {"short": POLICY, "long": POLICY.model_copy(update={"time_budget_seconds": 1200})}
    run = Purge(traces=remover.remover, policies=policies).run
    return run(Traces.of(ended(Status.FAILED)), FakeWork(snoozes))  # type: ignore[arg-type]  # all that it uses


def test_a_purge_removes_everything_twice_the_second_time_after_the_longest_lease() -> None:
    remover = Remover(ended(Status.FAILED))

    with pytest.raises(Snooze) as snooze:
        purge(remover, snoozes=0)
    assert remover.left == (set(), set())
    remover.files.save("r1/c1/late.png", "image/png", b"of a worker that had lost its claim")

    assert purge(remover, snoozes=1) == {}
    assert remover.left == (set(), set())
    assert snooze.value.delay >= timedelta(seconds=1200) + MINUTE
