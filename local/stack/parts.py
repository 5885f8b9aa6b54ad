"""The parts of the local stack other than the Firestore emulator, each with its command and its probe."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import grpc
import httpx
from google.cloud.tasks_v2 import CloudTasksClient
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport

from common.queues import Policies
from local.emulators.hosting import page_config, reached
from local.stack.addresses import Addresses
from local.stack.queues import create_queues
from local.stack.supervisor import Part

HOST = "127.0.0.1"


def function_part(
    name: str, port: int, *, source: Path, threads: int, run_folder: Path, environment: Mapping[str, str]
) -> Part:
    """One of the functions in functions-framework, in one process as on Cloud Run."""
    # Else the gunicorns put their control sockets over each other in $HOME.
    own = run_folder / name
    own.mkdir()
    return Part(
        name=name,
        command=_module("functions_framework", "--target", name, "--source", str(source), *_at(port)),
        # The framework answers this path itself, once the function is imported, so that nothing is called.
        ready=lambda: answers(f"http://{HOST}:{port}/robots.txt"),
        environment={
            **environment,
            "PYTHONUNBUFFERED": "1",
            "WORKERS": "1",
            "THREADS": str(threads),
            "XDG_RUNTIME_DIR": str(own),
        },
    )


def assets_part(port: int, *, folder: Path, key: str, origins: str) -> Part:
    return Part(
        name="assets",
        command=_module("local.emulators.assets", "--folder", str(folder), *_at(port)),
        ready=lambda: answers(f"http://{HOST}:{port}/"),
        environment={"ASSETS_SIGNING_KEY": key, "CORS_ORIGINS": origins, "PYTHONUNBUFFERED": "1"},
    )


def page_part(port: int, *, folder: Path, addresses: Addresses, database: str) -> Part:
    """The page that is built in `folder`, for the people of a stack at these addresses."""
    told = ("--config", json.dumps(page_config(addresses, database=database)))
    allowed = ("--reach", *reached(addresses), "--pictures", addresses.assets)
    return Part(
        name="page",
        command=_module("local.emulators.hosting", "--folder", str(folder), *told, *allowed, *_at(port)),
        ready=lambda: answers(f"http://{HOST}:{port}/"),
        environment={"PYTHONUNBUFFERED": "1"},
    )


def cloud_tasks_part(port: int, *, project: str, location: str, process_url: str, policies: Policies) -> Part:
    """Ready when the queues exist too, so that a restarted one is as good as the first."""

    def ready() -> bool:
        with grpc.insecure_channel(f"{HOST}:{port}") as channel:
            try:
                grpc.channel_ready_future(channel).result(timeout=1)
            except grpc.FutureTimeoutError:
                return False
            client = CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))
            create_queues(client, project, location, process_url, policies)
        return True

    return Part(
        name="cloud_tasks",
        command=_module("local.cloud_tasks", *_at(port)),
        ready=ready,
        environment={"PYTHONUNBUFFERED": "1"},
    )


def answers(url: str) -> bool:
    """Whether an HTTP server is there, whatever it says."""
    try:
        httpx.get(url, timeout=1)
    except httpx.TransportError:
        return False
    return True


def _module(name: str, *arguments: str) -> tuple[str, ...]:
    # -m, not the command: it puts the working directory, the repository's root, on sys.path.
    return (sys.executable, "-m", name, *arguments)


def _at(port: int) -> tuple[str, ...]:
    return ("--host", HOST, "--port", str(port))
