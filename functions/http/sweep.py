"""What Cloud Scheduler calls: each minute for what is overdue, and at its own times for requests that recur.

A recurring request's id comes from its job and the time that this call was scheduled for, so that a call that Cloud
Scheduler repeats asks for nothing new. Its tenant is `t:system`: a claim `tenant` of that name sees them.
"""

import json
from dataclasses import dataclass
from typing import Any

from flask import Request, Response

from common import log
from common.caller import Caller
from common.errors import Fault, InvalidInput, NewerRecord, QuotaExceeded, TooLarge, Unavailable
from common.pipeline.request_service import Intake
from common.pipeline.submission import MAX_REQUEST_BYTES
from common.pipeline.sweeper import UNREAD, Sweeper
from functions.http import parsing
from functions.http.bodies import Bodies
from functions.http.strict_json import parse

SCHEDULER = Caller(uid="scheduler", tenant="t:system")


@dataclass(frozen=True)
class Sweep:
    """Takes the scheduler's calls. An answer other than 2xx is what Cloud Scheduler repeats."""

    sweeper: Sweeper
    intake: Intake
    bodies: Bodies

    def answer(self, request: Request) -> Response:
        job = request.headers.get("X-CloudScheduler-JobName", "")
        with log.bound(job=job):
            try:
                return self._answer(request, job)
            except (InvalidInput, TooLarge) as error:
                log.error("recurring.refused", reason=str(error))  # our own configuration: no person's words
                return _json({"refused": str(error)}, 422)
            except QuotaExceeded as error:
                log.warning("recurring.too_many_open")
                return _json({"refused": str(error)}, 429)
            except (Unavailable, NewerRecord) as error:
                log.error("sweep.unavailable", reason=str(error))
                return _json({}, 503)
            except Exception:  # the outermost: the log must hear of the cause
                log.error("sweep.crashed", exc_info=True)
                return _json({}, 500)

    def _answer(self, request: Request, job: str) -> Response:
        given = _given(parsing.body(request, MAX_REQUEST_BYTES) if request.content_length else b"{}")
        if "submit" in given:
            return self._submit(given["submit"], job, request)
        counts = self.sweeper.sweep()
        log.info("sweep.done", **counts)
        return _json(counts, 503 if UNREAD in counts else 200)

    def _submit(self, wanted: Any, job: str, request: Request) -> Response:
        time = request.headers.get("X-CloudScheduler-ScheduleTime", "")
        if not job or not time:
            raise InvalidInput(Fault("", "only Cloud Scheduler asks for recurring requests: it names its job and time"))
        asked = self.bodies.parse_one(json.dumps(wanted).encode())
        accepted = self.intake.submit(SCHEDULER, [asked], key=f"{job} {time}", trace=parsing.trace(request))
        record = accepted.records[0]
        log.info("recurring.asked", request_id=record.id, type=record.type)
        return _json({"id": record.id, "replayed": accepted.replayed})


def _given(data: bytes) -> dict[str, Any]:
    """The body: empty for a sweep, else with the request to submit. Raises InvalidInput."""
    given = parse(data)
    if not isinstance(given, dict) or not set(given) <= {"submit"}:
        raise InvalidInput(Fault("", 'must be {} for a sweep, or {"submit": ...} for a request'))
    return given


def _json(answer: Any, status: int = 200) -> Response:
    return Response(json.dumps(answer), status, content_type="application/json")
