"""Claims the request of a delivery, in several rounds while the outcome of a write is unknown.

The first delivery claims with the record in the task payload, under the precondition that the document has not been
written since. If that fails, and for every later delivery, the document is read and decides.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from common import log
from common.catalog import Catalog, WorkType
from common.errors import NewerRecord, Unavailable
from common.pipeline import lifecycle, log_fields
from common.pipeline.enqueue import Tasks, enqueue_successors
from common.pipeline.lifecycle import Delivery, Verdict
from common.pipeline.record import Record, Status
from common.pipeline.store import Conflict, Documents, Stored, save
from common.pipeline.task_payload import TaskPayload

CLAIM_ROUNDS = 3
CLAIM_PAUSE = timedelta(seconds=5)


class Unread(Exception):
    """The request could not be read, so the delivery has changed nothing."""


class Undecided(Exception):
    """The outcome of a write is unknown. `verdict` is the answer if it stays unknown."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict)
        self.verdict = verdict


class Claimer:
    """Claims requests. Keeps no state between them."""

    def __init__(
        self,
        *,
        documents: Documents,
        tasks: Tasks,
        catalog: Catalog,
        clock: Callable[[], datetime],
        wait: Callable[[timedelta], None],
        new_token: Callable[[], str],
    ) -> None:
        self._documents = documents
        self._tasks = tasks
        self._catalog = catalog
        self._clock = clock
        self._wait = wait
        self._new_token = new_token

    def claim(self, payload: TaskPayload, delivery: Delivery) -> tuple[Verdict, Stored | None]:
        """Returns the verdict and, if it is CLAIMED, the claimed request. Raises Unread, or NewerRecord.

        Decides in several rounds, since the report of a death comes only once and a claim may land late.
        """
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
                    type_of(stored.record, self._catalog)
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
                enqueue_successors(transition, held, documents=self._documents, tasks=self._tasks, now=self._clock())
                return transition.verdict, held
        return Verdict.MISSING, None


def type_of(record: Record, catalog: Catalog) -> WorkType:
    """Raises NewerRecord if this release does not have the type."""
    try:
        return catalog[record.type]
    except KeyError:
        raise NewerRecord(f"{record.id} is of type {record.type}, which this release does not have") from None


def _is_held_with(record: Record, token: str) -> bool:
    return record.status is Status.PROCESSING and record.claim is not None and record.claim.token == token
