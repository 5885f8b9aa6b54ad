"""What callers do: ask, look, cancel, retry. An accepted request is durable before its caller hears of it."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from common import log
from common.caller import Caller
from common.catalog import Catalog
from common.errors import (
    AlreadyEnded,
    Expired,
    KeyReused,
    NewerRecord,
    NotFound,
    QuotaExceeded,
    Unavailable,
)
from common.pipeline import lifecycle, log_fields
from common.pipeline.enqueue import enqueue_or_leave
from common.pipeline.lifecycle import Transition, Verdict
from common.pipeline.quota import Quota
from common.pipeline.record import Record, Status, child_id, request_id
from common.pipeline.store import Conflict, Documents, Page, Position, Stored, create, save
from common.pipeline.submission import Asked, check


class ListedDocuments(Documents, Protocol):
    def page(self, *, tenant: str, status: Status | None, limit: int, after: Position | None) -> Page: ...


class Tasks(Protocol):
    def enqueue(self, stored: Stored) -> bool: ...
    def delete(self, record: Record) -> None: ...


@dataclass(frozen=True)
class Accepted:
    """The requests in the order they were asked; `replayed` if an earlier call had asked for all of them."""

    records: Sequence[Record]
    replayed: bool


class Intake:
    """The use cases of callers."""

    def __init__(
        self,
        *,
        documents: ListedDocuments,
        tasks: Tasks,
        catalog: Catalog,
        quota: Quota,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        new_id: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        self._documents = documents
        self._tasks = tasks
        self._catalog = catalog
        self._quota = quota
        self._clock = clock
        self._new_id = new_id

    def submit(
        self, caller: Caller, asked: Sequence[Asked], *, key: str | None, batch: bool = False, trace: str | None = None
    ) -> Accepted:
        """Store and enqueue, all or nothing. With a key, a repeat finds what the first call stored.

        Raises InvalidInput, TooLarge, KeyReused, QuotaExceeded, or Unavailable when the outcome stays unknown.
        """
        now = self._clock()
        for index, each in enumerate(asked):
            check(each, now, pointer=f"/requests/{index}" if batch else "")
        records = [
            lifecycle.submit(
                record_id=self._id(caller, key, index),
                tenant=caller.tenant,
                owner=caller.uid,
                type_name=each.type,
                given=each.input,
                max_attempts=self._catalog[each.type].policy.max_attempts,
                now=now,
                run_at=each.run_at,
                notify=each.notify,
                trace=trace,
            )
            for index, each in enumerate(asked)
        ]
        admitted = self._admit(caller, records, repeatable=key is not None)
        positions = {record.id: f"/requests/{index}" if batch else "" for index, record in enumerate(records)}

        def compare(stored: Record, wanted: Record) -> None:
            if not lifecycle.same_request(stored, wanted):
                raise KeyReused(positions[wanted.id])

        created = create(self._documents, records, compare=compare)
        fresh = sum(request.fresh for request in created)
        log.note(accepted=fresh)
        self._quota.give_back(caller.tenant, admitted - fresh)
        for request in created:
            if not enqueue_or_leave(self._tasks, request.stored, now=now):
                break  # Cloud Tasks does not answer: the caller need not wait for that ten times
        return Accepted([request.stored.record for request in created], replayed=fresh == 0)

    def get(self, caller: Caller, record_id: str) -> tuple[Record, list[Record]]:
        """A request and its notifications, as far as they exist. Raises NotFound."""
        record = self._visible(caller, record_id).record
        ids = [
            child_id(parent=record.id, redrive=record.redrive, index=index) for index in range(len(record.notify or ()))
        ]
        children = self._documents.read_all(ids)
        return record, [children[each].record for each in ids if each in children]

    def page(self, caller: Caller, *, status: Status | None, limit: int, after: Position | None) -> Page:
        """The tenant's requests, newest first."""
        return self._documents.page(tenant=caller.tenant, status=status, limit=limit, after=after)

    def cancel(self, caller: Caller, record_id: str) -> Record:
        """End it as cancelled, or find that it was. Raises NotFound, or AlreadyEnded if it ended otherwise."""
        stored, transition = self._change(caller, record_id, lifecycle.cancel)
        if transition.verdict is Verdict.ENDED:
            raise AlreadyEnded(f"The request has already {stored.record.status}; only an open one can be cancelled.")
        try:
            self._tasks.delete(stored.record)
        except (Unavailable, NewerRecord) as error:
            log.warning("cancel.task_left", request_id=record_id, reason=str(error))
        return stored.record

    def retry(self, caller: Caller, record_id: str) -> tuple[Record, bool]:
        """Run a failed or cancelled request again. The second value is False if an earlier retry had queued it.

        Raises NotFound, AlreadyEnded where there is nothing to retry, Expired, or QuotaExceeded.
        """
        before = self._visible(caller, record_id).record
        if wanted := lifecycle.redrive(before, self._clock()).verdict is Verdict.REDRIVEN:
            self._quota.admit(caller.tenant, 1)
        stored, transition = self._change(caller, record_id, lifecycle.redrive)
        if wanted and transition.verdict is not Verdict.REDRIVEN:
            self._quota.give_back(caller.tenant, 1)
        if transition.verdict is Verdict.EXPIRED:
            raise Expired("The request is past its retention; ask again.")
        if transition.verdict is Verdict.ENDED:
            raise AlreadyEnded(f"The request is {stored.record.status}; only a failed or cancelled one can be retried.")
        enqueue_or_leave(self._tasks, stored, now=self._clock())
        return stored.record, transition.verdict is Verdict.REDRIVEN

    def asset(self, caller: Caller, record_id: str, name: str) -> str:
        """The path of one of its assets. Raises NotFound."""
        result = self._visible(caller, record_id).record.result or {}
        assets = result.get("assets")
        for asset in assets if isinstance(assets, list) else []:
            path = str(asset.get("path")) if isinstance(asset, dict) and asset.get("name") == name else ""
            if path.startswith(f"{record_id}/"):
                return path
        raise NotFound(f"The request has no asset {name!r}.")

    def _id(self, caller: Caller, key: str | None, index: int) -> str:
        if key is None:
            return self._new_id()
        return request_id(tenant=caller.tenant, owner=caller.uid, key=key, index=index)

    def _admit(self, caller: Caller, records: Sequence[Record], *, repeatable: bool) -> int:
        """How many were admitted: none for a repeat of what exists, which is answered whatever the quota says."""
        try:
            self._quota.admit(caller.tenant, len(records))
        except QuotaExceeded:
            ids = [record.id for record in records]
            if not repeatable or len(self._documents.read_all(ids)) < len(set(ids)):
                raise
            return 0
        return len(records)

    def _visible(self, caller: Caller, record_id: str) -> Stored:
        stored = self._documents.read(record_id)
        if stored is None or stored.record.tenant != caller.tenant:
            raise NotFound("There is no such request.")
        return stored

    def _change(
        self, caller: Caller, record_id: str, decide: Callable[[Record, datetime], Transition]
    ) -> tuple[Stored, Transition]:
        """Decide and store, on what is stored by then. Raises NotFound."""
        stored = self._visible(caller, record_id)
        while True:
            transition = decide(stored.record, self._clock())
            if transition.record == stored.record:
                return stored, transition
            try:
                changed = save(self._documents, stored, transition)
            except Conflict as conflict:
                if conflict.current is None:
                    raise NotFound("There is no such request.") from conflict
                stored = conflict.current
            else:
                log.note(**log_fields.of_end(changed.record))
                return changed, transition
