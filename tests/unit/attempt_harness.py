"""A running attempt over fakes, for the tests of the attempt and of the types of work."""

from datetime import timedelta

from common.pipeline.attempt import Assets, Attempt
from common.pipeline.record import Record
from tests.fakes import FakeAssets
from tests.unit.builders import POLICY, Clock, processing
from tests.unit.scripted_gateways import ScriptedDocuments


def start_attempt(
    documents: ScriptedDocuments, assets: Assets, clock: Clock, *, time_budget: timedelta, record_id: str = "r1"
) -> Attempt:
    """Returns an attempt that holds the stored record and has that much time."""
    return Attempt(
        documents.stored(record_id),
        documents=documents,
        assets=assets,
        deadline=clock() + time_budget,
        clock=clock,
        wait=clock.wait,
    )


class AttemptHarness:
    """An attempt that began at NOW, and everything that it writes."""

    def __init__(self, record: Record | None = None) -> None:
        self.documents = ScriptedDocuments(record or processing())
        self.assets, self.clock = FakeAssets(), Clock()
        self.attempt = start_attempt(self.documents, self.assets, self.clock, time_budget=POLICY.time_budget)

    @property
    def record(self) -> Record:
        """The stored record."""
        return self.documents["r1"]
