"""The parts of the local stack except Cloud Tasks (queues.py), each with its command and the check that it is ready."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from local.emulators import firestore
from local.stack.addresses import Addresses
from local.stack.loopback import allowed_hosts
from local.stack.supervisor import Part

HOST = "127.0.0.1"
SPARE_THREADS = 16  # as in terraform/functions.tf
USERS = ("ann", "ben", "cleo")  # the page signs in as any of them


def firestore_part(port: int, *, report: Callable[[str], None], rules: Path = firestore.RULES) -> Part:
    """Ready when the rules are in force. Raises NoEmulator; its `ready` raises BadRules."""
    address = f"{HOST}:{port}"
    return Part(
        name="firestore",
        address=address,
        command=firestore.emulator_command(HOST, port, rules=rules, report=report),
        ready=lambda: firestore.is_ready(address) and firestore.load_rules(address, rules),
    )


def function_part(
    name: str, port: int, *, source: Path, threads: int, run_folder: Path, environment: Mapping[str, str]
) -> Part:
    """One of the functions in functions-framework, in one process as on Cloud Run."""
    address = f"http://{HOST}:{port}"
    # In the default folder, $HOME, the gunicorns would overwrite each other's control sockets.
    sockets = run_folder / name
    sockets.mkdir()
    return Part(
        name=name,
        address=address,
        command=with_listener(
            module_command("functions_framework", "--target", name, "--source", str(source), *listen_at(port))
        ),
        socket=(HOST, port),
        # No function does anything for a GET of this path.
        ready=lambda: answers(f"{address}/robots.txt"),
        environment={
            "ALLOWED_HOSTS": allowed_hosts(),
            **environment,
            "PYTHONUNBUFFERED": "1",
            "WORKERS": "1",
            "THREADS": str(threads + SPARE_THREADS),
            "XDG_RUNTIME_DIR": str(sockets),
        },
    )


def assets_part(port: int, *, folder: Path, key: str, origins: str) -> Part:
    address = f"http://{HOST}:{port}"
    return Part(
        name="assets",
        address=address,
        command=module_command("local.emulators.assets", "--folder", str(folder), *listen_at(port)),
        ready=lambda: answers(address),
        environment={
            "ALLOWED_HOSTS": allowed_hosts(),
            "ASSETS_SIGNING_KEY": key,
            "CORS_ORIGINS": origins,
            "PYTHONUNBUFFERED": "1",
        },
    )


def page_part(port: int, *, folder: Path, addresses: Addresses, database: str) -> Part:
    """Serves the page that is built in `folder` to users of the stack at these addresses."""
    address = f"http://{HOST}:{port}"
    config = ("--config", json.dumps(page_config(addresses, database=database)))
    called = (addresses.api, f"http://{addresses.firestore}", addresses.assets)
    policy = ("--connect", *called, "--images", addresses.assets)
    return Part(
        name="page",
        address=address,
        command=module_command("local.emulators.hosting", "--folder", str(folder), *config, *policy, *listen_at(port)),
        ready=lambda: answers(address),
        environment={"ALLOWED_HOSTS": allowed_hosts(), "PYTHONUNBUFFERED": "1"},
    )


def page_config(addresses: Addresses, *, database: str) -> dict[str, Any]:
    """The page's config.json for a local stack."""
    return {
        "api": addresses.api,
        "firebase": {"projectId": addresses.project, "apiKey": "local"},
        "database": database,
        "emulator": {"firestore": addresses.firestore},
        "users": list(USERS),
    }


def answers(url: str) -> bool:
    """Whether an HTTP server answers there, with any status."""
    try:
        httpx.get(url, timeout=1)
    except httpx.TransportError:
        return False
    return True


def module_command(name: str, *arguments: str) -> tuple[str, ...]:
    # -m, not the command: it puts the working directory, the repository's root, on sys.path.
    return (sys.executable, "-m", name, *arguments)


def with_listener(command: Sequence[str]) -> tuple[str, ...]:
    """Passes the standard input to gunicorn as a listening socket: systemd's protocol, which gunicorn supports."""
    return ("/bin/sh", "-c", 'exec env LISTEN_PID=$$ LISTEN_FDS=1 "$@" 3<&0 </dev/null', "sh", *command)


def listen_at(port: int) -> tuple[str, ...]:
    return ("--host", HOST, "--port", str(port))
