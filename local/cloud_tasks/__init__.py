"""A local Google Cloud Tasks (API v2, HTTP targets), as a process (`python -m local.cloud_tasks`) or inside a test.

    with CloudTasks() as tasks:                                  # real time, HTTP to the targets
        client = tasks.client()                                  # or any official client with the address tasks.address

    with CloudTasks(clock=VirtualClock(), send=worker) as tasks: # time moves only when the test moves it
        tasks.client().create_queue(...); tasks.client().create_task(...)
        tasks.advance(timedelta(hours=3))                        # sends each attempt that is due, at its time
        tasks.run_until_idle()                                   # until no attempt is due; both return the number sent

`send` replaces HTTP: it receives an Attempt and returns 200, UNREACHABLE, TIMEOUT or `Outcome(200, took=...)`. It may
be async; a plain function runs in a thread and may call the API. An exception of `send` counts as an unreachable
target, and `advance` raises it again. Under a virtual clock only `advance`, `run_until_idle`, `force_run`, `duplicate`
and `deliver` send attempts, and an attempt takes the time that `took` states, none by default.
"""

from local.cloud_tasks.clock import Clock, SystemClock, VirtualClock
from local.cloud_tasks.dispatcher import Send
from local.cloud_tasks.engine import TIMEOUT, UNREACHABLE, Attempt, Outcome
from local.cloud_tasks.server import CloudTasks

__all__ = [
    "TIMEOUT",
    "UNREACHABLE",
    "Attempt",
    "Clock",
    "CloudTasks",
    "Outcome",
    "Send",
    "SystemClock",
    "VirtualClock",
]
