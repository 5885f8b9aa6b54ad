"""The internal type `purge`: removes the traces of an erased request twice, now and when no worker can be left.

It is created in the commit that erases the record, so the removal is as durable as the tombstone.
"""

from datetime import timedelta

from common.pipeline.lifecycle import Traces
from common.pipeline.traces import TraceRemover
from common.queues import Policies
from common.work import JsonObject, Snooze, Work

UPLOAD_TIME = timedelta(minutes=2)  # an upload that began within the time budget can end that much later


class Purge:
    """Runs in `process`."""

    def __init__(self, *, traces: TraceRemover, policies: Policies) -> None:
        self._traces = traces
        self._second_pass_after = second_pass_after(policies)

    def run(self, given: Traces, work: Work) -> JsonObject:
        """Raises Snooze after the first pass."""
        self._traces.remove(given)
        if work.snoozes == 0:
            raise Snooze(self._second_pass_after)
        return {}


def second_pass_after(policies: Policies) -> timedelta:
    """Returns the time after which no worker of any type can still upload."""
    return max(policy.lease for policy in policies.values()) + UPLOAD_TIME
