"""A running attempt: what a type of work may do while it holds a request.

Every write is fenced, and a write that finds another in its place ends the attempt. No step, file or report begins
after the time budget or after the fence was lost: a timeout does not stop Python, so a zombie must stop itself.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol

from pydantic import JsonValue

from common import log
from common.errors import Unavailable
from common.pipeline import lifecycle
from common.pipeline.lifecycle import Transition
from common.pipeline.record import Progress, Record, Status, effect_key
from common.pipeline.store import Conflict, Documents, Stored, save
from common.storable import fault_in
from common.work import Asset, PermanentFailure, Stopped, words

PROGRESS_INTERVAL = timedelta(seconds=1)
MAX_PROGRESS_WORDS = 200
_ASSET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class Assets(Protocol):
    def save(self, path: str, content_type: str, content: bytes) -> None: ...


class Attempt:
    """Implements `common.work.Work` for one claim."""

    def __init__(
        self,
        held: Stored,
        *,
        documents: Documents,
        assets: Assets,
        time_budget: timedelta,
        clock: Callable[[], datetime],
        wait: Callable[[timedelta], None],
    ) -> None:
        self._held = held
        self._documents = documents
        self._assets = assets
        self._clock = clock
        self._wait = wait
        self._deadline = (held.record.started_at or clock()) + time_budget
        self._progress: Progress | None = None
        self._reported_at = clock() - PROGRESS_INTERVAL
        self._conflict: Conflict | None = None
        self.effect_key = effect_key(held.record)
        self.attempt = held.record.attempt
        self.snoozes = held.record.snoozes

    def progress(self, percent: int, message: str) -> None:
        self._go_on()
        floor = self._progress.percent if self._progress else 0
        self._progress = Progress(
            percent=min(max(int(percent), floor), 100), message=words(message, MAX_PROGRESS_WORDS)
        )
        if self._is_untold() and self._until_next_report() <= timedelta(0):
            self._tell()

    def step(self, name: str, do: Callable[[], JsonValue]) -> Any:
        done = self._held.record.steps or {}
        if name in done:
            return done[name]
        self._go_on()
        value = do()
        steps = {**done, name: value}
        if fault := fault_in(steps):
            raise PermanentFailure(lifecycle.NOT_STORABLE.format(fault), code="result_not_storable")
        if not lifecycle.fits(self._held.record, steps=steps):
            raise PermanentFailure(lifecycle.TOO_LARGE, code="result_too_large")
        self._report(steps=steps)
        return value

    def save(self, name: str, content_type: str, content: bytes) -> Asset:
        if not _ASSET_NAME.fullmatch(name):
            raise ValueError(f"An asset's name consists of letters, digits, '.', '_' and '-': {name!r}")
        self._go_on()
        claim = self._held.record.claim
        path = f"{self._held.record.id}/{claim.token if claim else ''}/{name}"
        self._assets.save(path, content_type, content)
        return Asset(name=name, content_type=content_type, bytes=len(content), path=path)

    def sleep(self, duration: timedelta) -> None:
        self._go_on()
        until = self._clock() + min(duration, self.time_left())
        if self._is_untold() and self._clock() + self._until_next_report() < until:
            self._wait(self._until_next_report())
            self._tell()
        self._wait(max(until - self._clock(), timedelta(0)))
        self._go_on()

    def time_left(self) -> timedelta:
        return max(self._deadline - self._clock(), timedelta(0))

    def finish(self, decide: Callable[[Record], Transition]) -> tuple[Transition, Stored]:
        """Store how the attempt ended. Raises Conflict if it is no longer ours."""
        if self._conflict is not None:
            raise self._conflict
        return self._save(lambda record: decide(record.changed(progress=self._progress)))

    def _is_untold(self) -> bool:
        return self._progress != self._held.record.progress

    def _until_next_report(self) -> timedelta:
        return max(self._reported_at + PROGRESS_INTERVAL - self._clock(), timedelta(0))

    def _tell(self) -> None:
        self._reported_at = self._clock()
        try:
            self._report(steps=self._held.record.steps)
        except Unavailable:
            log.warning("progress.lost")

    def _report(self, *, steps: Any) -> None:
        try:
            self._save(lambda record: lifecycle.report(record, progress=self._progress, steps=steps))
        except Conflict as conflict:
            self._conflict = conflict
            raise Stopped("another has taken over, or it was cancelled") from conflict

    def _save(self, decide: Callable[[Record], Transition]) -> tuple[Transition, Stored]:
        while True:
            transition = decide(self._held.record)
            try:
                self._held = save(self._documents, self._held, transition)
            except Conflict as conflict:
                if (mine := self._if_mine(conflict.current)) is None:
                    raise
                self._held = mine
            else:
                return transition, self._held

    def _if_mine(self, current: Stored | None) -> Stored | None:
        """What is stored, if an earlier write of this attempt, whose answer was lost, has left it so."""
        if current is None or current.record.status is not Status.PROCESSING:
            return None
        return current if current.record.claim == self._held.record.claim else None

    def _go_on(self) -> None:
        if self._conflict is not None:
            raise Stopped("another has taken over, or it was cancelled")
        if self.time_left() <= timedelta(0):
            raise Stopped("the time budget is spent")
