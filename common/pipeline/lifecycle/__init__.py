"""Every move of a request, decided without I/O: from the stored record and plain facts to a verdict and a new record.

After a lost answer a decision is taken again, so there is no clock and no chance in here. `MOVES` is the one
table of what is legal; a move that it does not hold is a bug and raises.
"""

from common.pipeline.lifecycle.asking import cancel, retry
from common.pipeline.lifecycle.ending import notifications
from common.pipeline.lifecycle.moves import MOVES, IllegalTransition, Move, Transition, Verdict
from common.pipeline.lifecycle.submitting import same_request, submit
from common.pipeline.lifecycle.sweeping import renew, sweep
from common.pipeline.lifecycle.timing import needs_task
from common.pipeline.lifecycle.working import (
    NOT_STORABLE,
    TOO_LARGE,
    Delivery,
    claim,
    complete,
    fail_for_good,
    fits,
    report,
    snooze,
    try_again,
)

__all__ = [
    "MOVES",
    "NOT_STORABLE",
    "TOO_LARGE",
    "Delivery",
    "IllegalTransition",
    "Move",
    "Transition",
    "Verdict",
    "cancel",
    "claim",
    "complete",
    "fail_for_good",
    "fits",
    "needs_task",
    "notifications",
    "renew",
    "report",
    "retry",
    "same_request",
    "snooze",
    "submit",
    "sweep",
    "try_again",
]
