"""Creating a request's task, or leaving it to the sweeper: the document is durable already."""

from datetime import datetime
from typing import Protocol

from common import log
from common.errors import NewerRecord, Unavailable
from common.pipeline import lifecycle
from common.pipeline.store import Stored


class Tasks(Protocol):
    def enqueue(self, stored: Stored) -> bool:
        """Create the task of the record's generation. False if its name is taken. Raises Unavailable."""


def enqueue_or_leave(tasks: Tasks, stored: Stored, *, now: datetime) -> bool:
    """Returns whether the task, if it needs one by now, was created or had been."""
    if not lifecycle.needs_task(stored.record, now):
        return True
    try:
        tasks.enqueue(stored)
    except (Unavailable, NewerRecord) as error:
        log.warning("enqueue.left_to_sweeper", request_id=stored.record.id, reason=str(error))
        return False
    return True
