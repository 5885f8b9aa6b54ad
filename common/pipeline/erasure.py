"""The internal type `erasure`: erases every request that its owner submitted before it, and returns a receipt.

It works through pages of records. A page is counted and the counts are stored before the page is erased, so they are
right although an attempt dies: the next one erases what is left of the page and counts only what comes after it.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel

from common.pipeline import lifecycle
from common.pipeline.attempt import Attempt
from common.pipeline.lifecycle import Traces
from common.pipeline.owned import OwnedDocuments, owned_before
from common.pipeline.purge import second_pass_after
from common.pipeline.record import OPEN, Record
from common.pipeline.store import Stored
from common.pipeline.traces import TraceRemover
from common.queues import Policies
from common.retention import FILE_BACKUP_RETENTION, RECORD_BACKUP_RETENTION
from common.work import JsonObject, Snooze, WorkInput

CHECKPOINT = "counts"
TIME_FOR_A_PAGE = timedelta(minutes=2)


class _Counts(BaseModel):
    """What was counted so far: `through` is the last id. The page that is being erased begins after the id `after`."""

    after: str = ""
    through: str = ""
    requests: int = 0
    cancelled: int = 0
    notifications: int = 0
    files: int = 0


class Erasure:
    """Runs in `process`."""

    def __init__(
        self,
        *,
        documents: OwnedDocuments,
        traces: TraceRemover,
        policies: Policies,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._documents = documents
        self._traces = traces
        self._purge_attempts = policies[lifecycle.PURGE].max_attempts
        self._second_pass_after = second_pass_after(policies)
        self._clock = clock

    def run(self, _given: WorkInput, attempt: Attempt) -> JsonObject:
        """Returns the receipt. Raises Snooze when the time budget runs short."""
        counts = _Counts.model_validate((attempt.record.steps or {}).get(CHECKPOINT, {}))
        for page in owned_before(self._documents, attempt.record, after=counts.after):
            if attempt.time_left() < TIME_FOR_A_PAGE:
                raise Snooze(timedelta(0))
            if (counted := self._count(page, counts)) != counts:
                attempt.checkpoint(CHECKPOINT, counted.model_dump())
            for each in page:
                self._erase(each)
            counts = counted.model_copy(update={"after": page[-1].record.id})
        return _receipt(counts, self._clock())

    def _count(self, page: list[Stored], counts: _Counts) -> _Counts:
        """Adds the records of the page that are not counted yet, and their notifications: they are erased together."""
        new = [each for each in page if each.record.id > counts.through]
        counted_before = {child.record.id for each in page if each not in new for child in self._notifications(each)}
        added = {
            each.record.id: each.record
            for each in [*new, *(child for parent in new for child in self._notifications(parent))]
            if each.record.id > counts.through and each.record.id not in counted_before
        }
        requests = [record for record in added.values() if record.parent is None]
        return _Counts(
            after=counts.after,
            through=page[-1].record.id,
            requests=counts.requests + len(requests),
            cancelled=counts.cancelled + sum(record.status in OPEN for record in requests),
            notifications=counts.notifications + len(added) - len(requests),
            files=counts.files + sum(map(self._traces.count_files, added)),
        )

    def _notifications(self, stored: Stored) -> list[Stored]:
        found = self._traces.notifications(Traces.of(stored.record))
        return [each for each in found if each.record.erased is None]

    def _erase(self, stored: Stored) -> None:
        """Erases a request after its notifications, so a repeat finds it until they are erased."""
        ended = self._traces.cancel(stored)
        if ended is None or ended.record.erased is not None:
            return
        self._traces.remove(Traces.of(ended.record))
        self._traces.erase(ended, purge=self._later_purge)

    def _later_purge(self, record: Record) -> Record:
        now = self._clock()
        return lifecycle.purge_of(
            record, max_attempts=self._purge_attempts, now=now, run_at=now + self._second_pass_after
        )


def _receipt(counts: _Counts, now: datetime) -> JsonObject:
    return {
        "erased": counts.model_dump(exclude={"after", "through"}),
        "erased_at": now.isoformat(),
        "backups": {
            "records_days": RECORD_BACKUP_RETENTION.days,
            "records_until": (now + RECORD_BACKUP_RETENTION).isoformat(),
            "files_days": FILE_BACKUP_RETENTION.days,
        },
    }
