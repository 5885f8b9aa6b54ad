"""Creates the task of a stored request. If that fails, the sweeper does it later: the record is durable already."""

from datetime import datetime
from typing import Protocol

from common import log
from common.errors import NewerRecord, Unavailable
from common.pipeline import lifecycle
from common.pipeline.lifecycle import Transition, Verdict
from common.pipeline.store import Documents, Stored


class Tasks(Protocol):
    def enqueue(self, stored: Stored) -> bool:
        """Creates the task of the record's generation. Returns False if its name exists. Raises Unavailable."""


def enqueue_task(tasks: Tasks, stored: Stored, *, now: datetime) -> bool:
    """Returns False if the task could not be created and is left to the sweeper."""
    if not lifecycle.needs_task(stored.record, now):
        return True
    try:
        tasks.enqueue(stored)
    except (Unavailable, NewerRecord) as error:
        log.warning("enqueue.left_to_sweeper", request_id=stored.record.id, reason=str(error))
        return False
    return True


def enqueue_successors(
    transition: Transition, stored: Stored, *, documents: Documents, tasks: Tasks, now: datetime
) -> None:
    """Creates the tasks of a rescheduled request and of the requests that its end has created."""
    rescheduled = [stored] if transition.verdict is Verdict.RESCHEDULED else []
    try:
        children = documents.read_all(child.id for child in transition.children)
    except Unavailable as error:
        log.warning("enqueue.left_to_sweeper", reason=str(error))
        children = {}
    for each in (*rescheduled, *children.values()):
        enqueue_task(tasks, each, now=now)
