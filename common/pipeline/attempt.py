"""A running attempt: the operations that a type of work may use while it holds a request.

Every write is fenced, and a lost fence aborts the attempt. No step, asset or report starts after that, or after the
time budget is spent: a timeout does not stop Python, so an attempt must stop itself.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol

from pydantic import JsonValue

from common import log
from common.errors import Unavailable
from common.pipeline import lifecycle
from common.pipeline.ids import effect_key
from common.pipeline.lifecycle import Transition
from common.pipeline.record import Progress, Record, Status
from common.pipeline.store import Conflict, Documents, Stored, save
from common.work import ASSET_NAME_PATTERN, Asset, AttemptAborted, FailureCode, PermanentFailure, storable_text

PROGRESS_INTERVAL = timedelta(seconds=1)
MAX_PROGRESS_CHARACTERS = 200


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
        deadline: datetime,
        clock: Callable[[], datetime],
        wait: Callable[[timedelta], None],
    ) -> None:
        self._held = held
        self._documents = documents
        self._assets = assets
        self._clock = clock
        self._wait = wait
        self._deadline = deadline
        self._progress: Progress | None = None
        self._reported_at = clock() - PROGRESS_INTERVAL
        self._conflict: Conflict | None = None
        self.effect_key = effect_key(held.record)
        self.attempt = held.record.attempt
        self.snoozes = held.record.snoozes

    @property
    def record(self) -> Record:
        """The request as this attempt has last stored it. For internal types."""
        return self._held.record

    def checkpoint(self, name: str, value: JsonValue) -> None:
        """Stores the value of a step in place of an earlier one. For internal types, whose work can be repeated."""
        self._ensure_active()
        self._report(steps={**(self._held.record.steps or {}), name: value})

    def progress(self, percent: int, message: str) -> None:
        self._ensure_active()
        floor = self._progress.percent if self._progress else 0
        self._progress = Progress(
            percent=min(max(int(percent), floor), 100), message=storable_text(message, MAX_PROGRESS_CHARACTERS)
        )
        if self._progress_is_dirty() and self._until_next_report() <= timedelta(0):
            self._flush_progress()

    def step(self, name: str, do: Callable[[], JsonValue]) -> Any:
        done = self._held.record.steps or {}
        if name in done:
            return done[name]
        self._ensure_active()
        value = do()
        steps = {**done, name: value}
        if reason := lifecycle.not_storable(steps):
            raise PermanentFailure(reason, code=FailureCode.RESULT_NOT_STORABLE)
        if not lifecycle.fits(self._held.record, steps=steps):
            raise PermanentFailure(lifecycle.TOO_LARGE, code=FailureCode.RESULT_TOO_LARGE)
        self._report(steps=steps)
        return value

    def save(self, name: str, content_type: str, content: bytes) -> Asset:
        asset = self.new_asset(name, content_type)
        self._assets.save(asset.path, content_type, content)
        return asset.model_copy(update={"bytes": len(content)})

    def new_asset(self, name: str, content_type: str) -> Asset:
        """Returns the reference, without a size, of an asset that is stored at its path next. For internal types."""
        if not re.fullmatch(ASSET_NAME_PATTERN, name):
            raise ValueError(f"The name of an asset must match {ASSET_NAME_PATTERN}: {name!r}")
        self._ensure_active()
        claim = self._held.record.claim
        path = f"{self._held.record.id}/{claim.token if claim else ''}/{name}"
        made_at = self._clock().isoformat().replace("+00:00", "Z")  # before the upload: the bucket counts from later
        return Asset(name=name, content_type=content_type, bytes=0, path=path, made_at=made_at)

    def sleep(self, duration: timedelta) -> None:
        self._ensure_active()
        until = self._clock() + min(duration, self.time_left())
        if self._progress_is_dirty() and self._clock() + self._until_next_report() < until:
            self._wait(self._until_next_report())
            self._flush_progress()
        self._wait(max(until - self._clock(), timedelta(0)))
        self._ensure_active()

    def time_left(self) -> timedelta:
        return max(self._deadline - self._clock(), timedelta(0))

    def finish(self, decide: Callable[[Record], Transition]) -> tuple[Transition, Stored]:
        """Stores the outcome of the attempt. Raises Conflict if the attempt has lost its request."""
        if self._conflict is not None:
            raise self._conflict
        return self._save(lambda record: decide(record.changed(progress=self._progress)))

    def _progress_is_dirty(self) -> bool:
        return self._progress != self._held.record.progress

    def _until_next_report(self) -> timedelta:
        return max(self._reported_at + PROGRESS_INTERVAL - self._clock(), timedelta(0))

    def _flush_progress(self) -> None:
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
            raise AttemptAborted("the request was cancelled or taken over") from conflict

    def _save(self, decide: Callable[[Record], Transition]) -> tuple[Transition, Stored]:
        while True:
            transition = decide(self._held.record)
            if transition.record == self._held.record:  # an earlier write whose answer was lost has landed
                return transition, self._held
            try:
                self._held = save(self._documents, self._held, transition)
            except Conflict as conflict:
                if (current := self._if_still_held(conflict.current)) is None:
                    raise
                self._held = current
            else:
                return transition, self._held

    def _if_still_held(self, current: Stored | None) -> Stored | None:
        """Returns the stored record while it has the claim of this attempt; another delivery may add evidence to it."""
        if current is None or current.record.status is not Status.PROCESSING:
            return None
        return current if current.record.claim == self._held.record.claim else None

    def _ensure_active(self) -> None:
        if self._conflict is not None:
            raise AttemptAborted("the request was cancelled or taken over")
        if self.time_left() <= timedelta(0):
            raise AttemptAborted("the time budget is spent")
