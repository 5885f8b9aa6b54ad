"""The invariants of every world. They are checked at each commit and at the end of the world."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from common.pipeline.due import is_due
from common.pipeline.ids import child_ids, effect_key, task_name
from common.pipeline.lifecycle import MOVES
from common.pipeline.record import OPEN, Record, Status
from tests.chaos.repeats import Repeats

if TYPE_CHECKING:
    from tests.chaos.world import Actor, World

LEGAL = {(source, target) for sources, target in MOVES.values() for source in sources}


class Violation(BaseException):
    """An invariant was violated. Not an Exception, because the worker catches the exceptions of the work."""


@dataclass
class Statistics:
    """The costs of the rule that decides when a delivery takes over."""

    evictions: int = 0
    """Take-overs of a healthy worker: possible only in worlds with identical copies of deliveries."""
    false_ends: int = 0
    """Ends while a healthy worker held the request: likewise."""
    idle_attempts: int = 0
    """Attempts that counted although their holder did not begin the work, and neither died nor hung."""
    recovery_seconds: list[float] = field(default_factory=list)
    """The times from the death of a holder until its request was claimed again, queued or ended."""
    lease_waits: int = 0
    """The recoveries after the end of the lease."""

    def add(self, other: Statistics) -> None:
        self.evictions += other.evictions
        self.false_ends += other.false_ends
        self.idle_attempts += other.idle_attempts
        self.recovery_seconds += other.recovery_seconds
        self.lease_waits += other.lease_waits


class Invariants:
    """Keeps its own account of the requests: their holders, claims, ends, and the outcomes of the work."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._accepted: set[str] = set()
        self._holders: dict[str, Actor] = {}
        self._claimed_at: dict[str, datetime] = {}
        self._died_at: dict[str, datetime] = {}
        self.statistics = Statistics()
        self._claims: Counter[tuple[str, int]] = Counter()
        self._ends: Counter[tuple[str, int]] = Counter()
        self._effect_keys: dict[Actor, str] = {}
        self._excused: set[Actor] = set()
        self.repeats = Repeats(self._check_world)
        self.outcomes: dict[Actor, Status] = {}

    def on_accepted(self, record_id: str) -> None:
        self._accepted.add(record_id)

    def on_deleted(self, record_id: str) -> None:
        self._accepted.discard(record_id)
        self.repeats.on_deleted(record_id)
        for counts in (self._claims, self._ends):
            for key in [key for key in counts if key[0] == record_id]:
                del counts[key]

    def on_hang(self, actor: Actor) -> None:
        self._excused.add(actor)

    def on_death(self, actor: Actor) -> None:
        """A process dies. If it holds a request, the recovery of the request is measured."""
        self._excused.add(actor)
        stored = self._world.documents.inner.stored
        for record_id, holder in self._holders.items():
            if holder is actor and record_id in stored and stored[record_id].record.status is Status.PROCESSING:
                self._died_at[record_id] = self._world.now

    def on_commit(self, before: Record, after: Record, actor: Actor) -> None:
        run = (after.id, after.redrive)
        self._check((before.status, after.status) in LEGAL, f"{before.status} became {after.status}", after)
        if before.status not in OPEN:
            self._check(after.redrive == before.redrive + 1, "an ended request moved without a redrive", after)
            self.repeats.on_redrive(before, actor)
        elif after.status is Status.CANCELLED:
            self.repeats.on_cancel(before, actor)
        if after.claim != before.claim or after.status is not Status.PROCESSING:
            self._measure_recovery(before)
            self._measure_idle_attempt(before, after)
        if after.claim != before.claim and after.status is Status.PROCESSING:
            self._check_claim(before, after, actor)
        if before.idle and after.status is Status.QUEUED:
            self._claims[run] -= 1  # the sweeper does not count the attempt of an idle holder
        if before.status is Status.PROCESSING and after.status not in OPEN | {Status.CANCELLED}:
            self._check_holder_is_gone(before, after, actor)
        max_claims = after.max_attempts + after.snoozes
        self._check(self._claims[run] <= max_claims, f"claimed {self._claims[run]} times", after)
        if after.status not in OPEN:
            self._ends[run] += 1
            self._check(self._ends[run] == 1, "ended twice", after)
            self._check_end(after, actor)

    def on_start(self, key: str, actor: Actor) -> None:
        """The work starts under the effect key of the claim."""
        claimed = self._effect_keys.get(actor)
        self._excused.add(actor)
        self._check_world(claimed == key, f"the work has {key}, but {claimed} was claimed")

    def on_step(self, key: str, step: int, actor: Actor) -> bool:
        """The holder of a request never repeats a step that its record has."""
        record_id = key.partition("-")[0]
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
            for index, child in enumerate(child_ids(record)):
                if child not in self._world.deleted_ids:
                    is_expected = record.status is not Status.CANCELLED
                    self._check((child in records) == is_expected, f"notification {index} is wrong", record)

    def _check_claim(self, before: Record, after: Record, actor: Actor) -> None:
        holder = self._holders.get(after.id)
        if before.status is Status.PROCESSING and holder is not None and self._is_healthy(holder, before):
            self.statistics.evictions += 1
            self._check(self._world.copy_rate > 0, "a healthy worker was taken over", after)
        task = after.claim.task.rpartition("/")[2] if after.claim else None
        self._check(task == task_name(after), f"claimed by the task {task}", after)
        self._holders[after.id] = actor
        self._claimed_at[after.id] = self._world.now
        self._claims[after.id, after.redrive] += after.attempt > before.attempt
        self._effect_keys[actor] = effect_key(after)

    def _check_holder_is_gone(self, before: Record, after: Record, actor: Actor) -> None:
        holder = self._holders.get(after.id)
        if holder is not None and holder is not actor and self._is_healthy(holder, before):
            self.statistics.false_ends += 1
            self._check(self._world.copy_rate > 0, "ended while a healthy worker held it", after)

    def _is_healthy(self, holder: Actor, held: Record) -> bool:
        """The holder is alive, Cloud Tasks still waits for it, and its claim is younger than the dispatch deadline."""
        is_young = self._world.now < self._claimed_at[held.id] + self._world.policy.dispatch_deadline
        return holder.is_alive and not holder.is_answered and is_young

    def _measure_recovery(self, before: Record) -> None:
        if (died_at := self._died_at.pop(before.id, None)) is not None:
            self.statistics.recovery_seconds.append((self._world.now - died_at).total_seconds())
            self.statistics.lease_waits += before.due is not None and is_due(before.due, self._world.now)

    def _measure_idle_attempt(self, before: Record, after: Record) -> None:
        holder = self._holders.get(before.id)
        if before.status is Status.PROCESSING and after.status is not Status.CANCELLED and holder is not None:
            is_uncounted = before.idle or holder in self._excused
            self.statistics.idle_attempts += not is_uncounted

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
