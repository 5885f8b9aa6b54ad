"""Processes one delivery of a task, from the claim to the outcome of the attempt.

The first delivery claims with the record in the task payload, under the precondition that the document has not been
written since. If that fails, and for every later delivery, the document is read and decides.
"""

import json
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from common import log
from common.catalog import Catalog, WorkType
from common.errors import NewerRecord, Unavailable
from common.pipeline import lifecycle, log_fields
from common.pipeline.attempt import Assets, Attempt
from common.pipeline.enqueue import Tasks, enqueue_task
from common.pipeline.lifecycle import Delivery, Transition, Verdict
from common.pipeline.record import OPEN, Record, Status
from common.pipeline.store import Conflict, Documents, Stored, save
from common.pipeline.task_payload import TaskPayload
from common.work import AttemptAborted, FailureCode, Outcome, PermanentFailure, RetryAfter, Snooze

UNEXPECTED = "The attempt failed unexpectedly."
OUT_OF_TIME = "The attempt exceeded its time budget."

CLAIM_ROUNDS = 3
CLAIM_PAUSE = timedelta(seconds=5)

Decision = Callable[[Record], Transition]


class Unread(Exception):
    """The request could not be read, so the delivery has changed nothing."""


class Undecided(Exception):
    """The outcome of a write is unknown. `verdict` is the answer if it stays unknown."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict)
        self.verdict = verdict


class Worker:
    """Processes deliveries. Keeps no state between them."""

    def __init__(
        self,
        *,
        documents: Documents,
        tasks: Tasks,
        assets: Assets,
        catalog: Catalog,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        wait: Callable[[timedelta], None] = lambda duration: time.sleep(duration.total_seconds()),
        new_token: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        self._documents = documents
        self._tasks = tasks
        self._assets = assets
        self._catalog = catalog
        self._clock = clock
        self._wait = wait
        self._new_token = new_token

    def deliver(self, payload: TaskPayload, delivery: Delivery) -> Verdict:
        """Claims the request, runs the work, stores the outcome.

        Raises Unread if the request could not be read, and Unavailable if the outcome could not be stored.
        """
        arrived_at = self._clock()
        verdict, held = self._claim(payload, delivery)
        if held is None or verdict is not Verdict.CLAIMED:
            return verdict
        log.bind(
            type=held.record.type,
            attempt=held.record.attempt,
            trace=held.record.trace,
            **log_fields.of_claim(held.record),
        )
        work_type = self._type_of(held.record)
        budget = work_type.policy.time_budget
        attempt = Attempt(
            held,
            documents=self._documents,
            assets=self._assets,
            deadline=arrived_at + min(budget, payload.time_budget or budget),
            clock=self._clock,
            wait=self._wait,
        )
        decide = self._run(work_type, held.record, attempt)
        try:
            transition, ended = attempt.finish(decide)
        except Conflict as conflict:
            log.info("attempt.superseded")
            return _verdict_after_conflict(conflict.current, delivery)
        except NewerRecord as error:  # the work has run, so this delivery must count as dead
            raise Unavailable(str(error)) from error
        log.bind(**log_fields.of_end(ended.record))
        self._enqueue_successors(transition, ended)
        return transition.verdict

    def _claim(self, payload: TaskPayload, delivery: Delivery) -> tuple[Verdict, Stored | None]:
        """Decides in several rounds, since the report of a death comes only once and a claim may land late."""
        token, stored = self._new_token(), payload.stored if delivery.retry_count == 0 else None
        undecided: Verdict | None = None
        for number in range(CLAIM_ROUNDS):
            if number:
                self._wait(CLAIM_PAUSE)
            try:
                stored = stored or self._documents.read(payload.record_id)
                return self._claim_stored(stored, delivery, token)
            except Undecided as error:
                undecided = error.verdict
            except Unavailable as error:
                log.warning("claim.unread", reason=str(error))
        if undecided is None:
            raise Unread(f"{payload.record_id} could not be read")
        return undecided, None

    def _claim_stored(self, stored: Stored | None, delivery: Delivery, token: str) -> tuple[Verdict, Stored | None]:
        """Raises Undecided if the outcome of a write stays unknown."""
        while stored is not None:
            if _is_held_with(stored.record, token):
                return Verdict.CLAIMED, stored
            work_type = self._catalog.get(stored.record.type)
            lease = work_type.policy.lease if work_type else timedelta(0)
            transition = lifecycle.claim(stored.record, delivery, token=token, lease=lease, now=self._clock())
            if work_type is None and transition.record != stored.record:
                transition = lifecycle.observe(stored.record, delivery)
                if transition.record == stored.record:
                    self._type_of(stored.record)
            if transition.record == stored.record:
                return transition.verdict, None  # an ended request of an unknown type still ends its task
            try:
                held = save(self._documents, stored, transition)
            except Conflict as conflict:
                stored = conflict.current
            except Unavailable as error:
                is_busy = transition.verdict is Verdict.BUSY
                raise Undecided(Verdict.BUSY if is_busy else Verdict.UNSETTLED) from error
            else:
                log.bind(**log_fields.of_end(held.record))
                self._enqueue_successors(transition, held)
                return transition.verdict, held
        return Verdict.MISSING, None

    def _run(self, work_type: WorkType, record: Record, attempt: Attempt) -> Decision:
        """Runs the work. Returns the decision on its outcome, which is taken on the record stored at that time."""
        try:
            given = work_type.input.model_validate_json(json.dumps(record.input))
            result = work_type.run(given, attempt)
        except Snooze as snooze:
            delay = snooze.delay
            return lambda held: lifecycle.snooze(held, delay, self._clock())
        except Outcome as outcome:
            return self._decide_outcome(outcome)
        except AttemptAborted:
            return self._failed(FailureCode.TIMEOUT, OUT_OF_TIME)
        except Exception:
            log.error("attempt.failed", exc_info=True)
            return self._failed(FailureCode.ATTEMPT_FAILED, UNEXPECTED)
        return lambda held: lifecycle.complete(held, result, self._clock())

    def _decide_outcome(self, outcome: Outcome) -> Decision:
        code, message = outcome.code, outcome.message
        if isinstance(outcome, PermanentFailure):
            return lambda held: lifecycle.fail_permanently(held, code, message, self._clock())
        return self._failed(code, message, delay=outcome.delay if isinstance(outcome, RetryAfter) else None)

    def _failed(self, code: str, message: str, *, delay: timedelta | None = None) -> Decision:
        return lambda held: lifecycle.fail_attempt(held, code, message, self._clock(), delay=delay)

    def _enqueue_successors(self, transition: Transition, stored: Stored) -> None:
        """Creates the tasks of a rescheduled request and of notifications. The sweeper creates those that fail here."""
        rescheduled = [stored] if transition.verdict is Verdict.RESCHEDULED else []
        try:
            children = self._documents.read_all(child.id for child in transition.children)
        except Unavailable as error:
            log.warning("enqueue.left_to_sweeper", reason=str(error))
            children = {}
        for each in (*rescheduled, *children.values()):
            enqueue_task(self._tasks, each, now=self._clock())

    def _type_of(self, record: Record) -> WorkType:
        try:
            return self._catalog[record.type]
        except KeyError:
            raise NewerRecord(f"{record.id} is of type {record.type}, which this release does not have") from None


def _is_held_with(record: Record, token: str) -> bool:
    return record.status is Status.PROCESSING and record.claim is not None and record.claim.token == token


def _verdict_after_conflict(current: Stored | None, delivery: Delivery) -> Verdict:
    """Returns the verdict of a worker whose write lost against another."""
    if current is None:
        return Verdict.MISSING
    if current.record.status not in OPEN:
        return Verdict.ENDED
    return Verdict.BUSY if current.record.generation == delivery.generation else Verdict.SUPERSEDED
