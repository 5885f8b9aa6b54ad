"""The HTTP of Cloud Scheduler: a sweep each minute, and the submission of recurring requests at their own times.

The idempotency key of a recurring request is its job and the schedule time, so a call that Cloud Scheduler repeats
creates no second request. Its tenant is one that no caller can be of: logs and the console show these requests.
"""

import json
from dataclasses import dataclass
from typing import Any

from flask import Request, Response

from common import log
from common.caller import SYSTEM_TENANT, Caller
from common.errors import (
    BrokenBody,
    Fault,
    InvalidInput,
    NewerRecord,
    QuotaExceeded,
    TooLarge,
    Unavailable,
    UnsupportedCoding,
)
from common.json_values import parse
from common.pipeline.submission import MAX_REQUEST_BYTES
from common.pipeline.submission_service import SubmissionService
from common.pipeline.sweeper import UNREAD, Sweeper
from functions.http import parsing
from functions.http.bodies import Bodies

SCHEDULER = Caller(uid="scheduler", tenant=SYSTEM_TENANT)


@dataclass(frozen=True)
class Sweep:
    """Answers Cloud Scheduler, which repeats a call unless the answer is 2xx."""

    sweeper: Sweeper
    submissions: SubmissionService
    bodies: Bodies

    def answer(self, request: Request) -> Response:
        if request.method != "POST":
            return Response("", 405, {"Allow": "POST"})
        job = request.headers.get("X-CloudScheduler-JobName", "")
        with log.bound(job=job):
            try:
                return self._answer(request, job)
            except (InvalidInput, TooLarge, UnsupportedCoding, BrokenBody) as error:
                log.error("recurring.refused", reason=str(error))  # the deployment's configuration, no personal data
                return _json({"refused": str(error)}, 422)
            except QuotaExceeded as error:
                log.warning("recurring.over_quota")
                return _json({"refused": str(error)}, 429)
            except (Unavailable, NewerRecord) as error:
                log.error("sweep.unavailable", reason=str(error))
                return _json({}, 503)
            except Exception:  # the outermost handler: the log gets the traceback
                log.error("sweep.crashed", exc_info=True)
                return _json({}, 500)

    def _answer(self, request: Request, job: str) -> Response:
        body = _parse_body(parsing.any_body(request, MAX_REQUEST_BYTES) or b"{}")
        if "submit" in body:
            return self._submit(body["submit"], job, request)
        counts = self.sweeper.sweep()
        log.info("sweep.finished", **counts)
        return _json(counts, 503 if UNREAD in counts else 200)

    def _submit(self, body: Any, job: str, request: Request) -> Response:
        time = request.headers.get("X-CloudScheduler-ScheduleTime", "")
        if not job or not time:
            raise InvalidInput(Fault("", "must have Cloud Scheduler's headers JobName and ScheduleTime"))
        submission = self.bodies.parse_one(json.dumps(body).encode())
        accepted = self.submissions.submit(SCHEDULER, [submission], key=f"{job} {time}", trace=parsing.trace(request))
        record = accepted.records[0]
        log.info("recurring.submitted", request_id=record.id, type=record.type)
        return _json({"id": record.id, "replayed": accepted.is_replay})


def _parse_body(data: bytes) -> dict[str, Any]:
    """Returns the body: empty for a sweep, else with the request to submit. Raises InvalidInput."""
    body = parse(data)
    if not isinstance(body, dict) or not set(body) <= {"submit"}:
        raise InvalidInput(Fault("", 'must be {} for a sweep, or {"submit": ...} for a request'))
    return body


def _json(answer: Any, status: int = 200) -> Response:
    return Response(json.dumps(answer), status, content_type="application/json")
