"""Processes one delivery of a task, from the claim to the outcome of the attempt."""

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
from common.pipeline.claimer import Claimer, type_of
from common.pipeline.enqueue import Tasks, enqueue_successors
from common.pipeline.lifecycle import Delivery, Transition, Verdict
from common.pipeline.record import OPEN, Record
from common.pipeline.store import Conflict, Documents, Stored
from common.pipeline.task_payload import TaskPayload
from common.work import AttemptAborted, FailureCode, Outcome, PermanentFailure, RetryAfter, Snooze

UNEXPECTED = "The attempt failed unexpectedly."
OUT_OF_TIME = "The attempt exceeded its time budget."

Decision = Callable[[Record], Transition]


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
        self._claimer = Claimer(
            documents=documents, tasks=tasks, catalog=catalog, clock=clock, wait=wait, new_token=new_token
        )

    def deliver(self, payload: TaskPayload, delivery: Delivery) -> Verdict:
        """Claims the request, runs the work, stores the outcome.

        Raises Unread if the request could not be read, and Unavailable if the outcome could not be stored.
        """
        arrived_at = self._clock()
        verdict, held = self._claimer.claim(payload, delivery)
        if held is None or verdict is not Verdict.CLAIMED:
            return verdict
        log.bind(
            type=held.record.type,
            attempt=held.record.attempt,
            trace=held.record.trace,
            **log_fields.of_claim(held.record),
        )
        work_type = type_of(held.record, self._catalog)
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
        enqueue_successors(transition, ended, documents=self._documents, tasks=self._tasks, now=self._clock())
        return transition.verdict

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


def _verdict_after_conflict(current: Stored | None, delivery: Delivery) -> Verdict:
    """Returns the verdict of a worker whose write lost against another."""
    if current is None:
        return Verdict.MISSING
    if current.record.status not in OPEN:
        return Verdict.ENDED
    return Verdict.BUSY if current.record.generation == delivery.generation else Verdict.SUPERSEDED
