"""The local Cloud Tasks as a process of its own."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import pytest
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport

from tests.integration.cloud_tasks_target import LOCATION, QUEUE, create_task, http_target

COMMAND = [sys.executable, "-m", "local.cloud_tasks", "--port"]


@contextmanager
def _serving() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its address."""
    process = subprocess.Popen([*COMMAND, "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().removeprefix("Cloud Tasks on ").strip()
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_delivers_and_ends_cleanly_when_told(number: signal.Signals) -> None:  # case 1
    with http_target() as target, _serving() as (process, address):
        with grpc.insecure_channel(address) as channel:
            client = tasks_v2.CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))
            client.create_queue(parent=LOCATION, queue=tasks_v2.Queue(name=QUEUE))
            create_task(client, QUEUE, http_request={"url": target.url, "body": b"x"})
            target.wait_for(1)

        process.send_signal(number)
        _, errors = process.communicate(timeout=5)

    assert address.startswith("127.0.0.1:")
    assert target.requests[0].body == b"x"
    assert (process.returncode, errors) == (0, "")


def test_a_taken_port_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = subprocess.run([*COMMAND, str(port)], capture_output=True, text=True, timeout=10, check=False)

    assert ended.returncode == 1
    assert "Failed to bind" in ended.stderr
    assert "Traceback" not in ended.stderr
