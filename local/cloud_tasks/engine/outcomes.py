"""How an attempt ended, and how the API words it (recorded from the real service)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from google.rpc.status_pb2 import Status

from local.cloud_tasks.engine.codes import Code


@dataclass(frozen=True, slots=True)
class Outcome:
    """The HTTP status of the answer, 0 for none, and the time that the answer took."""

    status: int
    took: timedelta = timedelta(0)

    @property
    def succeeded(self) -> bool:
        return 200 <= self.status <= 299

    @property
    def counts_as_response(self) -> bool:
        """Only answers below 500 are counted in response_count and TaskExecutionCount."""
        return 0 < self.status < 500


UNREACHABLE: Final = Outcome(0)
TIMEOUT: Final = Outcome(504, timedelta.max)
"""No answer within the dispatch deadline, whatever that is."""

_CODES: Final = {
    301: Code.UNKNOWN,
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


def code_of(status: int) -> Code:
    """The code of an HTTP status; those never recorded take the code of their neighbours."""
    if 200 <= status <= 299:
        return Code.OK
    if 400 <= status <= 499:
        return _CODES.get(status, Code.FAILED_PRECONDITION)
    if 500 <= status <= 599:
        return _CODES.get(status, Code.INTERNAL)
    return Code.UNKNOWN


def response_status(status: int) -> Status:
    """What last_attempt.response_status says."""
    code = code_of(status)
    return Status(code=code.value, message=f"{code.name}({code.value}): HTTP status code {status}")
