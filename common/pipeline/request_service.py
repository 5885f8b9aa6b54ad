"""What callers do with stored requests: get, list, cancel, redrive, erase, find an asset."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from common import log
from common.caller import Caller
from common.catalog import Catalog
from common.errors import Erased, Expired, NewerRecord, NotFound, TypeNotOffered, Unavailable, WrongState
from common.pipeline import lifecycle, log_fields
from common.pipeline.enqueue import enqueue_task
from common.pipeline.ids import child_ids, erased_scope, purge_id
from common.pipeline.lifecycle import Transition, Verdict
from common.pipeline.quota import Quota
from common.pipeline.record import Record, Status
from common.pipeline.store import Conflict, Documents, Page, Position, Stored, save


class ListedDocuments(Documents, Protocol):
    def page(self, *, tenant: str, status: Status | None, limit: int, after: Position | None) -> Page: ...


class Tasks(Protocol):
    def enqueue(self, stored: Stored) -> bool: ...
    def delete(self, record: Record) -> None: ...


@dataclass(frozen=True, kw_only=True)
class RequestService:
    """The use cases for stored requests."""

    documents: ListedDocuments
    tasks: Tasks
    catalog: Catalog
    quota: Quota
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    new_nonce: Callable[[], str] = lambda: secrets.token_hex(8)

    def get(self, caller: Caller, record_id: str) -> tuple[Record, list[Record]]:
        """Returns a request and its existing notifications. Raises NotFound."""
        record = self._visible(caller, record_id).record
        ids = child_ids(record)
        children = self.documents.read_all(ids)
        return record, [children[each].record for each in ids if each in children]

    def page(self, caller: Caller, *, status: Status | None, limit: int, after: Position | None) -> Page:
        """Returns the tenant's requests, newest first."""
        return self.documents.page(tenant=caller.tenant, status=status, limit=limit, after=after)

    def cancel(self, caller: Caller, record_id: str, *, seen: int | None = None) -> Record:
        """Cancels an open request; a repeat changes nothing. `seen` is the redrive that the caller saw.

        Raises NotFound, or WrongState if the request ended otherwise or is at another redrive.
        """
        stored = self._visible(caller, record_id)
        redrive = stored.record.redrive if seen is None else seen
        stored, transition = self._change(stored, partial(lifecycle.cancel, redrive=redrive))
        _check_is_seen(stored.record, transition, redrive)
        if transition.verdict is Verdict.ENDED:
            raise WrongState(f"The request has already {stored.record.status}; only an open one can be cancelled.")
        try:
            self.tasks.delete(stored.record)
        except (Unavailable, NewerRecord) as error:
            log.warning("cancel.task_left", request_id=record_id, reason=str(error))
        return stored.record

    def redrive(self, caller: Caller, record_id: str, *, seen: int | None = None) -> tuple[Record, bool]:
        """Runs a failed or cancelled request again. `seen` is the redrive that the caller saw end.

        The second value is False if another call has redriven it since. Raises NotFound, Expired, QuotaExceeded, or
        WrongState if the request cannot be redriven or has never been at that redrive.
        """
        stored = self._visible(caller, record_id)
        ended = lifecycle.latest_end(stored.record) if seen is None else seen
        decide = partial(lifecycle.redrive, seen=ended, nonce=self.new_nonce())
        transition = decide(stored.record, self.clock())
        if transition.verdict is Verdict.REDRIVEN:
            if stored.record.type not in self.catalog or self.catalog[stored.record.type].policy.is_draining:
                raise TypeNotOffered("Requests of this type are no longer accepted, so this one cannot be retried.")
            with self.quota.reserve(caller.tenant, [record_id]) as reservation:
                stored, transition = self._change(stored, decide)
                reservation.stored = [record_id] if transition.verdict is Verdict.REDRIVEN else ()
        _check_is_seen(stored.record, transition, ended)
        if transition.verdict is Verdict.EXPIRED:
            raise Expired("The request is past its retention; submit it again.")
        if transition.verdict is Verdict.ENDED:
            raise WrongState(f"The request is {stored.record.status}; only a failed or cancelled one can be retried.")
        enqueue_task(self.tasks, stored, now=self.clock())
        return stored.record, transition.verdict is Verdict.REDRIVEN

    def erase(self, caller: Caller, record_id: str) -> None:
        """Erases an ended request and starts the removal of its traces; a repeat starts it again if it has not begun.

        Raises NotFound, or WrongState if the request is open.
        """
        stored = self._of_tenant(caller, record_id)
        _, transition = self._change(stored, self._erased)
        if transition.verdict is Verdict.STILL_OPEN:
            raise WrongState("The request is open; cancel it first.")
        try:
            purge = self.documents.read(purge_id(stored.record))
        except Unavailable as error:
            log.warning("enqueue.left_to_sweeper", request_id=record_id, reason=str(error))
        else:
            if purge is not None:
                enqueue_task(self.tasks, purge, now=self.clock())

    def _erased(self, record: Record, now: datetime) -> Transition:
        policy = self.catalog[lifecycle.PURGE].policy
        purge = lifecycle.purge_of(record, max_attempts=policy.max_attempts, now=now)
        return lifecycle.erase(record, now, purge=purge)

    def asset_path(self, caller: Caller, record_id: str, name: str) -> str:
        """Returns the path of an asset of the request. Raises NotFound."""
        result = self._visible(caller, record_id).record.result or {}
        assets = result.get("assets")
        for asset in assets if isinstance(assets, list) else []:
            path = str(asset.get("path")) if isinstance(asset, dict) and asset.get("name") == name else ""
            if path.startswith(f"{record_id}/"):
                return path
        raise NotFound(f"The request has no asset {name!r}.")

    def _visible(self, caller: Caller, record_id: str) -> Stored:
        stored = self._of_tenant(caller, record_id)
        if stored.record.erased is not None:
            raise Erased("The request was erased.")
        return stored

    def _of_tenant(self, caller: Caller, record_id: str) -> Stored:
        """Returns a request of the caller's tenant, also a tombstone. Raises NotFound."""
        stored = self.documents.read(record_id)
        if stored is None or not _is_of_tenant(stored.record, caller.tenant):
            raise NotFound("There is no such request.")
        return stored

    def _change(self, stored: Stored, decide: Callable[[Record, datetime], Transition]) -> tuple[Stored, Transition]:
        """Decides on the stored record and stores the result; repeats after a conflict. Raises NotFound."""
        while True:
            transition = decide(stored.record, self.clock())
            if transition.record == stored.record:
                return stored, transition
            try:
                changed = save(self.documents, stored, transition)
            except Conflict as conflict:
                if conflict.current is None:
                    raise NotFound("There is no such request.") from conflict
                stored = conflict.current
            else:
                log.bind(**log_fields.of_end(transition.record))
                return changed, transition


def _is_of_tenant(record: Record, tenant: str) -> bool:
    if record.erased is not None:
        return record.erased.scope == erased_scope(record_id=record.id, tenant=tenant)
    return record.tenant == tenant


def _check_is_seen(record: Record, transition: Transition, seen: int) -> None:
    """Raises Erased, or WrongState if the request is at another redrive than the caller saw."""
    if record.erased is not None:
        raise Erased("The request was erased.")
    if transition.verdict is Verdict.ANOTHER_REDRIVE:
        what = "has been retried meanwhile" if record.redrive > seen else "has not been retried that often"
        raise WrongState(f"The request {what}: it is at redrive {record.redrive}, and this call is for redrive {seen}.")
