"""Recovers every overdue request: its task was lost, its worker died, or its caller died before the task existed.

An error in one request is logged and does not stop the others.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Protocol

from common import log
from common.catalog import Catalog
from common.errors import NewerRecord, Unavailable
from common.pipeline import lifecycle, log_fields
from common.pipeline.due import SHARDS
from common.pipeline.enqueue import enqueue_task
from common.pipeline.lifecycle import Transition, Verdict
from common.pipeline.record import OPEN, Record
from common.pipeline.store import Conflict, Documents, Overdue, Stored, save

PAGE = 100
TIME_BUDGET = timedelta(seconds=50)
SKIPPED = "skipped"
UNREAD = "shards_unread"


class OverdueDocuments(Documents, Protocol):
    def overdue(self, *, shard: int, now: datetime, limit: int, after: Overdue | None = None) -> list[Overdue]: ...


class Tasks(Protocol):
    def enqueue(self, stored: Stored) -> bool: ...
    def exists(self, record: Record) -> bool: ...


class Sweeper:
    """Recovers overdue requests."""

    def __init__(
        self,
        *,
        documents: OverdueDocuments,
        tasks: Tasks,
        catalog: Catalog,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._documents = documents
        self._tasks = tasks
        self._catalog = catalog
        self._clock = clock

    def sweep(self) -> Counter[str]:
        """Sweeps all shards in parallel. Returns the number of requests by verdict."""
        with ThreadPoolExecutor(max_workers=SHARDS) as shards:
            return sum(shards.map(self.sweep_shard, range(SHARDS)), Counter())

    def sweep_shard(self, shard: int) -> Counter[str]:
        """Reads page after page until nothing is overdue or the time budget is spent. The next sweep continues."""
        until = self._clock() + TIME_BUDGET
        counts: Counter[str] = Counter()
        try:
            for found in self._overdue(shard):
                if self._clock() >= until:
                    break
                counts[self._recover(found)] += 1
        except Unavailable as error:
            log.error("sweep.shard_failed", shard=shard, reason=str(error))
            counts[UNREAD] += 1
        return counts

    def _overdue(self, shard: int) -> Iterator[Overdue]:
        now, last = self._clock(), None
        while page := self._documents.overdue(shard=shard, now=now, limit=PAGE, after=last):
            yield from page
            if len(page) < PAGE:
                return
            last = page[-1]

    def _recover(self, found: Overdue) -> str:
        if found.stored is None:
            log.warning("sweep.skipped", request_id=found.id)
            return SKIPPED
        with log.bound(request_id=found.id, open_seconds=log_fields.open_seconds(found.stored.record, self._clock())):
            return self._recover_stored(found.stored)

    def _recover_stored(self, stored: Stored) -> str:
        if stored.record.type not in self._catalog:
            log.bind(unknown_type=stored.record.type)
        try:
            verdict = self._apply_sweep(stored)
        except Conflict:
            return SKIPPED
        except (Unavailable, NewerRecord) as error:
            log.warning("sweep.failed", reason=str(error))
            return SKIPPED
        except Exception:
            log.error("sweep.failed", exc_info=True)
            return SKIPPED
        log.info("sweep.moved", verdict=verdict)
        return verdict

    def _apply_sweep(self, stored: Stored) -> Verdict:
        is_known = stored.record.type in self._catalog
        sweep = lifecycle.sweep if is_known else lifecycle.sweep_unknown_type
        transition = sweep(stored.record, self._clock())
        if transition.verdict is Verdict.NOT_DUE:
            return transition.verdict
        moved = save(self._documents, stored, transition)
        log.bind(**log_fields.of_end(moved.record))
        if moved.record.status in OPEN:
            return self._ensure_task(moved, transition) if is_known else transition.verdict
        for child in self._documents.read_all(child.id for child in transition.children).values():
            enqueue_task(self._tasks, child, now=self._clock())
        return transition.verdict

    def _ensure_task(self, stored: Stored, transition: Transition) -> Verdict:
        """Creates the task. If its name was used and the task is gone, creates one of a new generation."""
        if self._tasks.enqueue(stored) or self._tasks.exists(stored.record):
            return transition.verdict
        renewed = lifecycle.renew(stored.record, self._clock())
        self._tasks.enqueue(save(self._documents, stored, renewed))
        return renewed.verdict
