"""Every move of a request, decided without I/O: from the stored record and plain facts to a verdict and a new record.

A decision is taken again after a lost answer, so this package uses no clock and no randomness. `MOVES` is the one
table of legal moves; any other move is a bug and raises IllegalTransition.
"""

from common.pipeline.lifecycle.attempt import (
    TOO_LARGE,
    complete,
    fail_attempt,
    fail_permanently,
    fits,
    not_storable,
    report,
    snooze,
)
from common.pipeline.lifecycle.claiming import claim, observe
from common.pipeline.lifecycle.creation import notifications, same_request, submit
from common.pipeline.lifecycle.delivery import Delivery
from common.pipeline.lifecycle.ending import cancel
from common.pipeline.lifecycle.erasing import PURGE, Traces, erase, purge_of
from common.pipeline.lifecycle.moves import MOVES, IllegalTransition, Move, Transition, Verdict, needs_task
from common.pipeline.lifecycle.recovery import latest_end, redrive, renew, sweep, sweep_unknown_type

__all__ = [
    "MOVES",
    "PURGE",
    "TOO_LARGE",
    "Delivery",
    "IllegalTransition",
    "Move",
    "Traces",
    "Transition",
    "Verdict",
    "cancel",
    "claim",
    "complete",
    "erase",
    "fail_attempt",
    "fail_permanently",
    "fits",
    "latest_end",
    "needs_task",
    "not_storable",
    "notifications",
    "observe",
    "purge_of",
    "redrive",
    "renew",
    "report",
    "same_request",
    "snooze",
    "submit",
    "sweep",
    "sweep_unknown_type",
]
