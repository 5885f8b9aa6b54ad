"""The doubles of the gateways as a world sees them: slow, and now and then refusing, losing an answer or late."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from common.errors import Unavailable
from common.pipeline.record import Record, Status, task_name
from common.pipeline.store import CommitUncertain, Overdue, Page, Position, Stored, Update
from tests.fakes import FakeDocuments, FakeTasks

if TYPE_CHECKING:
    from tests.chaos.world import Actor, World


class FaultyDocuments:
    """Every call gives way before and after; a commit may fail, or land without an answer, or land late."""

    def __init__(self, world: World) -> None:
        self.inner = FakeDocuments()
        self._world = world

    def commit(self, update: Update | None, creates: Sequence[Record]) -> str:
        world, actor = self._world, self._world.actor()
        world.point()
        if world.chance(world.fault_rate):
            match world.random.randint(0, 2):
                case 0:
                    self._land(update, creates, actor)
                case 1:
                    delay = timedelta(seconds=world.random.uniform(0, 20))
                    world.after(delay, lambda: self._land_late(update, creates, actor))
            world.wait_in_vain()
            raise CommitUncertain("the answer was lost")
        update_time = self._land(update, creates, actor)
        world.point()
        return update_time

    def read(self, record_id: str) -> Stored | None:
        return self.read_all([record_id]).get(record_id)

    def read_all(self, record_ids: Iterable[str]) -> dict[str, Stored]:
        if not (wanted := list(record_ids)):
            return {}
        self._give_way()
        return self.inner.read_all(wanted)

    def page(self, *, tenant: str, status: Status | None, limit: int, after: Position | None) -> Page:
        self._give_way()
        return self.inner.page(tenant=tenant, status=status, limit=limit, after=after)

    def count_open(self, *, tenant: str, limit: int) -> int:
        self._give_way()
        return self.inner.count_open(tenant=tenant, limit=limit)

    def overdue(self, *, shard: int, now: datetime, limit: int, after: Overdue | None = None) -> list[Overdue]:
        self._give_way()
        return self.inner.overdue(shard=shard, now=now, limit=limit, after=after)

    def _give_way(self) -> None:
        self._world.point()
        if self._world.chance(self._world.fault_rate / 3):
            self._world.wait_in_vain()
            raise Unavailable("no answer")

    def _land(self, update: Update | None, creates: Sequence[Record], actor: Actor) -> str:
        before = self.inner.stored.get(update.record.id) if update else None
        update_time = self.inner.commit(update, creates)
        if update is not None and before is not None:
            self._world.invariants.committed(before.record, update.record, actor)
        return update_time

    def _land_late(self, update: Update | None, creates: Sequence[Record], actor: Actor) -> None:
        with suppress(CommitUncertain):
            self._land(update, creates, actor)


class FaultyTasks:
    """Every call gives way; a create may fail, or be done without an answer."""

    def __init__(self, world: World) -> None:
        self.inner = FakeTasks()
        self._world = world

    def enqueue(self, stored: Stored) -> bool:
        self._world.point()
        if self._world.chance(self._world.fault_rate):
            match self._world.random.randint(0, 2):
                case 0:
                    self._create(stored)
                case 1:
                    delay = timedelta(seconds=self._world.random.uniform(0, 20))
                    self._world.after(delay, lambda: self._create(stored))
            self._world.wait_in_vain()
            raise Unavailable("no answer")
        created = self._create(stored)
        self._world.point()
        return created

    def exists(self, record: Record) -> bool:
        self._give_way()
        return self.inner.exists(record)

    def delete(self, record: Record) -> None:
        self._give_way()
        self.inner.delete(record)

    def _create(self, stored: Stored) -> bool:
        created = self.inner.enqueue(stored)
        if created:
            self._world.created(task_name(stored.record), stored.record.scheduled_at or self._world.now)
        return created

    def _give_way(self) -> None:
        self._world.point()
        if self._world.chance(self._world.fault_rate):
            self._world.wait_in_vain()
            raise Unavailable("no answer")
