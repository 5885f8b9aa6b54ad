"""`python -m local` as a whole, with functions that return their environment."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import grpc
import httpx
import pytest
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport

from build import ROOT
from common.queues import load_policies
from local.emulators.firestore import is_ready
from local.stack.addresses import Addresses, find_running_stack
from local.stack.ports import choose_ports, free_port
from local.stack.stack import FUNCTIONS, Stack
from local.stack.supervisor import PartFailed
from tests.processes import IN_BACKGROUND, wait_until

REPORTING_FUNCTIONS = """
import json, os, sys
import functions_framework

def report(request):
    print(json.dumps({"severity": "INFO", "message": "called", "headers": dict(request.headers)}), flush=True)
    if request.path == "/fail":
        print(json.dumps({"severity": "ERROR", "message": "request.failed", "type": "diagnostic"}), flush=True)
    return {"environment": dict(os.environ), "master": os.getppid(), "importable": os.path.realpath("common")}

api = process = sweep = functions_framework.http(report)
"""
PARTS = ("api", "process", "sweep", "assets", "page", "cloud_tasks", "firestore")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("source") / "main.py"
    file.write_text(REPORTING_FUNCTIONS)
    return file


class Running:
    """A stack in its own process, as started in a terminal."""

    def __init__(self, process: subprocess.Popen[str], folder: Path, output: IO[str]) -> None:
        self.process = process
        self.folder = folder
        self._output = output
        wait_until(lambda: (folder / "stack.json").exists() or process.poll() is not None)
        assert process.poll() is None, self.output()
        self.addresses = self._addresses()

    def output(self) -> str:
        self._output.seek(0)
        return self._output.read()

    def wait(self) -> int:
        """Returns the exit status."""
        return self.process.wait(timeout=60)

    def answering(self) -> list[str]:
        """Its parts that accept connections."""
        return [name for name in PARTS if name != "firestore" and self._accepts_connections(name)]

    def master_of(self, function: str) -> int:
        return int(httpx.get(getattr(self.addresses, function)).json()["master"])

    def _addresses(self) -> Addresses:
        addresses = find_running_stack(self.folder)
        assert addresses is not None
        return addresses

    def _accepts_connections(self, name: str) -> bool:
        host, port = getattr(self.addresses, name).removeprefix("http://").split(":")
        with socket.socket() as connection:
            return connection.connect_ex((host, int(port))) == 0


def command(folder: Path, source: Path) -> list[str]:
    page = folder / "dist"
    page.mkdir(exist_ok=True)
    options = ("--ports", "free", "--folder", str(folder), "--source", str(source), "--page", str(page))
    return [sys.executable, "-m", "local", *options]


@contextmanager
def started(folder: Path, source: Path, firestore: str, *, prefix: Sequence[str] = ()) -> Iterator[Running]:
    environment = os.environ | {"FIRESTORE_EMULATOR_HOST": firestore}
    with (
        (folder / "output").open("w+") as output,
        subprocess.Popen(
            [*prefix, *command(folder, source)], cwd=ROOT, env=environment, stdout=output, stderr=output, text=True
        ) as process,
    ):
        try:
            yield Running(process, folder, output)
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, source: Path, firestore_emulator: str) -> Iterator[Running]:
    """A stack for all tests that do not change it."""
    with started(tmp_path_factory.mktemp("stack"), source, firestore_emulator) as stack:
        yield stack


def test_each_part_is_reported_when_it_is_ready_and_the_page_last(stack: Running) -> None:
    wait_until(lambda: "Page:" in stack.output())

    *parts, running, _, page = stack.output().rstrip().splitlines()

    assert {line.split()[0] for line in parts} == set(PARTS) - {"firestore"}
    assert all(line.split()[1] == getattr(stack.addresses, line.split()[0]) for line in parts)
    assert running == f"Everything is running. Logs are in {stack.folder}/logs. Press Ctrl-C to stop."
    assert page == f"  Page: {stack.addresses.page}"


def test_all_parts_answer_at_the_addresses_in_stack_json(stack: Running, firestore_emulator: str) -> None:
    content = json.loads((stack.folder / "stack.json").read_text())

    assert set(content) == {*PARTS, "project", "pid"}
    assert (content["project"], content["pid"], content["firestore"]) == (
        "demo-local",
        stack.process.pid,
        firestore_emulator,
    )
    assert stack.answering() == [name for name in PARTS if name != "firestore"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_function_has_the_addresses_in_its_environment(stack: Running, function: str) -> None:
    environment = httpx.get(getattr(stack.addresses, function)).json()["environment"]

    assert {
        name: environment[name]
        for name in environment
        if name.startswith(("GOOGLE", "QUEUES", "FIRE", "CLOUD_T", "ENABLE"))
    } == {
        "GOOGLE_CLOUD_PROJECT": "demo-local",
        "QUEUES_LOCATION": "us-central1",
        "FIRESTORE_EMULATOR_HOST": stack.addresses.firestore,
        "CLOUD_TASKS_EMULATOR_HOST": stack.addresses.cloud_tasks,
        "ENABLE_TYPES": "diagnostic",
    }
    assert environment["ASSETS_URL"] == stack.addresses.assets
    assert environment["ASSETS_FOLDER"] == str(stack.folder / "assets")
    assert len(environment["ASSETS_SIGNING_KEY"]) == 64
    assert environment["CORS_ORIGINS"].startswith("http://127.0.0.1:")


@pytest.mark.parametrize("type_name", load_policies())
def test_a_task_of_each_queue_reaches_process_with_a_token_despite_its_url(stack: Running, type_name: str) -> None:
    parent = f"projects/demo-local/locations/us-central1/queues/{load_policies()[type_name].queue}"
    with grpc.insecure_channel(stack.addresses.cloud_tasks) as channel:
        client = tasks_v2.CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))
        task = tasks_v2.Task(http_request=tasks_v2.HttpRequest(url="https://process.invalid/", body=b"{}"))
        name = client.create_task(parent=parent, task=task).name.rpartition("/")[2]

    log = stack.folder / "logs" / "process.log"
    wait_until(lambda: name in log.read_text())
    delivery = next(line for line in log.read_text().splitlines() if name in line)
    assert json.loads(delivery)["headers"]["Authorization"].startswith("Bearer ")


def test_the_sweeper_is_called_every_few_seconds(stack: Running) -> None:
    log = stack.folder / "logs" / "sweep.log"

    wait_until(lambda: log.read_text().count('"called"') >= 2)


def test_errors_of_the_functions_are_shown_and_other_events_are_not(stack: Running) -> None:
    httpx.get(f"{stack.addresses.api}/fail")

    wait_until(lambda: "api: ERROR request.failed type=diagnostic\n" in stack.output())
    assert "called" not in stack.output()


def test_a_second_stack_ends_with_one_line_about_the_first(stack: Running, source: Path) -> None:
    second = subprocess.run(command(stack.folder, source), cwd=ROOT, capture_output=True, text=True, check=False)

    where = f"Its API is {stack.addresses.api}. Stop it first, or use it."
    assert second.stderr == f"A stack already runs in {stack.folder}. {where}\n"
    assert (second.stdout, second.returncode) == ("", 1)
    assert find_running_stack(stack.folder) == stack.addresses


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_sigint_and_sigterm_end_everything_in_the_background_of_a_script_too(
    tmp_path: Path, source: Path, firestore_emulator: str, end: signal.Signals
) -> None:
    with started(tmp_path, source, firestore_emulator, prefix=IN_BACKGROUND) as stack:
        os.kill(json.loads((tmp_path / "stack.json").read_text())["pid"], end)

        assert stack.wait() == 0
        assert stack.output().splitlines()[-1] == "Everything has stopped."
        assert stack.answering() == []
        assert not (tmp_path / "stack.json").exists()


def test_when_a_part_dies_its_output_is_shown_and_everything_ends(
    tmp_path: Path, source: Path, firestore_emulator: str
) -> None:
    with started(tmp_path, source, firestore_emulator) as stack:
        os.kill(stack.master_of("sweep"), signal.SIGKILL)

        assert stack.wait() == 1
        assert "\nsweep was killed by SIGKILL.\nIts last output (" in stack.output()
        assert stack.answering() == []
        assert find_running_stack(tmp_path) is None


def test_a_killed_stack_does_not_count_as_running(tmp_path: Path, source: Path, firestore_emulator: str) -> None:
    with started(tmp_path, source, firestore_emulator) as stack:
        stack.process.kill()
        stack.wait()

        wait_until(lambda: stack.answering() == [])
        assert (tmp_path / "stack.json").exists()
        assert find_running_stack(tmp_path) is None


def test_functions_that_cannot_be_imported_fail_the_start_with_the_reason(
    tmp_path: Path, firestore_emulator: str
) -> None:
    broken = tmp_path / "main.py"
    broken.write_text("raise RuntimeError('no such thing')")

    with pytest.raises(PartFailed, match=r"(?s)ended with exit status 1\..*RuntimeError: no such thing"):
        Stack(ports="free", folder=tmp_path, source=broken).__enter__()


def test_functions_that_cannot_work_fail_the_start_with_the_log(tmp_path: Path, firestore_emulator: str) -> None:
    broken = tmp_path / "main.py"
    broken.write_text(
        REPORTING_FUNCTIONS.replace("def report(request):", "def report(request):\n    raise RuntimeError()")
    )

    with pytest.raises(
        PartFailed, match=rf"^api answers GET /health with 500; {tmp_path}/logs/api\.log has the reason\.$"
    ):
        Stack(ports="free", folder=tmp_path, source=broken).__enter__()


def test_without_a_firestore_emulator_one_is_started(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FIRESTORE_EMULATOR_HOST", raising=False)

    with Stack(ports="free", folder=tmp_path, source=source) as stack:
        assert is_ready(stack.addresses.firestore)

    assert not is_ready(stack.addresses.firestore)


def test_a_firestore_emulator_that_does_not_answer_fails_the_start(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "127.0.0.1:1")

    with pytest.raises(PartFailed, match=r"^FIRESTORE_EMULATOR_HOST is 127\.0\.0\.1:1, where no Firestore"):
        Stack(ports="free", folder=tmp_path, source=source).__enter__()


def test_a_call_of_a_killed_function_waits_until_it_is_restarted(
    tmp_path: Path, source: Path, firestore_emulator: str
) -> None:
    with Stack(ports="free", folder=tmp_path, source=source) as stack, ThreadPoolExecutor(1) as threads:
        stack.kill("process")
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(stack.addresses.process, timeout=0.1)
        call = threads.submit(httpx.get, stack.addresses.process, timeout=60)

        stack.restart("process")

        assert call.result().status_code == 200


def test_a_port_in_use_is_replaced_by_a_free_one_and_reported() -> None:
    reported: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as other:
        used, free = other.getsockname()[1], free_port()

        chosen = choose_ports({"api": used, "assets": free}, report=reported.append)

    assert chosen["api"] != used
    assert chosen["assets"] == free
    assert reported == [f"Port {used} is in use: api gets {chosen['api']}."]
