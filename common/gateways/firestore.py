"""Firestore: the collection `requests`. Only this module handles documents, queries and the client's exceptions.

Each try has its own timeout, because the client's default of a minute is too long for a browser and for a lease.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from google.api_core import exceptions
from google.api_core.datetime_helpers import DatetimeWithNanoseconds
from google.api_core.retry import Retry, if_exception_type
from google.api_core.timeout import ConstantTimeout
from google.cloud.firestore import DELETE_FIELD, Client, DocumentReference, DocumentSnapshot, FieldFilter, Query
from pydantic import ValidationError

from common import log
from common.errors import NewerRecord, Unavailable
from common.pipeline.due import due_until
from common.pipeline.record import OPEN, SCHEMA, Record, Status
from common.pipeline.store import CommitUncertain, Overdue, Page, Position, Stored, Update

COLLECTION = "requests"
ATTEMPT_TIMEOUT: Any = ConstantTimeout(5.0)  # the client accepts it, although it is annotated as float
READ_RETRY = Retry(
    predicate=if_exception_type(
        exceptions.ServiceUnavailable,
        exceptions.DeadlineExceeded,
        exceptions.InternalServerError,
        exceptions.Aborted,
    ),
    initial=0.1,
    maximum=1.0,
    timeout=10.0,
)
_BUGS = (exceptions.InvalidArgument, exceptions.PermissionDenied)


class Requests:
    """The stored requests. Reads raise Unavailable after bounded retries."""

    def __init__(
        self, client: Client, *, attempt_timeout: Any = ATTEMPT_TIMEOUT, read_retry: Retry | None = READ_RETRY
    ) -> None:
        """`attempt_timeout` limits each try of a call. `read_retry` repeats reads; None never does."""
        self._client = client
        self._timeout = attempt_timeout
        self._retry = read_retry
        self._collection = client.collection(COLLECTION)

    def commit(self, update: Update | None, creates: Sequence[Record]) -> str:
        """Sends one Commit of at most one compare-and-set and any number of creates. Returns its update time."""
        batch = self._client.batch()
        if update is not None:
            held_at = DatetimeWithNanoseconds.from_rfc3339(update.held.update_time)
            batch.update(
                self._document(update.record.id),
                _changes(update),
                option=self._client.write_option(last_update_time=held_at),
            )
        for record in creates:
            batch.create(self._document(record.id), record.to_document())
        try:
            results = batch.commit(retry=None, timeout=self._timeout)
        except _BUGS:
            raise
        except (exceptions.GoogleAPICallError, exceptions.RetryError) as error:
            raise CommitUncertain(str(error)) from error
        return _rfc3339(results[0].update_time)

    def read(self, record_id: str) -> Stored | None:
        return self.read_all([record_id]).get(record_id)

    def read_all(self, record_ids: Iterable[str]) -> dict[str, Stored]:
        documents = [self._document(record_id) for record_id in record_ids]
        if not documents:
            return {}
        try:
            snapshots = list(self._client.get_all(documents, retry=self._retry, timeout=self._timeout))
        except (exceptions.GoogleAPICallError, exceptions.RetryError) as error:
            raise Unavailable("Firestore did not answer a read") from error
        return {snapshot.id: _stored(snapshot) for snapshot in snapshots if snapshot.exists}

    def page(self, *, tenant: str, status: Status | None, limit: int, after: Position | None) -> Page:
        """Returns a tenant's requests, newest first, after `after`. Omits records with a newer schema."""
        query = self._collection.where(filter=FieldFilter("tenant", "==", tenant))
        if status is not None:
            query = query.where(filter=FieldFilter("status", "==", status.value))
        query = query.order_by("created_at", direction=Query.DESCENDING)
        query = query.order_by("__name__", direction=Query.DESCENDING).limit(limit + 1)
        if after is not None:
            query = query.start_after({"created_at": after[0], "__name__": self._document(after[1])})
        found = self._run(query)
        shown = found[:limit]
        records = [stored.record for stored in map(_stored_or_none, shown) if stored is not None]
        more = len(found) > limit
        return Page(records, (shown[-1].get("created_at"), shown[-1].id) if more else None)

    def owned(self, *, owner: str, limit: int, after: str) -> list[Stored]:
        """Returns requests of an owner, ordered by their ids, after the id `after`. Raises NewerRecord."""
        query = self._collection.where(filter=FieldFilter("owner", "==", owner)).order_by("__name__").limit(limit)
        if after:
            query = query.start_after({"__name__": self._document(after)})
        return [_stored(found) for found in self._run(query)]

    def count_open(self, *, tenant: str, limit: int) -> int:
        """Returns the number of a tenant's open requests, counted up to `limit`."""
        query = (
            self._collection.where(filter=FieldFilter("tenant", "==", tenant))
            .where(filter=FieldFilter("status", "in", sorted(status.value for status in OPEN)))
            .order_by("created_at", direction=Query.DESCENDING)  # shares the index of the list
            .limit(limit)
        )
        counting: Any = query.count()  # the client annotates its result as not iterable
        try:
            [[count]] = counting.get(retry=self._retry, timeout=self._timeout)
        except (exceptions.GoogleAPICallError, exceptions.RetryError) as error:
            raise Unavailable("Firestore did not answer a count") from error
        return int(count.value)

    def overdue(self, *, shard: int, now: datetime, limit: int, after: Overdue | None = None) -> list[Overdue]:
        """Returns a shard's overdue requests, the longest overdue first, after `after`."""
        query = (
            self._collection.where(filter=FieldFilter("due", ">=", f"{shard:02x}-"))
            .where(filter=FieldFilter("due", "<=", due_until(shard, now)))
            .order_by("due")
            .order_by("__name__")
            .limit(limit)
        )
        if after is not None:
            query = query.start_after({"due": after.due, "__name__": self._document(after.id)})
        return [Overdue(found.id, found.get("due"), _stored_or_none(found)) for found in self._run(query)]

    def _run(self, query: Query) -> list[DocumentSnapshot[Any]]:
        try:
            return list(query.stream(retry=self._retry, timeout=self._timeout))
        except (exceptions.GoogleAPICallError, exceptions.RetryError) as error:
            raise Unavailable("Firestore did not answer a query") from error

    def _document(self, record_id: str) -> DocumentReference:
        return self._collection.document(record_id)


def _changes(update: Update) -> dict[str, Any]:
    """Returns the changed fields. All others stay as they are, including fields of a newer release."""
    before, after = update.held.record.to_document(), update.record.to_document()
    removed = dict.fromkeys(before.keys() - after.keys(), DELETE_FIELD)
    return removed | {name: value for name, value in after.items() if before.get(name) != value}


def _stored(snapshot: DocumentSnapshot[Any]) -> Stored:
    document = snapshot.to_dict() or {}
    if document.get("schema", SCHEMA) > SCHEMA:
        raise NewerRecord(f"{snapshot.id} has schema {document['schema']}, this release knows {SCHEMA}")
    try:
        return Stored(Record.from_document(snapshot.id, document), _rfc3339(snapshot.update_time))
    except ValidationError as error:
        raise NewerRecord(f"{snapshot.id} cannot be read by this release: {error.error_count()} faults") from error


def _stored_or_none(snapshot: DocumentSnapshot[Any]) -> Stored | None:
    try:
        return _stored(snapshot)
    except NewerRecord as error:
        log.warning("record.newer", request_id=snapshot.id, reason=str(error))
        return None


def _rfc3339(moment: DatetimeWithNanoseconds) -> str:
    return str(moment.rfc3339())
