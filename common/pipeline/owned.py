"""The requests that one caller submitted, page after page. `erasure` and `export` read them."""

from collections.abc import Iterator
from typing import Protocol

from common.pipeline.record import Record
from common.pipeline.store import Documents, Stored

PAGE = 20  # records have up to half a megabyte each


class OwnedDocuments(Documents, Protocol):
    def owned(self, *, owner: str, limit: int, after: str) -> list[Stored]:
        """Returns requests of an owner, ordered by their ids, after the id `after`. Raises NewerRecord."""


def owned_before(documents: OwnedDocuments, request: Record, *, after: str = "") -> Iterator[list[Stored]]:
    """Yields the requests that the owner of `request` submitted in the same tenant before it, and their notifications.

    No page is empty, and the request itself is in none.
    """
    while page := documents.owned(owner=request.owner, limit=PAGE, after=after):
        after = page[-1].record.id
        if found := [each for each in page if _is_before(each.record, request)]:
            yield found


def _is_before(record: Record, request: Record) -> bool:
    tenant = record.parent.tenant if record.parent else record.tenant
    return record.id != request.id and tenant == request.tenant and record.created_at <= request.created_at
