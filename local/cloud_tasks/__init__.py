"""A local Google Cloud Tasks (API v2, HTTP targets), alone (`python -m local.cloud_tasks`) or inside a test.

    with CloudTasks() as tasks:                                  # real time, HTTP to the targets
        client = tasks.client()                                  # or any official client at tasks.address

    with CloudTasks(clock=VirtualClock(), send=worker) as tasks: # time stands still until it is moved
        tasks.client().create_queue(...); tasks.client().create_task(...)
        tasks.advance(timedelta(hours=3))                        # sends all that falls due, each at its time
        tasks.run_until_idle()                                   # until nothing is left; both return the number sent

`send` takes the place of HTTP: it gets an Attempt and returns 200, UNREACHABLE, TIMEOUT or `Outcome(200, took=...)`.
It may be async, else it runs in a thread; it may call the API. What it raises is no answer; `advance` raises it again.
Under a virtual clock nothing is sent outside `advance`, `run_until_idle`, `force_run`, `duplicate` and `deliver`,
and requests take no time unless `took` says so. A test also has `pending`, `purge`, `delete` and `reset_names`.
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
