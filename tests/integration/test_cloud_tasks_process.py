"""The local Cloud Tasks as a process."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import grpc
import pytest
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport

from tests.integration.cloud_tasks_target import LOCATION, QUEUE, create_task, http_target
from tests.processes import IN_BACKGROUND, wait_until

COMMAND = [sys.executable, "-m", "local.cloud_tasks", "--port"]


@contextmanager
def started(prefix: Sequence[str] = ()) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its address."""
    command = [*prefix, *COMMAND, "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().removeprefix("Cloud Tasks on ").strip()
    finally:
        process.kill()
        process.communicate()


def test_it_delivers_a_task() -> None:
    with http_target() as target, started() as (_, address), grpc.insecure_channel(address) as channel:
        client = tasks_v2.CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))
        client.create_queue(parent=LOCATION, queue=tasks_v2.Queue(name=QUEUE))
        create_task(client, QUEUE, http_request={"url": target.url, "body": b"x"})

        wait_until(lambda: len(target.requests) == 1)

    assert address.startswith("127.0.0.1:")
    assert target.requests[0].body == b"x"


@pytest.mark.parametrize("prefix", [(), IN_BACKGROUND], ids=["foreground", "background"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_also_in_the_background(number: signal.Signals, prefix: Sequence[str]) -> None:
    with started(prefix) as (process, _):
        process.send_signal(number)
        _, errors = process.communicate(timeout=10)

    assert (process.returncode, errors) == (0, "")


def test_a_port_in_use_is_reported_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ended = subprocess.run([*COMMAND, str(port)], capture_output=True, text=True, timeout=20, check=False)

    assert ended.returncode == 1
    assert "Failed to bind" in ended.stderr
    assert "Traceback" not in ended.stderr
