"""The invariants of calls that are repeated, or sent several times at once."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from common.pipeline.quota import Quota, Reservation
from common.pipeline.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.chaos.world import Actor

    Check = Callable[[bool, str], None]


class Repeats:
    """Keeps its own account of which call created or redrove a request, as its commits land."""

    def __init__(self, check: Check) -> None:
        self._check = check
        self._creators: dict[str, Actor] = {}
        self._redrivers: dict[tuple[str, int], Actor] = {}
        self._seen: dict[Actor, int | None] = {}
        self._reservations: dict[Actor, list[Reservation]] = {}

    def on_call(self, actor: Actor, *, seen: int | None) -> None:
        """A call begins that names the redrive which its caller saw, or none."""
        self._seen[actor] = seen

    def on_reserved(self, actor: Actor, reservation: Reservation) -> None:
        self._reservations.setdefault(actor, []).append(reservation)

    def on_create(self, record: Record, actor: Actor) -> None:
        self._creators[record.id] = actor

    def on_redrive(self, before: Record, actor: Actor) -> None:
        self._check_seen("redrove", before, actor)
        self._check(actor not in self._redrivers.values(), f"one call redrove {before.id} twice")
        self._redrivers[before.id, before.redrive + 1] = actor

    def on_cancel(self, before: Record, actor: Actor) -> None:
        self._check_seen("cancelled", before, actor)

    def on_deleted(self, record_id: str) -> None:
        self._creators.pop(record_id, None)
        self._redrivers = {run: actor for run, actor in self._redrivers.items() if run[0] != record_id}

    def on_accepted(self, actor: Actor, records: Collection[Record], *, is_replay: bool) -> None:
        """Only the call that created a request is fresh, and it is fresh whatever happened to its answer."""
        created = {record.id for record in records if self._creators.get(record.id) is actor}
        self._check(is_replay == (not created), f"replay: {is_replay}, but this call created {created}")
        self._check_counted(actor, created)

    def on_redriven(self, actor: Actor, record: Record, *, fresh: bool) -> None:
        """The same for redrives. A later redrive may hide the nonce of this call."""
        own = [
            redrive for (record_id, redrive), by in self._redrivers.items() if record_id == record.id and by is actor
        ]
        expected = bool(own) if record.redrive in own or not own else fresh
        self._check(fresh == expected, f"fresh: {fresh}, but this call redrove {own} of {record.id}")
        self._check_counted(actor, {record.id} if fresh else set())

    def on_refused(self, actor: Actor) -> None:
        self._check_counted(actor, set())

    def _check_seen(self, what: str, before: Record, actor: Actor) -> None:
        seen = self._seen.get(actor)
        self._check(
            seen in {None, before.redrive}, f"{what} {before.id} at {before.redrive}, for a call that saw {seen}"
        )

    def _check_counted(self, actor: Actor, fresh: set[str]) -> None:
        counted = [each for reservation in self._reservations.pop(actor, []) for each in reservation.stored]
        self._check(sorted(counted) == sorted(fresh), f"{counted} counted in the quota, but {fresh} stored")


class ObservedQuota:
    """A quota that reports each reservation."""

    def __init__(self, quota: Quota, on_reserved: Callable[[Reservation], None]) -> None:
        self._quota = quota
        self._on_reserved = on_reserved

    def reserve(self, tenant: str, ids: Iterable[str]) -> Reservation:
        reservation = self._quota.reserve(tenant, ids)
        self._on_reserved(reservation)
        return reservation
