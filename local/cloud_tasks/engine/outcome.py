"""How an attempt ended, and how the API describes it in `last_attempt.response_status` (recorded)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from google.rpc.code_pb2 import Code
from google.rpc.status_pb2 import Status


@dataclass(frozen=True, slots=True)
class Outcome:
    """The HTTP status of the response, 0 if there was none, and the time that the attempt took."""

    status: int
    took: timedelta = timedelta(0)

    @property
    def succeeded(self) -> bool:
        return 200 <= self.status <= 299

    @property
    def counts_as_response(self) -> bool:
        """response_count and TaskExecutionCount count only responses below 500."""
        return 0 < self.status < 500


UNREACHABLE: Final = Outcome(0)
TIMEOUT: Final = Outcome(504, timedelta.max)
"""No response within the dispatch deadline, however long it is."""

_CODES: Final = {
    400: Code.INVALID_ARGUMENT,
    401: Code.UNAUTHENTICATED,
    403: Code.PERMISSION_DENIED,
    404: Code.NOT_FOUND,
    409: Code.ABORTED,
    429: Code.RESOURCE_EXHAUSTED,
    499: Code.CANCELLED,
    501: Code.UNIMPLEMENTED,
    503: Code.UNAVAILABLE,
    504: Code.DEADLINE_EXCEEDED,
}
_CODES_OF_OTHERS: Final = {2: Code.OK, 4: Code.FAILED_PRECONDITION, 5: Code.INTERNAL}
"""The codes of statuses that were never recorded, by the first digit (a choice)."""


def response_status(http_status: int) -> Status:
    code = _CODES.get(http_status, _CODES_OF_OTHERS.get(http_status // 100, Code.UNKNOWN))
    return Status(code=code, message=f"{Code.Name(code)}({code}): HTTP status code {http_status}")
