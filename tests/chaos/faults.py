"""The fakes of the gateways as a world sees them: slow, and sometimes failing, losing an answer or landing late."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from common.errors import Unavailable
from common.pipeline.ids import task_name
from common.pipeline.record import Record, Status
from common.pipeline.store import CommitUncertain, Overdue, Page, Position, Stored, Update
from tests.fakes import FakeDocuments, FakeTasks

if TYPE_CHECKING:
    from tests.chaos.world import Actor, World


class FaultyDocuments:
    """Every call yields to other actors. A commit can fail, land without an answer, or land late."""

    def __init__(self, world: World) -> None:
        self.inner = FakeDocuments()
        self._world = world

    def commit(self, update: Update | None, creates: Sequence[Record]) -> str:
        world, actor = self._world, self._world.actor()
        world.yield_control()
        if world.happens(world.fault_rate):
            match world.random.randint(0, 2):
                case 0:
                    self._land(update, creates, actor)
                case 1:
                    world.after(world.seconds(0, 20), lambda: self._land_late(update, creates, actor))
            world.wait_for_timeout()
            raise CommitUncertain("the answer was lost")
        update_time = self._land(update, creates, actor)
        world.yield_control()
        return update_time

    def read(self, record_id: str) -> Stored | None:
        return self.read_all([record_id]).get(record_id)

    def read_all(self, record_ids: Iterable[str]) -> dict[str, Stored]:
        if not (ids := list(record_ids)):
            return {}
        self._begin_read()
        return self.inner.read_all(ids)

    def page(self, *, tenant: str, status: Status | None, limit: int, after: Position | None) -> Page:
        self._begin_read()
        return self.inner.page(tenant=tenant, status=status, limit=limit, after=after)

    def count_open(self, *, tenant: str, limit: int) -> int:
        self._begin_read()
        return self.inner.count_open(tenant=tenant, limit=limit)

    def overdue(self, *, shard: int, now: datetime, limit: int, after: Overdue | None = None) -> list[Overdue]:
        self._begin_read()
        return self.inner.overdue(shard=shard, now=now, limit=limit, after=after)

    def _begin_read(self) -> None:
        self._world.yield_control()
        self._world.fail_sometimes(self._world.fault_rate / 3)

    def _land(self, update: Update | None, creates: Sequence[Record], actor: Actor) -> str:
        before = self.inner.stored.get(update.record.id) if update else None
        update_time = self.inner.commit(update, creates)
        if update is not None and before is not None:
            self._world.invariants.on_commit(before.record, update.record, actor)
        for record in creates:
            self._world.invariants.repeats.on_create(record, actor)
        return update_time

    def _land_late(self, update: Update | None, creates: Sequence[Record], actor: Actor) -> None:
        with suppress(CommitUncertain):
            self._land(update, creates, actor)


class FaultyTasks:
    """Every call yields to other actors. A create can fail, succeed without an answer, or succeed late."""

    def __init__(self, world: World) -> None:
        self.inner = FakeTasks()
        self._world = world

    def enqueue(self, stored: Stored) -> bool:
        world = self._world
        world.yield_control()
        if world.happens(world.fault_rate):
            match world.random.randint(0, 2):
                case 0:
                    self._create(stored)
                case 1:
                    world.after(world.seconds(0, 20), lambda: self._create(stored))
            world.wait_for_timeout()
            raise Unavailable("no answer")
        created = self._create(stored)
        world.yield_control()
        return created

    def exists(self, record: Record) -> bool:
        self._begin_call()
        return self.inner.exists(record)

    def delete(self, record: Record) -> None:
        self._begin_call()
        self.inner.delete(record)

    def _create(self, stored: Stored) -> bool:
        created = self.inner.enqueue(stored)
        if created:
            self._world.schedule(task_name(stored.record), stored.record.scheduled_at or self._world.now)
        return created

    def _begin_call(self) -> None:
        self._world.yield_control()
        self._world.fail_sometimes(self._world.fault_rate)
