"""The use cases of callers over fakes."""

from itertools import count
from typing import Any

from common.caller import Caller
from common.catalog import Catalog
from common.pipeline.quota import Quota
from common.pipeline.record import Record
from common.pipeline.request_service import RequestService
from common.pipeline.submission import Submission
from common.pipeline.submission_service import Accepted, SubmissionService
from tests.unit.builders import Clock, catalog
from tests.unit.scripted_gateways import ScriptedDocuments, ScriptedTasks

ANN = Caller(uid="ann", tenant="t:clinic")
MALLORY = Caller(uid="mallory", tenant="t:other")


class Harness:
    """Both services with these stored requests. The nonces of their calls are n1, n2, and so on."""

    def __init__(self, *records: Record, limit: int = 100, types: Catalog | None = None) -> None:
        self.documents, self.tasks, self.clock = ScriptedDocuments(*records), ScriptedTasks(), Clock()
        nonces = count(1)
        quota = Quota(self.documents, limit=limit, clock=self.clock)
        self.submissions = SubmissionService(
            documents=self.documents,
            tasks=self.tasks,
            catalog=catalog(),
            quota=quota,
            clock=self.clock,
            new_nonce=lambda: f"n{next(nonces)}",
        )
        self.requests = RequestService(
            documents=self.documents,
            tasks=self.tasks,
            catalog=types or catalog(),
            quota=quota,
            clock=self.clock,
            new_nonce=lambda: f"n{next(nonces)}",
        )

    def submit(self, *submissions: Submission, key: str | None = "k1", caller: Caller = ANN) -> Accepted:
        return self.submissions.submit(caller, submissions, key=key, batch=len(submissions) > 1)

    @property
    def records(self) -> list[Record]:
        """The stored records, in the order of their creation."""
        return list(self.documents.records.values())

    def state(self) -> Any:
        """Returns everything that is stored and enqueued."""
        return dict(self.documents.inner.stored), self.tasks.names
