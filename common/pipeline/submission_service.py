"""Submitting: a request is stored, and its task created, before its caller is answered."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from common import log
from common.caller import Caller
from common.catalog import Catalog
from common.errors import Erased, KeyReused, QuotaExceeded
from common.pipeline import lifecycle
from common.pipeline.enqueue import Tasks, enqueue_task
from common.pipeline.ids import request_id
from common.pipeline.quota import Quota, Reservation
from common.pipeline.record import Record
from common.pipeline.store import Documents, create
from common.pipeline.submission import Submission, check_limits


@dataclass(frozen=True)
class Accepted:
    """The requests in the order of the submissions. `is_replay` if an earlier call created all of them."""

    records: Sequence[Record]
    is_replay: bool


@dataclass(frozen=True, kw_only=True)
class SubmissionService:
    """Stores and enqueues what callers submit."""

    documents: Documents
    tasks: Tasks
    catalog: Catalog
    quota: Quota
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    new_id: Callable[[], str] = lambda: secrets.token_hex(16)
    new_nonce: Callable[[], str] = lambda: secrets.token_hex(8)

    def submit(
        self,
        caller: Caller,
        submissions: Sequence[Submission],
        *,
        key: str | None,
        batch: bool = False,
        trace: str | None = None,
    ) -> Accepted:
        """Stores and enqueues all or nothing. A repeat with the same key returns the stored requests.

        Raises InvalidInput, TooLarge, KeyReused, Erased, QuotaExceeded, or Unavailable if the outcome stays unknown.
        """
        now, nonce = self.clock(), self.new_nonce()
        for index, each in enumerate(submissions):
            check_limits(each, now, pointer=f"/requests/{index}" if batch else "")
        records = [
            lifecycle.submit(
                record_id=self._id(caller, key, index),
                tenant=caller.tenant,
                owner=caller.uid,
                type_name=each.type,
                work_input=each.input,
                max_attempts=self.catalog[each.type].policy.max_attempts,
                now=now,
                run_at=each.run_at,
                notify=each.notify,
                trace=trace,
                nonce=nonce,
                form=f"batch of {len(submissions)}" if batch else "single",
            )
            for index, each in enumerate(submissions)
        ]
        positions = {record.id: f"/requests/{index}" if batch else "" for index, record in enumerate(records)}

        def compare(stored: Record, submitted: Record) -> None:
            if stored.erased is not None:
                raise Erased("The request with this Idempotency-Key was erased; send a new key.")
            if not lifecycle.same_request(stored, submitted):
                raise KeyReused(positions[submitted.id])

        with self._reserve(caller, records, repeatable=key is not None) as reservation:
            created = create(self.documents, records, compare=compare)
            reservation.stored = fresh = {each.stored.record.id for each in created if each.fresh}
        log.bind(accepted=len(fresh))
        for request in created:
            if not enqueue_task(self.tasks, request.stored, now=now):
                break  # Cloud Tasks does not answer; do not make the caller wait for every other request too
        return Accepted([request.stored.record for request in created], is_replay=not fresh)

    def _id(self, caller: Caller, key: str | None, index: int) -> str:
        if key is None:
            return self.new_id()
        return request_id(tenant=caller.tenant, owner=caller.uid, key=key, index=index)

    def _reserve(self, caller: Caller, records: Sequence[Record], *, repeatable: bool) -> Reservation:
        """Reserves nothing for a replay if the quota is used up: it is answered all the same."""
        ids = {record.id for record in records}
        try:
            return self.quota.reserve(caller.tenant, ids)
        except QuotaExceeded:
            if not repeatable or len(self.documents.read_all(ids)) < len(ids):
                raise
            return self.quota.reserve(caller.tenant, ())
