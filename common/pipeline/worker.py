"""One delivery of a task, from the claim to the end of the attempt.

The body of a task is believed once only: a first delivery claims with it, unread, under the precondition that nothing
has been written since. From the first doubt on the document is read and decides.
"""

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from common import log
from common.catalog import Catalog, WorkType
from common.errors import NewerRecord, Unavailable
from common.pipeline import lifecycle, log_fields
from common.pipeline.attempt import Assets, Attempt
from common.pipeline.enqueue import Tasks, enqueue_or_leave
from common.pipeline.lifecycle import Delivery, Transition, Verdict
from common.pipeline.record import OPEN, Record
from common.pipeline.store import Conflict, Documents, Stored, save
from common.work import Outcome, PermanentFailure, RetryAfter, Snooze, Stopped

FAILED_ATTEMPT = "The attempt failed unexpectedly."
OUT_OF_TIME = "The attempt ran out of its time."

Decision = Callable[[Record], Transition]


@dataclass(frozen=True)
class Notice:
    """What a task says: the request, and on a first delivery what was stored when the task was created."""

    record_id: str
    stored: Stored | None


class Worker:
    """Processes deliveries. Holds nothing between them."""

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

    def deliver(self, notice: Notice, delivery: Delivery) -> Verdict:
        """Claim, run and end. Raises Unavailable or NewerRecord where nothing could be decided."""
        verdict, held = self._claim(notice, delivery)
        if held is None or verdict is not Verdict.CLAIMED:
            return verdict
        log.note(
            type=held.record.type,
            attempt=held.record.attempt,
            trace=held.record.trace,
            **log_fields.of_claim(held.record),
        )
        work_type = self._type_of(held.record)
        attempt = Attempt(
            held,
            documents=self._documents,
            assets=self._assets,
            time_budget=work_type.policy.time_budget,
            clock=self._clock,
            wait=self._wait,
        )
        decide = self._run(work_type, held.record, attempt)
        try:
            transition, ended = attempt.finish(decide)
        except Conflict as conflict:
            log.info("attempt.superseded")
            return _verdict_on(conflict.current, delivery)
        log.note(**log_fields.of_end(ended.record))
        self._enqueue_what_follows(transition, ended)
        return transition.verdict

    def _claim(self, notice: Notice, delivery: Delivery) -> tuple[Verdict, Stored | None]:
        token = self._new_token()
        first = notice.stored if delivery.retry_count == 0 else None
        stored = first or self._documents.read(notice.record_id)
        while stored is not None:
            transition = lifecycle.claim(
                stored.record,
                delivery,
                token=token,
                lease=self._type_of(stored.record).policy.lease,
                now=self._clock(),
            )
            if transition.record == stored.record:
                return transition.verdict, None
            try:
                held = save(self._documents, stored, transition)
            except Conflict as conflict:
                stored = conflict.current
            else:
                log.note(**log_fields.of_end(held.record))
                self._enqueue_what_follows(transition, held)
                return transition.verdict, held
        return Verdict.MISSING, None

    def _run(self, work_type: WorkType, record: Record, attempt: Attempt) -> Decision:
        """Do the work. Returns the decision on its outcome, to be taken on what is stored by then."""
        try:
            given = work_type.input.model_validate_json(json.dumps(record.input))
            result = work_type.run(given, attempt)
        except Snooze as snooze:
            delay = snooze.delay
            return lambda held: lifecycle.snooze(held, delay, self._clock())
        except Outcome as outcome:
            return self._chosen(outcome)
        except Stopped:
            return self._failed("timeout", OUT_OF_TIME)
        except Exception:
            log.error("attempt.failed", exc_info=True)
            return self._failed("attempt_failed", FAILED_ATTEMPT)
        return lambda held: lifecycle.complete(held, result, self._clock())

    def _chosen(self, outcome: Outcome) -> Decision:
        code, message = outcome.code, outcome.message
        if isinstance(outcome, PermanentFailure):
            return lambda held: lifecycle.fail_permanently(held, code, message, self._clock())
        return self._failed(code, message, delay=outcome.delay if isinstance(outcome, RetryAfter) else None)

    def _failed(self, code: str, message: str, *, delay: timedelta | None = None) -> Decision:
        return lambda held: lifecycle.fail_attempt(held, code, message, self._clock(), delay=delay)

    def _enqueue_what_follows(self, transition: Transition, stored: Stored) -> None:
        """Best effort: what fails here is durable already, and the sweeper brings it."""
        following = [stored] if transition.verdict is Verdict.RESCHEDULED else []
        try:
            children = self._documents.read_all(child.id for child in transition.children)
        except Unavailable as error:
            log.warning("enqueue.left_to_sweeper", reason=str(error))
            children = {}
        for each in (*following, *children.values()):
            enqueue_or_leave(self._tasks, each, now=self._clock())

    def _type_of(self, record: Record) -> WorkType:
        try:
            return self._catalog[record.type]
        except KeyError:
            raise NewerRecord(f"{record.id} is of type {record.type}, which is not offered here") from None


def _verdict_on(current: Stored | None, delivery: Delivery) -> Verdict:
    """What a worker that has lost its fence tells Cloud Tasks."""
    if current is None:
        return Verdict.MISSING
    if current.record.status not in OPEN:
        return Verdict.ENDED
    return Verdict.BUSY if current.record.generation == delivery.generation else Verdict.SUPERSEDED
