"""A running attempt over fakes, for the tests of the attempt and of the types of work."""

from common.pipeline.attempt import Attempt
from common.pipeline.record import Record
from tests.fakes import FakeAssets
from tests.unit.builders import NOW, POLICY, Clock, processing
from tests.unit.scripted_gateways import ScriptedDocuments


class AttemptHarness:
    """An attempt that began at NOW, and everything that it writes."""

    def __init__(self, record: Record | None = None) -> None:
        self.documents = ScriptedDocuments(record or processing())
        self.assets, self.clock = FakeAssets(), Clock()
        self.attempt = Attempt(
            self.documents.stored(),
            documents=self.documents,
            assets=self.assets,
            deadline=NOW + POLICY.time_budget,
            clock=self.clock,
            wait=self.clock.wait,
        )

    @property
    def record(self) -> Record:
        """The stored record."""
        return self.documents["r1"]
