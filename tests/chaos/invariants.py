"""What must hold in every world, checked at every commit and once more at the end."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from common.pipeline.lifecycle import MOVES
from common.pipeline.record import OPEN, Record, Status, child_id, is_due, task_name

if TYPE_CHECKING:
    from tests.chaos.world import Actor, World

LEGAL = {(source, target) for sources, target in MOVES.values() for source in sources}


class Violation(BaseException):
    """The promise was broken. No Exception, since it is also raised within work, whose failures are caught."""


class Invariants:
    """Bookkeeping beside the documents: who holds, how often it was claimed and ended, what the work said."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._accepted: set[str] = set()
        self._holders: dict[str, Actor] = {}
        self._claims: Counter[tuple[str, int]] = Counter()
        self._ends: Counter[tuple[str, int]] = Counter()
        self._keys: dict[Actor, str] = {}
        self.outcomes: dict[Actor, Status] = {}

    def accepted(self, record_id: str) -> None:
        self._accepted.add(record_id)

    def deleted(self, record_id: str) -> None:
        self._accepted.discard(record_id)
        for counts in (self._claims, self._ends):
            for life in [life for life in counts if life[0] == record_id]:
                del counts[life]

    def committed(self, before: Record, after: Record, actor: Actor) -> None:
        """One update has landed."""
        life = (after.id, after.redrive)
        self._check((before.status, after.status) in LEGAL, f"{before.status} became {after.status}", after)
        if before.status not in OPEN:
            self._check(after.redrive == before.redrive + 1, "an ended request moved without a retry", after)
        if after.claim != before.claim and after.status is Status.PROCESSING:
            self._claimed(before, after, actor)
        if before.status is Status.PROCESSING and after.status not in OPEN | {Status.CANCELLED}:
            self._check_not_ended_over_a_healthy_worker(before, after, actor)
        budget = after.max_attempts + after.snoozes
        self._check(self._claims[life] <= budget, f"claimed {self._claims[life]} times", after)
        if after.status not in OPEN:
            self._ends[life] += 1
            self._check(self._ends[life] == 1, "ended twice", after)
            self._check_end(after, actor)

    def began(self, effect_key: str, actor: Actor) -> None:
        record_id, _, redrive = effect_key.rpartition("-r")
        known = self._keys.get(actor)
        self._check_now(known == effect_key, f"{record_id} worked as redrive {redrive} but was claimed as {known}")

    def effect(self, effect_key: str, step: int, actor: Actor) -> bool:
        """A step is being done: never one that this claim's record holds as finished."""
        record_id = effect_key.rpartition("-r")[0]
        stored = self._world.documents.inner.stored.get(record_id)
        if stored is not None and self._holders.get(record_id) is actor:
            done = stored.record.steps or {}
            self._check(f"step-{step}" not in done, f"step {step} was done again", stored.record)
        return True

    def at_the_end(self) -> None:
        stored = {each.record.id: each.record for each in self._world.documents.inner.stored.values()}
        for record_id in self._accepted:
            self._check_now(record_id in stored, f"{record_id} was accepted and is gone")
        for record in stored.values():
            self._check(record.status not in OPEN, "stuck", record)
            for index in range(len(record.notify or ())):
                child = child_id(parent=record.id, redrive=record.redrive, index=index)
                told = child in stored
                expected = record.status is not Status.CANCELLED
                self._check(told == expected or self._was_deleted(child), f"notification {index}: {told}", record)

    def _was_deleted(self, record_id: str) -> bool:
        return record_id in self._world.deleted_ids

    def _claimed(self, before: Record, after: Record, actor: Actor) -> None:
        holder = self._holders.get(after.id)
        if before.status is Status.PROCESSING and holder is not None and before.due is not None:
            healthy = self._is_healthy(holder, before) and not self._death_was_told(before)
            self._check(not healthy, "a healthy worker was taken over", after)
        task = after.claim.task.rpartition("/")[2] if after.claim else None
        self._check(task == task_name(after), f"claimed by {task}", after)
        self._holders[after.id] = actor
        self._claims[after.id, after.redrive] += 1
        self._keys[actor] = f"{after.id}-r{after.redrive}"

    def _check_not_ended_over_a_healthy_worker(self, before: Record, after: Record, actor: Actor) -> None:
        holder = self._holders.get(after.id)
        if holder is not None and holder is not actor:
            self._check(not self._is_healthy(holder, before), "ended over a healthy worker", after)

    def _is_healthy(self, holder: Actor, held: Record) -> bool:
        """It is alive, Cloud Tasks still waits for it, and its lease is not over, by any clock."""
        lease_is_over = held.due is not None and is_due(held.due, self._world.now + timedelta(seconds=1))
        return holder.alive and not holder.answered and not lease_is_over

    def _death_was_told(self, held: Record) -> bool:
        """A delivery of its task died after the claim: from outside, which of two it was cannot be told."""
        died_at = self._world.died_at.get(task_name(held))
        return died_at is not None and held.started_at is not None and died_at >= held.started_at

    def _check_end(self, after: Record, actor: Actor) -> None:
        """No false end: it is what the work said, or the budget is spent and nobody healthy works on it."""
        if after.status is Status.CANCELLED:
            return
        if after.status is Status.FAILED and after.error is not None and after.error.code in {"attempts", "lost"}:
            self._check(after.attempt == after.max_attempts, "gave up with budget left", after)
            return
        self._check(self._holders.get(after.id) is actor, "ended by one who did not hold it", after)
        self._check(self.outcomes.get(actor) is after.status, f"the work said {self.outcomes.get(actor)}", after)

    def _check(self, holds: bool, what: str, record: Record) -> None:
        if not holds:
            self._check_now(holds, f"{what}: {record!r}")

    def _check_now(self, holds: bool, what: str) -> None:
        if not holds:
            raise Violation(f"at {self._world.now}: {what}")
