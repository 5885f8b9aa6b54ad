"""Each row of the README's table of guarantees, on the real emulators and under a virtual clock."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import pytest
from google.api_core.timeout import ConstantTimeout
from google.cloud.firestore import Client

from common.pipeline.claimer import CLAIM_ROUNDS
from common.pipeline.ids import effect_key, task_name
from common.pipeline.record import Status
from common.pipeline.store import COMMIT_ATTEMPTS
from common.work import JsonObject, PermanentFailure, RetryAfter, Snooze, TryAgain, Work
from local.cloud_tasks import TIMEOUT, Attempt, VirtualClock
from local.emulators.firestore import PROJECT
from tests.integration.pipeline import Answer, Pipeline, ProcessDied
from tests.integration.proxy import ANSWER_LOST, MAX_SILENCE_SECONDS, NEVER_ARRIVED, SILENCE, Proxy

MINUTE = timedelta(minutes=1)
SWEEPER_LIMIT = timedelta(seconds=180)
SHORT_TIMEOUT_SECONDS = 1  # in place of 5


@pytest.fixture
def pipeline(firestore_emulator: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    with Proxy(firestore_emulator) as proxy:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", proxy.address)
        client = Client(project=PROJECT, database=f"t{uuid.uuid4().hex}")
        with Pipeline(firestore=proxy, clock=VirtualClock()).running(client) as running:
            yield running


def test_a_submit_that_died_before_its_commit_can_be_repeated(pipeline: Pipeline) -> None:
    pipeline.deaths.before("commit")

    with pytest.raises(ProcessDied):
        pipeline.submit()
    record = pipeline.submit()
    pipeline.tasks.advance()

    assert pipeline.record(record).status is Status.COMPLETED
    assert pipeline.answers == [200]


def test_the_callers_repeat_creates_a_missing_task_at_once(pipeline: Pipeline) -> None:
    pipeline.deaths.before("enqueue")

    with pytest.raises(ProcessDied):
        pipeline.submit()
    assert pipeline.tasks.pending() == []
    record = pipeline.submit()
    pipeline.tasks.advance()

    assert pipeline.record(record).status is Status.COMPLETED


def test_the_sweeper_creates_a_missing_task_within_180_seconds(pipeline: Pipeline) -> None:
    pipeline.deaths.before("enqueue")

    with pytest.raises(ProcessDied):
        pipeline.submit()
    pipeline.pass_time(SWEEPER_LIMIT)
    record = pipeline.only_record()

    assert record.status is Status.COMPLETED
    assert record.finished_at is not None
    assert record.finished_at - record.created_at <= SWEEPER_LIMIT


def test_a_repeat_after_a_death_during_create_task_runs_the_request_once(pipeline: Pipeline) -> None:
    pipeline.deaths.after("enqueue")

    with pytest.raises(ProcessDied):
        pipeline.submit()
    record = pipeline.submit()
    pipeline.pass_time(10 * MINUTE)

    assert pipeline.record(record).attempt == 1
    assert pipeline.answers == [200]


def test_a_lost_answer_to_the_submit_commit_is_resolved_by_a_read(pipeline: Pipeline) -> None:
    pipeline.firestore.fail("Commit", ANSWER_LOST)

    record = pipeline.submit()
    pipeline.tasks.advance()

    assert pipeline.record(record).status is Status.COMPLETED
    assert pipeline.record(record).attempt == 1


@pytest.mark.parametrize("call", ["Commit", "RunAggregationQuery"])
def test_an_unanswered_call_of_firestore_is_repeated_after_its_timeout(pipeline: Pipeline, call: str) -> None:
    pipeline.release(pipeline.policies, attempt_timeout=ConstantTimeout(SHORT_TIMEOUT_SECONDS))
    pipeline.firestore.fail(call, SILENCE)

    started = time.monotonic()
    record = pipeline.submit()

    assert SHORT_TIMEOUT_SECONDS <= time.monotonic() - started < MAX_SILENCE_SECONDS / 2
    assert pipeline.record(record).status is Status.QUEUED


def test_a_lost_answer_to_the_claim_is_resolved_by_its_token(pipeline: Pipeline) -> None:
    record = pipeline.submit()
    pipeline.firestore.fail("Commit", ANSWER_LOST)

    pipeline.tasks.advance()

    assert pipeline.record(record).status is Status.COMPLETED
    assert pipeline.record(record).attempt == 1
    assert pipeline.answers == [200]


@pytest.mark.parametrize(("when", "attempts"), [("before", 1), ("after", 2)])
def test_the_next_delivery_takes_over_after_a_death_around_the_claim(
    pipeline: Pipeline, when: str, attempts: int
) -> None:
    record = pipeline.submit()
    getattr(pipeline.deaths, when)("commit")

    pipeline.tasks.advance(MINUTE)

    assert pipeline.record(record).status is Status.COMPLETED
    assert pipeline.record(record).attempt == attempts
    assert pipeline.answers == [503, 200]


def test_no_finished_step_is_repeated_after_a_death_in_the_work(
    pipeline: Pipeline,
) -> None:
    done: list[str] = []

    def work(_input: JsonObject, work: Work) -> JsonObject:
        work.step("first", lambda: done.append("first"))
        if work.attempt == 1:
            raise ProcessDied("while working")
        work.step("second", lambda: done.append("second"))
        return {}

    pipeline.work = work
    record = pipeline.submit()

    pipeline.tasks.advance(MINUTE)

    assert pipeline.record(record).status is Status.COMPLETED
    assert done == ["first", "second"]
    assert [error.code for error in pipeline.record(record).errors or ()] == ["lost"]


def test_a_worker_that_wakes_after_its_deadline_changes_nothing(pipeline: Pipeline) -> None:
    wakes = threading.Event()
    results: list[Future[int]] = []

    def work(_input: JsonObject, work: Work) -> JsonObject:
        if work.attempt == 1:
            wakes.wait(20)
        asset = work.save("file.txt", "text/plain", f"attempt {work.attempt}".encode())
        return {"attempt": work.attempt, "assets": [asset.model_dump()]}

    pipeline.work = work
    with ThreadPoolExecutor() as threads:
        pipeline.on_delivery(1, lambda attempt: _time_out(threads, pipeline, attempt, results))
        record = pipeline.submit()
        pipeline.tasks.advance(5 * MINUTE)
        finished = pipeline.record(record)
        wakes.set()

    assert results[0].result() == 200
    assert finished.status is Status.COMPLETED
    assert finished.result is not None
    assert finished.result["attempt"] == 2
    assert pipeline.record(record) == finished
    assert list(pipeline.assets.files.values()) == [("text/plain", b"attempt 2")]


def _time_out(threads: ThreadPoolExecutor, pipeline: Pipeline, attempt: Attempt, results: list[Future[int]]) -> Answer:
    """Lets the delivery run in a thread, and reports to Cloud Tasks that it exceeded its deadline."""
    results.append(threads.submit(pipeline.deliver_raw, attempt))
    return TIMEOUT


@pytest.mark.parametrize(("when", "attempts"), [("before", 2), ("after", 1)])
def test_a_death_around_the_final_commit_ends_the_request_once(pipeline: Pipeline, when: str, attempts: int) -> None:
    record = pipeline.submit()
    getattr(pipeline.deaths, when)("commit", nth=2)

    pipeline.tasks.advance(MINUTE)

    assert pipeline.record(record).status is Status.COMPLETED
    assert pipeline.record(record).attempt == attempts
    assert pipeline.answers == [503, 200]


def test_a_lost_answer_to_the_final_commit_is_resolved_by_a_read(pipeline: Pipeline) -> None:
    record = pipeline.submit()
    pipeline.firestore.fail("Commit", None, ANSWER_LOST)

    pipeline.tasks.advance()

    assert pipeline.record(record).status is Status.COMPLETED
    assert pipeline.answers == [200]


@pytest.mark.parametrize("outcome", [Snooze(timedelta(seconds=30)), RetryAfter(timedelta(seconds=30), "busy")])
def test_the_sweeper_creates_the_missing_task_of_a_rescheduled_request(pipeline: Pipeline, outcome: Exception) -> None:
    pipeline.work = _once(outcome)
    record = pipeline.submit()
    pipeline.deaths.before("enqueue")

    pipeline.tasks.advance()
    assert pipeline.record(record).status is Status.QUEUED
    pipeline.pass_time(timedelta(seconds=30) + SWEEPER_LIMIT)

    assert pipeline.record(record).status is Status.COMPLETED


def test_the_sweeper_creates_the_missing_task_of_a_redriven_request(pipeline: Pipeline) -> None:
    pipeline.work = _once(PermanentFailure("no"))
    record = pipeline.submit()
    pipeline.tasks.advance()
    pipeline.deaths.before("enqueue")

    with pytest.raises(ProcessDied):
        pipeline.requests.redrive(pipeline.caller, record.id)
    pipeline.pass_time(SWEEPER_LIMIT)

    assert pipeline.record(record).status is Status.COMPLETED
    assert pipeline.record(record).redrive == 1


def test_the_sweeper_creates_the_missing_task_of_a_notification(pipeline: Pipeline) -> None:
    record = pipeline.submit(notify=({"type": "email", "to": "ann@example.com"},))
    pipeline.deaths.before("enqueue")

    pipeline.tasks.advance()
    [child] = pipeline.children(record)
    assert child.status is Status.QUEUED
    pipeline.pass_time(SWEEPER_LIMIT)

    assert pipeline.record(child).status is Status.COMPLETED


def test_a_request_ends_although_its_notification_exists_already(pipeline: Pipeline) -> None:
    record = pipeline.submit(notify=({"type": "email", "to": "ann@example.com"},))
    pipeline.create_children(record)

    pipeline.tasks.advance()

    assert pipeline.record(record).status is Status.COMPLETED
    assert len(pipeline.children(record)) == 1


def test_the_sweeper_replaces_a_purged_task(pipeline: Pipeline) -> None:
    record = pipeline.submit()
    pipeline.purge()

    pipeline.pass_time(SWEEPER_LIMIT)

    assert pipeline.record(record).status is Status.COMPLETED
    assert pipeline.record(record).generation == 1


def test_the_sweeper_rescues_a_request_whose_worker_and_task_are_gone(pipeline: Pipeline) -> None:
    record = pipeline.submit()
    pipeline.deaths.after("commit")
    pipeline.tasks.advance()
    pipeline.purge()

    pipeline.pass_time(5 * MINUTE)

    assert pipeline.record(record).status is Status.COMPLETED
    assert pipeline.record(record).generation == 1


@pytest.mark.parametrize(("when", "call"), [("after", "commit"), ("before", "enqueue"), ("after", "enqueue")])
def test_the_next_sweep_continues_after_a_death_of_the_sweeper(pipeline: Pipeline, when: str, call: str) -> None:
    record = pipeline.submit()
    pipeline.purge()
    pipeline.clock.move_to(pipeline.clock.now() + SWEEPER_LIMIT)
    getattr(pipeline.deaths, when)(call)

    pipeline.sweep()
    pipeline.pass_time(15 * MINUTE)

    assert pipeline.record(record).status is Status.COMPLETED


def test_a_duplicate_delivery_beside_a_running_worker_is_answered_with_409(pipeline: Pipeline) -> None:
    duplicates: list[int] = []

    def work(_input: JsonObject, work: Work) -> JsonObject:
        duplicates.append(pipeline.deliver_raw(pipeline.attempts[-1]))
        return {"attempt": work.attempt}

    pipeline.work = work
    record = pipeline.submit()

    pipeline.tasks.advance()

    assert duplicates == [409]
    assert pipeline.record(record).result == {"attempt": 1}


def test_a_forced_run_beside_a_running_worker_is_answered_with_409(pipeline: Pipeline) -> None:
    forced: list[int] = []

    def work(_input: JsonObject, work: Work) -> JsonObject:
        if work.attempt == 1:
            raise ProcessDied("so that the forced run reports a previous 503")
        forced.append(pipeline.deliver_raw(pipeline.forced_run_of_latest()))
        return {"attempt": work.attempt}

    pipeline.work = work
    record = pipeline.submit()

    pipeline.tasks.advance(MINUTE)

    assert forced == [409]
    assert pipeline.record(record).result == {"attempt": 2}


def die_in_first_attempt(_input: JsonObject, work: Work) -> JsonObject:
    if work.attempt == 1:
        raise ProcessDied("while working")
    return {"attempt": work.attempt}


def counted_headers(attempt: Attempt) -> tuple[str | None, ...]:
    names = ("RetryCount", "ExecutionCount", "PreviousResponse")
    return tuple(attempt.headers.get(f"X-CloudTasks-Task{name}") for name in names)


def test_a_forced_run_before_run_at_starts_nothing(pipeline: Pipeline) -> None:
    record = pipeline.submit(run_at=pipeline.clock.now() + 10 * MINUTE)
    [task] = pipeline.tasks.pending()

    pipeline.tasks.force_run(task.name)
    pipeline.pass_time(9 * MINUTE)

    assert set(pipeline.answers) == {425}
    assert pipeline.record(record).attempt == 0

    pipeline.pass_time(10 * MINUTE)

    assert pipeline.record(record).result == {"done": True}
    assert pipeline.record(record).attempt == 1


def test_a_forced_run_right_after_a_death_takes_over_before_the_retry_is_due(pipeline: Pipeline) -> None:
    pipeline.work = die_in_first_attempt
    record = pipeline.submit()
    pipeline.tasks.advance()

    pipeline.tasks.force_run(pipeline.attempts[0].task)

    assert pipeline.record(record).result == {"attempt": 2}
    assert [counted_headers(attempt) for attempt in pipeline.attempts] == [("0", "0", None), ("1", "0", "503")]


def test_a_request_waits_for_its_lease_if_a_retry_dies_before_it_reads(pipeline: Pipeline) -> None:
    pipeline.work = die_in_first_attempt
    pipeline.on_delivery(2, lambda _: 503)
    record = pipeline.submit()

    pipeline.pass_time(MINUTE)
    status = pipeline.record(record).status
    pipeline.pass_time(2 * MINUTE)

    assert status is Status.PROCESSING  # one of the two unanswered deliveries may still run
    assert pipeline.record(record).result == {"attempt": 2}


def test_one_of_sixteen_simultaneous_deliveries_runs_the_request(pipeline: Pipeline) -> None:
    attempts: list[int] = []
    barrier = threading.Barrier(16)

    def work(_input: JsonObject, work: Work) -> JsonObject:
        attempts.append(work.attempt)
        return {}

    pipeline.work = work
    record = pipeline.submit()
    pipeline.on_delivery(1, lambda _: 503)
    pipeline.tasks.advance()

    def deliver(_: int) -> int:
        barrier.wait()
        return pipeline.deliver_raw(pipeline.attempts[0])

    with ThreadPoolExecutor(16) as threads:
        statuses = sorted(threads.map(deliver, range(16)))

    assert attempts == [1]
    assert statuses.count(200) >= 1
    assert set(statuses) <= {200, 409}
    assert pipeline.record(record).status is Status.COMPLETED


def test_sixteen_simultaneous_submits_with_one_key_create_one_request(pipeline: Pipeline) -> None:
    with ThreadPoolExecutor(16) as threads:
        records = list(threads.map(lambda _: pipeline.submit(key="same"), range(16)))
    pipeline.tasks.advance()

    assert len({record.id for record in records}) == 1
    assert len(pipeline.attempts) == 1


def test_a_request_that_is_cancelled_during_its_attempt_stays_cancelled(pipeline: Pipeline) -> None:
    def work(_input: JsonObject, work: Work) -> JsonObject:
        pipeline.requests.cancel(pipeline.caller, record.id)
        return {"too": "late"}

    pipeline.work = work
    record = pipeline.submit()

    pipeline.tasks.advance()

    assert pipeline.record(record).status is Status.CANCELLED
    assert pipeline.record(record).result is None
    assert pipeline.answers == [200]


def test_a_worker_starts_no_step_after_it_finds_that_its_request_is_cancelled(pipeline: Pipeline) -> None:
    done: list[str] = []

    def work(_input: JsonObject, work: Work) -> JsonObject:
        work.step("first", lambda: done.append("first"))
        pipeline.requests.cancel(pipeline.caller, record.id)
        work.step("second", lambda: done.append("second"))
        work.step("third", lambda: done.append("third"))
        return {}

    pipeline.work = work
    record = pipeline.submit()

    pipeline.tasks.advance()

    assert done == ["first", "second"]  # the write after the second step finds it
    assert pipeline.record(record).steps == {"first": None}


def test_faults_before_the_claim_use_no_attempt(pipeline: Pipeline) -> None:
    record = pipeline.submit()
    pipeline.firestore.fail("Commit", *[NEVER_ARRIVED] * 6)
    pipeline.firestore.fail("BatchGetDocuments", *[NEVER_ARRIVED] * 6)

    pipeline.tasks.advance(30 * MINUTE)

    assert pipeline.record(record).status is Status.COMPLETED
    assert pipeline.record(record).attempt == 1


def test_a_claim_that_never_arrives_is_answered_with_423_and_uses_no_attempt(pipeline: Pipeline) -> None:
    record = pipeline.submit()
    pipeline.firestore.fail("Commit", *[NEVER_ARRIVED] * COMMIT_ATTEMPTS * CLAIM_ROUNDS)

    pipeline.tasks.advance(MINUTE)

    assert pipeline.answers == [423, 200]
    assert pipeline.record(record).attempt == 1


def test_a_request_that_cannot_be_read_is_answered_with_425(pipeline: Pipeline) -> None:
    pipeline.release(pipeline.policies, read_retry=None)  # its retries would take seconds of real time
    pipeline.on_delivery(1, lambda _: 503)
    record = pipeline.submit()
    pipeline.firestore.fail("BatchGetDocuments", *[NEVER_ARRIVED] * CLAIM_ROUNDS)

    pipeline.tasks.advance(MINUTE)

    assert pipeline.answers == [425, 200]
    assert pipeline.record(record).attempt == 1


def test_the_effect_key_changes_with_a_redrive_only(pipeline: Pipeline) -> None:
    keys: list[str] = []

    def work(_input: JsonObject, work: Work) -> JsonObject:
        keys.append(work.effect_key)
        raise TryAgain("no luck") if work.attempt < 3 else PermanentFailure("no")

    pipeline.work = work
    record = pipeline.submit()

    pipeline.tasks.advance(10 * MINUTE)
    pipeline.requests.redrive(pipeline.caller, record.id)
    pipeline.tasks.advance(10 * MINUTE)

    assert keys == [effect_key(record)] * 3 + [effect_key(pipeline.record(record))] * 3
    assert len(set(keys)) == 2


def test_a_request_that_is_submitted_again_after_its_deletion_has_another_effect_key(pipeline: Pipeline) -> None:
    keys: list[str] = []

    def work(_input: JsonObject, work: Work) -> JsonObject:
        keys.append(work.effect_key)
        return {}

    pipeline.work = work
    for _ in range(2):
        record = pipeline.submit()
        pipeline.tasks.advance(MINUTE)
        pipeline.delete(record)
        pipeline.tasks.reset_names()

    assert len(set(keys)) == 2


def test_a_request_beyond_the_horizon_of_cloud_tasks_runs_on_time(pipeline: Pipeline) -> None:
    at = pipeline.clock.now() + timedelta(days=45)
    record = pipeline.submit(run_at=at)

    assert pipeline.tasks.pending() == []
    pipeline.pass_time(timedelta(days=44, hours=1), sweep_every=timedelta(days=10))
    assert [task.name.rpartition("/")[2] for task in pipeline.tasks.pending()] == [task_name(record)]
    pipeline.pass_time(timedelta(days=1), sweep_every=timedelta(days=1))

    ended = pipeline.record(record)
    assert ended.status is Status.COMPLETED
    assert ended.started_at is not None
    assert timedelta(0) <= ended.started_at - at < timedelta(seconds=5)


def _once(outcome: Exception) -> Callable[[JsonObject, Work], JsonObject]:
    """Returns work that raises the outcome in its first attempt and then succeeds."""
    outcomes = [outcome]

    def work(_input: JsonObject, work: Work) -> JsonObject:
        if outcomes:
            raise outcomes.pop()
        return {}

    return work
