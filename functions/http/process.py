"""The HTTP of Cloud Tasks: one delivery in, one answer out. `ANSWERS` maps each verdict to its status."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from flask import Request, Response

from common import log
from common.catalog import Catalog
from common.errors import BrokenBody, NewerRecord, TooLarge, Unavailable, UnsupportedCoding
from common.pipeline.claimer import Unread
from common.pipeline.ids import task_name_of
from common.pipeline.lifecycle import Delivery, Verdict
from common.pipeline.record import ID_PATTERN
from common.pipeline.task_payload import InvalidPayload, TaskPayload
from common.pipeline.worker import Worker
from functions.http import parsing

MAX_TASK_BYTES = 1024 * 1024  # "Quotas and limits" of Cloud Tasks
MAX_DIGITS = 9
ANSWERS: Mapping[Verdict, int] = {
    Verdict.COMPLETED: 200,
    Verdict.FAILED: 200,  # the request has ended, so a retry cannot help
    Verdict.RESCHEDULED: 200,  # a task of the next generation continues
    Verdict.ENDED: 200,
    Verdict.MISSING: 200,
    Verdict.SUPERSEDED: 200,  # a task of another generation owns the request
    Verdict.BUSY: 409,  # another delivery holds the request; this task is retried in case that delivery dies
    Verdict.NOT_DUE: 425,  # a forced run before run_at; the queue's backoff repeats it until then
    Verdict.UNSETTLED: 423,  # whether the claim landed is unknown; the next delivery reads
    Verdict.ATTEMPT_FAILED: 424,  # the queue's backoff decides on the retry; 429 and 5xx would slow the whole queue
}


NOTHING_READ = 425  # nothing was decided; not 5xx, which would report the death of a worker


class TaskNames(Protocol):
    def full_task_name(self, *, queue: str, task: str) -> str: ...


class InvalidDelivery(Exception):
    """A delivery that no retry can make valid."""


@dataclass(frozen=True)
class Process:
    """Answers deliveries."""

    worker: Worker
    task_names: TaskNames
    catalog: Catalog

    def answer(self, request: Request) -> Response:
        if "X-CloudTasks-TaskName" not in request.headers:
            return Response("Only Cloud Tasks may call this.", 400)
        try:
            payload, delivery = self._parse(request)
        except InvalidDelivery as error:
            log.error("delivery.refused", task=request.headers["X-CloudTasks-TaskName"], reason=str(error))
            return Response("", 200)
        except BrokenBody as error:  # it may be the delivery of an open request, so its task must stay
            log.warning("delivery.broken", task=request.headers["X-CloudTasks-TaskName"], reason=str(error))
            return Response("", 400)
        with log.bound(request_id=payload.record_id, retry_count=delivery.retry_count):
            return self._deliver(payload, delivery)

    def _deliver(self, payload: TaskPayload, delivery: Delivery) -> Response:
        started = time.monotonic()
        try:
            verdict = self.worker.deliver(payload, delivery)
        except NewerRecord as error:  # usual during a roll-out; the sweeper ends what no release knows any more
            log.warning("delivery.deferred", reason=str(error))
            return Response("", NOTHING_READ)
        except Unread as error:
            log.error("delivery.deferred", reason=str(error))
            return Response("", NOTHING_READ)
        except Unavailable as error:  # after the work: this delivery is dead, and 5xx lets the next one take over
            log.error("delivery.deferred", reason=str(error))
            return Response("", 503)
        except Exception:  # the outermost handler: the queue retries, and the log gets the traceback
            log.error("delivery.crashed", exc_info=True)
            return Response("", 500)
        log.info("delivery.finished", verdict=verdict, duration_ms=round((time.monotonic() - started) * 1000))
        return Response(verdict, ANSWERS[verdict])

    def _parse(self, request: Request) -> tuple[TaskPayload, Delivery]:
        queue, task = request.headers.get("X-CloudTasks-QueueName", ""), request.headers["X-CloudTasks-TaskName"]
        try:
            payload = TaskPayload.decode(parsing.any_body(request, MAX_TASK_BYTES), now=datetime.now(UTC))
        except (InvalidPayload, TooLarge, UnsupportedCoding) as error:
            raise InvalidDelivery(str(error)) from error
        if not re.fullmatch(ID_PATTERN, payload.record_id):
            raise InvalidDelivery("the body has no id of a request")
        if task != task_name_of(payload.record_id, payload.generation):
            raise InvalidDelivery(f"the body is of {payload.record_id}, generation {payload.generation}")
        work_type = self.catalog.get(payload.stored.record.type) if payload.stored else None
        if work_type is not None and work_type.policy.queue != queue:
            raise InvalidDelivery(f"it came through the queue {queue}")
        return payload, Delivery(
            task=self.task_names.full_task_name(queue=queue, task=task),
            generation=payload.generation,
            retry_count=_number(request, "X-CloudTasks-TaskRetryCount") or 0,
            execution_count=_number(request, "X-CloudTasks-TaskExecutionCount"),
            eta=_moment(request, "X-CloudTasks-TaskETA"),
            previous_response=_number(request, "X-CloudTasks-TaskPreviousResponse"),
        )


def _moment(request: Request, header: str) -> datetime | None:
    """Parses Unix seconds with up to seven digits of fraction."""
    try:
        return datetime.fromtimestamp(float(request.headers[header]), UTC)
    except (KeyError, ValueError, OverflowError, OSError):
        return None


def _number(request: Request, header: str) -> int | None:
    text = request.headers.get(header, "")
    return int(text) if re.fullmatch(f"[0-9]{{1,{MAX_DIGITS}}}", text) else None
