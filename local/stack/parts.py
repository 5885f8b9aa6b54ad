"""The parts of the local stack, each with its command and the check that it is ready."""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import grpc
import httpx
from google.cloud.tasks_v2 import CloudTasksClient
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport

from common.queues import Policies
from local.emulators import firestore
from local.stack.addresses import Addresses
from local.stack.queues import create_queues
from local.stack.supervisor import Part

HOST = "127.0.0.1"
USERS = ("ann", "ben", "cleo")  # the page signs in as any of them


def firestore_part(port: int, *, report: Callable[[str], None], rules: Path = firestore.RULES) -> Part:
    """Ready when the rules are in force. Raises NoEmulator; its `ready` raises BadRules."""
    address = f"{HOST}:{port}"
    return Part(
        name="firestore",
        command=firestore.emulator_command(HOST, port, rules=rules, report=report),
        ready=lambda: firestore.is_ready(address) and firestore.load_rules(address, rules),
    )


def function_part(
    name: str, port: int, *, source: Path, threads: int, run_folder: Path, environment: Mapping[str, str]
) -> Part:
    """One of the functions in functions-framework, in one process as on Cloud Run."""
    # In the default folder, $HOME, the gunicorns would overwrite each other's control sockets.
    sockets = run_folder / name
    sockets.mkdir()
    return Part(
        name=name,
        command=_module("functions_framework", "--target", name, "--source", str(source), *_at(port)),
        # The framework itself answers this path once it has imported the function, and calls nothing.
        ready=lambda: answers(f"http://{HOST}:{port}/robots.txt"),
        environment={
            **environment,
            "PYTHONUNBUFFERED": "1",
            "WORKERS": "1",
            "THREADS": str(threads),
            "XDG_RUNTIME_DIR": str(sockets),
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
    """Serves the page that is built in `folder` to users of the stack at these addresses."""
    config = ("--config", json.dumps(page_config(addresses, database=database)))
    called = (addresses.api, f"http://{addresses.firestore}", addresses.assets)
    policy = ("--connect", *called, "--images", addresses.assets)
    return Part(
        name="page",
        command=_module("local.emulators.hosting", "--folder", str(folder), *config, *policy, *_at(port)),
        ready=lambda: answers(f"http://{HOST}:{port}/"),
        environment={"PYTHONUNBUFFERED": "1"},
    )


def page_config(addresses: Addresses, *, database: str) -> dict[str, Any]:
    """The page's config.json for a local stack."""
    return {
        "api": addresses.api,
        "firebase": {"projectId": addresses.project, "apiKey": "local"},
        "database": database,
        "emulator": {"firestore": addresses.firestore},
        "people": list(USERS),
    }


def cloud_tasks_part(port: int, *, project: str, location: str, process_url: str, policies: Policies) -> Part:
    """Ready when its queues exist, after a restart too."""

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
    """Whether an HTTP server answers there, with any status."""
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
