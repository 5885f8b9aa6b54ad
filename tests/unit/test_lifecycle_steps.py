"""Which finished steps a record keeps: an asset outlives every record that names it."""

import random
from datetime import datetime, timedelta

import pytest

from common.pipeline.lifecycle import Delivery, cancel, claim, complete, fail_attempt, redrive, snooze, sweep
from common.pipeline.lifecycle.steps import lasting_steps
from common.pipeline.record import Failure, Record, Status
from common.retention import ASSET_RETENTION, ASSET_REUSE, DELETION_LAG
from common.work import JsonObject, JsonValue
from tests.fakes import FakeAssets
from tests.unit.attempt_harness import start_attempt
from tests.unit.builders import LEASE, MINUTE, NOW, SECOND, TASK, Clock, ended, processing, queued
from tests.unit.scripted_gateways import ScriptedDocuments

PATH = "r1/mine/post.png"
LATE = NOW + timedelta(days=300)


def asset(made_at: datetime | None = None) -> JsonObject:
    reference: JsonObject = {"name": "post.png", "content_type": "image/png", "bytes": 3, "path": PATH}
    return reference if made_at is None else {**reference, "made_at": made_at.isoformat().replace("+00:00", "Z")}


def delivery(record: Record) -> Delivery:
    return Delivery(TASK, generation=record.generation, retry_count=0)


@pytest.mark.parametrize(
    "value",
    [None, "done", 7, {"id": "r2", "path": "r2/mine/post.png"}, ["r1", {"made_at": "2020-01-01T00:00:00Z"}]],
    ids=["null", "text", "number", "a path of another request", "no path"],
)
def test_a_step_that_names_no_asset_is_kept_for_ever(value: JsonValue) -> None:
    assert lasting_steps(queued(steps={"write": value}), LATE) == {"write": value}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda reference: reference,
        lambda reference: {"images": [reference]},
        lambda reference: {"made_at": LATE.isoformat(), "image": reference},
        lambda reference: [asset(LATE), reference],
        lambda reference: {"link": f"see {reference['path']}", "made_at": reference.get("made_at")},
        lambda reference: {reference["path"]: "cover", "made_at": reference.get("made_at")},
    ],
    ids=["itself", "in a list", "in an object with another time", "beside a new one", "in a text", "in a name"],
)
def test_a_step_that_names_an_asset_is_kept_for_as_long_as_the_asset_can_outlive_the_record(wrap: object) -> None:
    assert callable(wrap)
    record = queued(steps={"image": wrap(asset(LATE)), "write": "done"})

    assert lasting_steps(record, LATE + ASSET_REUSE) == record.steps
    assert lasting_steps(record, LATE + ASSET_REUSE + SECOND) == {"write": "done"}


@pytest.mark.parametrize(
    "value",
    [
        asset(),
        PATH,
        [PATH],
        {**asset(), "made_at": 7},
        {**asset(), "made_at": "today"},
        {**asset(), "made_at": "2027-01-01T00:00:00"},
    ],
    ids=["an older release", "its path", "in a list", "no text", "no time", "no offset"],
)
def test_an_asset_without_a_readable_time_may_be_as_old_as_the_record(value: JsonValue) -> None:
    record = queued(steps={"image": value})

    assert lasting_steps(record, NOW + ASSET_REUSE) == record.steps
    assert lasting_steps(record, NOW + ASSET_REUSE + SECOND) is None


def test_a_claim_a_redrive_and_an_end_drop_steps_whose_assets_may_not_outlive_the_record() -> None:
    steps = {"image": asset(NOW), "write": "done"}
    failure = Failure(code="attempts", message="All 3 attempts failed.", attempt=3, at=NOW)
    failed = ended(Status.FAILED, steps=steps, error=failure, finished_at=LATE, expires_at=LATE + MINUTE)

    after = [
        claim(queued(steps=steps), delivery(queued()), token="mine", lease=LEASE, now=LATE).record,
        claim(processing(steps=steps), delivery(queued()), token="mine", lease=LEASE, now=LATE).record,
        redrive(failed, LATE, seen=0, nonce="new").record,
        cancel(queued(steps=steps), LATE).record,
        sweep(processing(attempt=3, steps=steps), LATE).record,
    ]

    assert [record.steps for record in after] == [{"write": "done"}] * 5


class History:
    """A random request: it makes an asset in a step, and snoozes, fails, is cancelled and redriven over years."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 (a seed must always give the same history)
        self.clock, self.assets = Clock(), FakeAssets()
        self.made_at: dict[str, datetime] = {}
        self.record = queued()

    def run(self) -> None:
        for _ in range(60):
            self._move()
            self._check()

    def _move(self) -> None:
        days = self.random.choice([0.001, 0.5, 0.95, 1.0, 1.9, 34, 366])
        match self.record.status:
            case Status.QUEUED:
                self.clock.wait(timedelta(days=self.random.choice([0, days])))
                if self.random.random() < 0.1:
                    self.record = cancel(self.record, self.clock.now).record
                else:
                    self._attempt(self.clock.now)
            case Status.COMPLETED:
                self.record = queued(created_at=self.clock.now)
            case _:
                self.clock.wait(min(timedelta(days=days), timedelta(days=34.9)))
                self.record = redrive(self.record, self.clock.now, seen=self.record.redrive, nonce="new").record

    def _attempt(self, now: datetime) -> None:
        token = f"{self.random.getrandbits(64):x}"
        self.record = claim(self.record, delivery(self.record), token=token, lease=LEASE, now=now).record
        if self.record.status is not Status.PROCESSING:
            return
        documents = ScriptedDocuments(self.record)
        attempt = start_attempt(documents, self.assets, self.clock, time_budget=LEASE)
        before = set(self.assets.files)
        reference = attempt.step("image", lambda: attempt.save("post.png", "image/png", b"PNG").model_dump())
        self.made_at |= dict.fromkeys(set(self.assets.files) - before, now)
        self.record = documents[self.record.id]
        self.clock.wait(self.random.choice([SECOND, LEASE]))
        self.record = self._outcome({"assets": [reference]})

    def _outcome(self, result: JsonObject) -> Record:
        now, delay = self.clock.now, timedelta(days=self.random.choice([0.01, 0.9, 1.1, 366]))
        match self.random.randint(0, 4):
            case 0 | 1:
                return snooze(self.record, delay, now).record
            case 2:
                return fail_attempt(self.record, "busy", "busy", now, delay=delay).record
            case 3:
                return fail_attempt(self.record, "failed", "failed", now).record
            case _:
                return complete(self.record, result, now).record

    def _check(self) -> None:
        if self.record.expires_at is None:
            return
        named = [path for path in self.made_at if path in repr((self.record.steps, self.record.result))]
        assert len(named) > 0 or self.record.status is not Status.COMPLETED
        for path in named:
            assert self.record.expires_at + DELETION_LAG <= self.made_at[path] + ASSET_RETENTION


def test_an_asset_outlives_every_record_that_names_it() -> None:
    for seed in range(12):
        History(seed).run()
