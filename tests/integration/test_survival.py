"""Each row of the table of what must survive, on the real emulators and under a virtual clock."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import pytest
from google.cloud.firestore import Client

from common.pipeline.record import Status, effect_key, task_name
from common.work import JsonObject, PermanentFailure, RetryAfter, Snooze, TryAgain, Work
from local.cloud_tasks import TIMEOUT, Attempt, VirtualClock
from local.emulators.firestore import PROJECT
from tests.integration.pipeline import Answer, Died, Pipeline
from tests.integration.proxy import LOST_ANSWER, NEVER_ARRIVED, SILENCE, Proxy

MINUTES = timedelta(minutes=1)
SWEEPER_WITHIN = timedelta(seconds=180)


@pytest.fixture
def pipeline(firestore_emulator: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    with Proxy(firestore_emulator) as firestore:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore.address)
        client = Client(project=PROJECT, database=f"t{uuid.uuid4().hex}")
        with Pipeline(firestore=firestore, clock=VirtualClock()).running(client) as running:
            yield running


def test_a_death_before_the_submit_commit_stores_nothing_and_the_repeat_is_accepted(pipeline: Pipeline) -> None:
    pipeline.deaths.before("commit")

    with pytest.raises(Died):
        pipeline.submit(key="again")
    record = pipeline.submit(key="again")
    pipeline.tasks.advance()

    assert pipeline.record(record).status is Status.COMPLETED
    assert pipeline.answers == [200]


def test_a_death_before_the_create_task_is_mended_by_the_callers_repeat_at_once(pipeline: Pipeline) -> None:
    pipeline.deaths.before("enqueue")

    with pytest.raises(Died):
        pipeline.submit(key="again")
    assert pipeline.tasks.pending() == []
    record = pipeline.submit(key="again")
    pipeline.tasks.advance()

    assert pipeline.record(record).status is Status.COMPLETED


def test_a_death_before_the_create_task_is_mended_by_the_sweeper_within_180_seconds(pipeline: Pipeline) -> None:
    pipeline.deaths.before("enqueue")

    with pytest.raises(Died):
        pipeline.submit(key="once")
    pipeline.pass_time(SWEEPER_WITHIN)
    record = pipeline.only_record()

    assert record.status is Status.COMPLETED
    assert record.finished_at is not None
    assert record.finished_at - record.created_at <= SWEEPER_WITHIN


def test_a_death_during_the_create_task_runs_the_request_once(pipeline: Pipeline) -> None:
    pipeline.deaths.after("enqueue")

    with pytest.raises(Died):
        pipeline.submit(key="again")
    record = pipeline.submit(key="again")
    pipeline.pass_time(10 * MINUTES)

    assert pipeline.record(record).attempt == 1
    assert pipeline.answers == [200]


def test_a_lost_answer_to_the_submit_commit_is_told_by_reading(pipeline: Pipeline) -> None:
    pipeline.firestore.fail("Commit", LOST_ANSWER)

    record = pipeline.submit()
    pipeline.tasks.advance()

    assert pipeline.record(record).status is Status.COMPLETED
    assert pipeline.record(record).attempt == 1


@pytest.mark.parametrize("call", ["Commit", "RunAggregationQuery"])
def test_a_call_that_is_never_answered_is_given_up_within_seconds(pipeline: Pipeline, call: str) -> None:
    pipeline.firestore.fail(call, SILENCE)

    started = time.monotonic()
    record = pipeline.submit()

    assert 4 < time.monotonic() - started < 12
    assert pipeline.record(record).status is Status.QUEUED


def test_a_lost_answer_to_the_claim_is_told_by_its_token(pipeline: Pipeline) -> None:
    record = pipeline.submit()
    pipeline.firestore.fail("Commit", LOST_ANSWER)

    pipeline.tasks.advance()

    assert pipeline.record(record).status is Status.COMPLETED
    assert pipeline.record(record).attempt == 1
    assert pipeline.answers == [200]


@pytest.mark.parametrize(("when", "attempts"), [("before", 1), ("after", 2)])
def test_a_death_around_the_claim_is_taken_over_by_the_next_delivery(
    pipeline: Pipeline, when: str, attempts: int
) -> None:
    record = pipeline.submit()
    getattr(pipeline.deaths, when)("commit")

    pipeline.tasks.advance(MINUTES)

    assert pipeline.record(record).status is Status.COMPLETED
    assert pipeline.record(record).attempt == attempts
    assert pipeline.answers == [503, 200]


def test_a_death_while_working_is_taken_over_and_finished_steps_are_not_repeated(pipeline: Pipeline) -> None:
    done: list[str] = []

    def work(given: JsonObject, work: Work) -> JsonObject:
        work.step("first", lambda: done.append("first"))
        if work.attempt == 1:
            raise Died("while working")
        work.step("second", lambda: done.append("second"))
        return {}

    pipeline.work = work
    record = pipeline.submit()

    pipeline.tasks.advance(MINUTES)

    assert pipeline.record(record).status is Status.COMPLETED
    assert done == ["first", "second"]
    assert [error.code for error in pipeline.record(record).errors or ()] == ["lost"]


def test_a_zombie_is_fenced_and_its_files_lie_under_its_own_claim(pipeline: Pipeline) -> None:
    waking = threading.Event()
    results: list[Future[int]] = []

    def work(given: JsonObject, work: Work) -> JsonObject:
        if work.attempt == 1:
            waking.wait(20)
        asset = work.save("file.txt", "text/plain", f"attempt {work.attempt}".encode())
        return {"attempt": work.attempt, "assets": [asset.model_dump()]}

    pipeline.work = work
    with ThreadPoolExecutor() as threads:
        pipeline.on_delivery(1, lambda attempt: _hang(threads, pipeline, attempt, results))
        record = pipeline.submit()
        pipeline.tasks.advance(5 * MINUTES)
        finished = pipeline.record(record)
        waking.set()

    assert results[0].result() == 200
    assert finished.status is Status.COMPLETED
    assert finished.result is not None
    assert finished.result["attempt"] == 2
    assert pipeline.record(record) == finished
    assert list(pipeline.assets.files.values()) == [("text/plain", b"attempt 2")]


def _hang(threads: ThreadPoolExecutor, pipeline: Pipeline, attempt: Attempt, results: list[Future[int]]) -> Answer:
    results.append(threads.submit(pipeline.deliver_raw, attempt))
    return TIMEOUT


@pytest.mark.parametrize(("when", "attempts"), [("before", 2), ("after", 1)])
def test_a_death_around_the_final_commit_ends_the_request_once(pipeline: Pipeline, when: str, attempts: int) -> None:
    record = pipeline.submit()
    getattr(pipeline.deaths, when)("commit", nth=2)

    pipeline.tasks.advance(MINUTES)

    assert pipeline.record(record).status is Status.COMPLETED
    assert pipeline.record(record).attempt == attempts
    assert pipeline.answers == [503, 200]


def test_a_lost_answer_to_the_final_commit_is_told_by_reading(pipeline: Pipeline) -> None:
    record = pipeline.submit()
    pipeline.firestore.fail("Commit", None, LOST_ANSWER)

    pipeline.tasks.advance()

    assert pipeline.record(record).status is Status.COMPLETED
    assert pipeline.answers == [200]


@pytest.mark.parametrize("outcome", [Snooze(timedelta(seconds=30)), RetryAfter(timedelta(seconds=30), "busy")])
def test_a_death_between_putting_off_and_its_task_is_mended_by_the_sweeper(
    pipeline: Pipeline, outcome: Exception
) -> None:
    pipeline.work = _once(outcome)
    record = pipeline.submit()
    pipeline.deaths.before("enqueue")

    pipeline.tasks.advance()
    assert pipeline.record(record).status is Status.QUEUED
    pipeline.pass_time(timedelta(seconds=30) + SWEEPER_WITHIN)

    assert pipeline.record(record).status is Status.COMPLETED


def test_a_death_between_a_retry_and_its_task_is_mended_by_the_sweeper(pipeline: Pipeline) -> None:
    pipeline.work = _once(PermanentFailure("no"))
    record = pipeline.submit()
    pipeline.tasks.advance()
    pipeline.deaths.before("enqueue")

    with pytest.raises(Died):
        pipeline.requests.redrive(pipeline.caller, record.id)
    pipeline.pass_time(SWEEPER_WITHIN)

    assert pipeline.record(record).status is Status.COMPLETED
    assert pipeline.record(record).redrive == 1


def test_a_death_between_the_end_and_its_notification_is_mended_by_the_sweeper(pipeline: Pipeline) -> None:
    record = pipeline.submit(notify=({"type": "email", "to": "ann@example.com"},))
    pipeline.deaths.before("enqueue")

    pipeline.tasks.advance()
    [child] = pipeline.children(record)
    assert child.status is Status.QUEUED
    pipeline.pass_time(SWEEPER_WITHIN)

    assert pipeline.record(child).status is Status.COMPLETED


def test_a_notification_that_exists_already_does_not_keep_its_parent_from_ending(pipeline: Pipeline) -> None:
    record = pipeline.submit(notify=({"type": "email", "to": "ann@example.com"},))
    pipeline.create_child_of(record)

    pipeline.tasks.advance()

    assert pipeline.record(record).status is Status.COMPLETED
    assert len(pipeline.children(record)) == 1


def test_a_purged_task_is_made_anew_by_the_sweeper(pipeline: Pipeline) -> None:
    record = pipeline.submit()
    pipeline.purge()

    pipeline.pass_time(SWEEPER_WITHIN)

    assert pipeline.record(record).status is Status.COMPLETED
    assert pipeline.record(record).generation == 1


def test_a_worker_that_dies_with_its_task_is_rescued_when_its_lease_is_over(pipeline: Pipeline) -> None:
    record = pipeline.submit()
    pipeline.deaths.after("commit")
    pipeline.tasks.advance()
    pipeline.purge()

    pipeline.pass_time(5 * MINUTES)

    assert pipeline.record(record).status is Status.COMPLETED
    assert pipeline.record(record).generation == 1


@pytest.mark.parametrize(("when", "call"), [("after", "commit"), ("before", "enqueue"), ("after", "enqueue")])
def test_a_sweeper_that_dies_between_its_steps_is_followed_by_the_next(
    pipeline: Pipeline, when: str, call: str
) -> None:
    record = pipeline.submit()
    pipeline.purge()
    pipeline.clock.move_to(pipeline.clock.now() + SWEEPER_WITHIN)
    getattr(pipeline.deaths, when)(call)

    pipeline.sweep()
    pipeline.pass_time(15 * MINUTES)

    assert pipeline.record(record).status is Status.COMPLETED


def test_a_duplicate_beside_a_healthy_worker_is_told_to_come_back(pipeline: Pipeline) -> None:
    beside: list[int] = []

    def work(given: JsonObject, work: Work) -> JsonObject:
        beside.append(pipeline.deliver_raw(pipeline.attempts[-1]))
        return {"attempt": work.attempt}

    pipeline.work = work
    record = pipeline.submit()

    pipeline.tasks.advance()

    assert beside == [409]
    assert pipeline.record(record).result == {"attempt": 1}


def test_an_operators_forced_run_beside_a_healthy_worker_leaves_it_alone(pipeline: Pipeline) -> None:
    forced: list[int] = []

    def work(given: JsonObject, work: Work) -> JsonObject:
        if work.attempt == 1:
            raise Died("so that the next forced run knows of a 503")
        forced.append(pipeline.deliver_raw(pipeline.forced_run_of_the_one_in_flight()))
        return {"attempt": work.attempt}

    pipeline.work = work
    record = pipeline.submit()

    pipeline.tasks.advance(MINUTES)

    assert forced == [409]
    assert pipeline.record(record).result == {"attempt": 2}


def test_of_sixteen_claims_at_once_one_wins(pipeline: Pipeline) -> None:
    ran: list[int] = []
    together = threading.Barrier(16)

    def work(given: JsonObject, work: Work) -> JsonObject:
        ran.append(work.attempt)
        return {}

    pipeline.work = work
    record = pipeline.submit()
    pipeline.on_delivery(1, lambda _: 503)
    pipeline.tasks.advance()

    def deliver(_: int) -> int:
        together.wait()
        return pipeline.deliver_raw(pipeline.attempts[0])

    with ThreadPoolExecutor(16) as threads:
        statuses = sorted(threads.map(deliver, range(16)))

    assert ran == [1]
    assert statuses.count(200) >= 1
    assert set(statuses) <= {200, 409}
    assert pipeline.record(record).status is Status.COMPLETED


def test_sixteen_submits_with_one_key_make_one_request(pipeline: Pipeline) -> None:
    with ThreadPoolExecutor(16) as threads:
        records = list(threads.map(lambda _: pipeline.submit(key="same"), range(16)))
    pipeline.tasks.advance()

    assert len({record.id for record in records}) == 1
    assert len(pipeline.attempts) == 1


def test_a_cancel_and_an_end_at_once_end_it_once(pipeline: Pipeline) -> None:
    def work(given: JsonObject, work: Work) -> JsonObject:
        pipeline.requests.cancel(pipeline.caller, record.id)
        return {"too": "late"}

    pipeline.work = work
    record = pipeline.submit()

    pipeline.tasks.advance()

    assert pipeline.record(record).status is Status.CANCELLED
    assert pipeline.record(record).result is None
    assert pipeline.answers == [200]


def test_a_cancelled_worker_starts_no_further_step(pipeline: Pipeline) -> None:
    done: list[str] = []

    def work(given: JsonObject, work: Work) -> JsonObject:
        work.step("first", lambda: done.append("first"))
        pipeline.requests.cancel(pipeline.caller, record.id)
        work.step("second", lambda: done.append("second"))
        work.step("third", lambda: done.append("third"))
        return {}

    pipeline.work = work
    record = pipeline.submit()

    pipeline.tasks.advance()

    assert done == ["first", "second"]  # the second step's own write is what tells it
    assert pipeline.record(record).steps == {"first": None}


def test_faults_before_the_claim_never_eat_the_budget(pipeline: Pipeline) -> None:
    record = pipeline.submit()
    pipeline.firestore.fail("Commit", *[NEVER_ARRIVED] * 6)
    pipeline.firestore.fail("BatchGetDocuments", *[NEVER_ARRIVED] * 6)

    pipeline.tasks.advance(30 * MINUTES)

    assert pipeline.record(record).status is Status.COMPLETED
    assert pipeline.record(record).attempt == 1


def test_every_effect_of_one_redrive_carries_one_key(pipeline: Pipeline) -> None:
    keys: list[str] = []

    def work(given: JsonObject, work: Work) -> JsonObject:
        keys.append(work.effect_key)
        raise TryAgain("no luck") if work.attempt < 3 else PermanentFailure("never")

    pipeline.work = work
    record = pipeline.submit()

    pipeline.tasks.advance(10 * MINUTES)
    pipeline.requests.redrive(pipeline.caller, record.id)
    pipeline.tasks.advance(10 * MINUTES)

    assert keys == [f"{record.id}-r0"] * 3 + [f"{record.id}-r1"] * 3
    assert effect_key(pipeline.record(record)) == f"{record.id}-r1"


def test_a_request_beyond_the_horizon_of_cloud_tasks_runs_at_its_time(pipeline: Pipeline) -> None:
    at = pipeline.clock.now() + timedelta(days=45)
    record = pipeline.submit(run_at=at)

    assert pipeline.tasks.pending() == []
    pipeline.pass_time(timedelta(days=44, hours=1), sweep_every=timedelta(hours=12))
    assert [task.name.rpartition("/")[2] for task in pipeline.tasks.pending()] == [task_name(record)]
    pipeline.pass_time(timedelta(days=1), sweep_every=timedelta(hours=12))

    ended = pipeline.record(record)
    assert ended.status is Status.COMPLETED
    assert ended.started_at is not None
    assert timedelta(0) <= ended.started_at - at < timedelta(seconds=5)


def _once(outcome: Exception) -> Callable[[JsonObject, Work], JsonObject]:
    """Work that comes to this outcome the first time, and then succeeds."""
    outcomes = [outcome]

    def work(given: JsonObject, work: Work) -> JsonObject:
        if outcomes:
            raise outcomes.pop()
        return {}

    return work
