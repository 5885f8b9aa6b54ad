"""What Cloud Tasks calls: one delivery in, one answer out. `ANSWERS` says what each verdict means to the queue."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Request, Response
from pydantic import ValidationError

from common import log
from common.catalog import Catalog
from common.errors import NewerRecord, Unavailable
from common.gateways.cloud_tasks import Queues
from common.pipeline.lifecycle import Delivery, Verdict
from common.pipeline.record import SCHEMA, Record
from common.pipeline.store import Stored
from common.pipeline.worker import Notice, Worker

ANSWERS: Mapping[Verdict, int] = {
    Verdict.COMPLETED: 200,
    Verdict.FAILED: 200,  # an end too: repeating it cannot help
    Verdict.RESCHEDULED: 200,  # a new task of the next generation carries on
    Verdict.ENDED: 200,
    Verdict.MISSING: 200,
    Verdict.SUPERSEDED: 200,  # this task's generation is over, another task owns the request
    Verdict.BUSY: 409,  # another delivery holds it; this task must come back in case that one dies
    Verdict.ATTEMPT_FAILED: 424,  # a failed attempt: the queue's backoff decides when. 429 and 5xx would slow the queue
}


class NotOurs(Exception):
    """A delivery that no repeat can mend."""


@dataclass(frozen=True)
class Process:
    """Takes deliveries."""

    worker: Worker
    queues: Queues
    catalog: Catalog

    def answer(self, request: Request) -> Response:
        if "X-CloudTasks-TaskName" not in request.headers:
            return Response("Only Cloud Tasks may call this.", 400)
        started = time.monotonic()
        try:
            notice, delivery = self._parse(request)
        except NotOurs as error:
            log.error("delivery.not_ours", task=request.headers["X-CloudTasks-TaskName"], reason=str(error))
            return Response("", 200)
        with log.bound(request_id=notice.record_id, retry_count=delivery.retry_count):
            try:
                verdict = self.worker.deliver(notice, delivery)
            except (Unavailable, NewerRecord) as error:
                log.error("delivery.undecided", reason=str(error))
                return Response("", 503)
            except Exception:  # the outermost: the queue must hear of it, and the log of its cause
                log.error("delivery.crashed", exc_info=True)
                return Response("", 500)
            log.info("delivery.done", verdict=verdict, duration_ms=round((time.monotonic() - started) * 1000))
        return Response(verdict, ANSWERS[verdict])

    def _parse(self, request: Request) -> tuple[Notice, Delivery]:
        queue, task = request.headers.get("X-CloudTasks-QueueName", ""), request.headers["X-CloudTasks-TaskName"]
        notice, generation, type_name = _parse_body(request.get_data())
        if task != f"{notice.record_id}-g{generation}":
            raise NotOurs(f"the body is of {notice.record_id}, generation {generation}")
        work_type = self.catalog.get(type_name) if type_name else None
        if work_type is not None and work_type.policy.queue != queue:
            raise NotOurs(f"it came through the queue {queue}")
        return notice, Delivery(
            task=self.queues.full_task_name(queue=queue, task=task),
            generation=generation,
            retry_count=_number(request, "X-CloudTasks-TaskRetryCount") or 0,
            eta=_moment(request, "X-CloudTasks-TaskETA"),
            previous_response=_number(request, "X-CloudTasks-TaskPreviousResponse"),
        )


def _parse_body(data: bytes) -> tuple[Notice, int, str | None]:
    """The notice, the generation that it is of, and the type where the body tells it. Raises NotOurs."""
    try:
        body: dict[str, Any] = json.loads(data)
        if "record" not in body:
            return Notice(str(body["id"]), None), int(body["generation"]), None
        record, update_time = body["record"], str(body["u"])
        if record.get("schema", SCHEMA) > SCHEMA:
            return Notice(str(record["id"]), None), int(record["generation"]), None
        stored = Stored(Record.model_validate_json(json.dumps(record)), update_time)
    except (ValueError, TypeError, KeyError, AttributeError, ValidationError) as error:
        raise NotOurs(f"the body is not one of ours: {type(error).__name__}") from error
    return Notice(stored.record.id, stored), stored.record.generation, stored.record.type


def _moment(request: Request, header: str) -> datetime | None:
    """A time in Unix seconds with up to seven digits of fraction."""
    try:
        return datetime.fromtimestamp(float(request.headers[header]), UTC)
    except (KeyError, ValueError, OverflowError, OSError):
        return None


def _number(request: Request, header: str) -> int | None:
    text = request.headers.get(header, "")
    return int(text) if text.isascii() and text.isdigit() else None
