"""The invariants of every world. They are checked at each commit and at the end of the world."""

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
    """An invariant was violated. Not an Exception, because the worker catches the exceptions of the work."""


class Invariants:
    """Keeps its own account of the requests: their holders, claims, ends, and the outcomes of the work."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._accepted: set[str] = set()
        self._holders: dict[str, Actor] = {}
        self._claims: Counter[tuple[str, int]] = Counter()
        self._ends: Counter[tuple[str, int]] = Counter()
        self._effect_keys: dict[Actor, str] = {}
        self.outcomes: dict[Actor, Status] = {}

    def on_accepted(self, record_id: str) -> None:
        self._accepted.add(record_id)

    def on_deleted(self, record_id: str) -> None:
        self._accepted.discard(record_id)
        for counts in (self._claims, self._ends):
            for key in [key for key in counts if key[0] == record_id]:
                del counts[key]

    def on_commit(self, before: Record, after: Record, actor: Actor) -> None:
        run = (after.id, after.redrive)
        self._check((before.status, after.status) in LEGAL, f"{before.status} became {after.status}", after)
        if before.status not in OPEN:
            self._check(after.redrive == before.redrive + 1, "an ended request moved without a redrive", after)
        if after.claim != before.claim and after.status is Status.PROCESSING:
            self._check_claim(before, after, actor)
        if before.status is Status.PROCESSING and after.status not in OPEN | {Status.CANCELLED}:
            self._check_holder_is_gone(before, after, actor)
        max_claims = after.max_attempts + after.snoozes
        self._check(self._claims[run] <= max_claims, f"claimed {self._claims[run]} times", after)
        if after.status not in OPEN:
            self._ends[run] += 1
            self._check(self._ends[run] == 1, "ended twice", after)
            self._check_end(after, actor)

    def on_start(self, effect_key: str, actor: Actor) -> None:
        """The work starts under the effect key of the claim."""
        claimed = self._effect_keys.get(actor)
        self._check_world(claimed == effect_key, f"the work has {effect_key}, but {claimed} was claimed")

    def on_step(self, effect_key: str, step: int, actor: Actor) -> bool:
        """The holder of a request never repeats a step that its record has."""
        record_id = effect_key.rpartition("-r")[0]
        stored = self._world.documents.inner.stored.get(record_id)
        if stored is not None and self._holders.get(record_id) is actor:
            done = stored.record.steps or {}
            self._check(f"step-{step}" not in done, f"step {step} was repeated", stored.record)
        return True

    def on_end_of_world(self) -> None:
        """Every accepted request exists and has ended, with its notifications."""
        records = {each.record.id: each.record for each in self._world.documents.inner.stored.values()}
        for record_id in self._accepted:
            self._check_world(record_id in records, f"{record_id} was accepted but does not exist")
        for record in records.values():
            self._check(record.status not in OPEN, "never ended", record)
            for index in range(len(record.notify or ())):
                child = child_id(parent=record.id, redrive=record.redrive, index=index)
                if child not in self._world.deleted_ids:
                    is_expected = record.status is not Status.CANCELLED
                    self._check((child in records) == is_expected, f"notification {index} is wrong", record)

    def _check_claim(self, before: Record, after: Record, actor: Actor) -> None:
        holder = self._holders.get(after.id)
        if before.status is Status.PROCESSING and holder is not None and before.due is not None:
            healthy = self._is_healthy(holder, before) and not self._death_was_reported(before)
            self._check(not healthy, "a healthy worker was taken over", after)
        task = after.claim.task.rpartition("/")[2] if after.claim else None
        self._check(task == task_name(after), f"claimed by the task {task}", after)
        self._holders[after.id] = actor
        self._claims[after.id, after.redrive] += 1
        self._effect_keys[actor] = f"{after.id}-r{after.redrive}"

    def _check_holder_is_gone(self, before: Record, after: Record, actor: Actor) -> None:
        holder = self._holders.get(after.id)
        if holder is not None and holder is not actor:
            self._check(not self._is_healthy(holder, before), "ended while a healthy worker held it", after)

    def _is_healthy(self, holder: Actor, held: Record) -> bool:
        """The holder is alive, Cloud Tasks still waits for it, and its lease has not expired by any clock."""
        lease_is_expired = held.due is not None and is_due(held.due, self._world.now + timedelta(seconds=1))
        return holder.is_alive and not holder.is_answered and not lease_is_expired

    def _death_was_reported(self, held: Record) -> bool:
        """Cloud Tasks reported a 5xx of the task after the claim. The delivery is unknown."""
        died_at = self._world.died_at.get(task_name(held))
        return died_at is not None and held.started_at is not None and died_at >= held.started_at

    def _check_end(self, after: Record, actor: Actor) -> None:
        """The end is the outcome of the work, or no attempt is left."""
        if after.status is Status.CANCELLED:
            return
        if after.status is Status.FAILED and after.error is not None and after.error.code in {"attempts", "lost"}:
            self._check(after.attempt == after.max_attempts, "failed with attempts left", after)
            return
        self._check(self._holders.get(after.id) is actor, "ended by a process that did not hold it", after)
        outcome = self.outcomes.get(actor)
        self._check(outcome is after.status, f"the outcome of the work was {outcome}", after)

    def _check(self, is_true: bool, violation: str, record: Record) -> None:
        if not is_true:
            self._check_world(is_true, f"{violation}: {record!r}")

    def _check_world(self, is_true: bool, violation: str) -> None:
        if not is_true:
            raise Violation(f"at {self._world.now}: {violation}")
