"""The deployed archive, unpacked into an empty folder."""

import os
import subprocess
import sys
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from google.cloud.firestore import Client

from build import ROOT
from build.package import FILES, FOLDERS, build_archive
from common.queues import load_policies
from local.cloud_tasks import CloudTasks
from local.emulators.firestore import PROJECT
from local.stack.parts import answers
from local.stack.ports import free_ports
from local.stack.queues import create_queues
from local.stack.stack import LOCATION
from local.token import unsigned_token
from tests.processes import wait_until

WITHIN_SECONDS = 120  # the first import compiles every module, which is slow on a busy machine
ASSET = {
    "doctor_name": "Dr. Ann Weber",
    "practice_name": "Lakeside Dental",
    "practice_type": "dentist",
    "channel": "social",
    "primary_message": "Gentle check-ups",
}
SUBMIT = {"type": "medical_asset", "input": ASSET}
ANN = {"Authorization": f"Bearer {unsigned_token('ann')}"}
WEEKLY = {"X-CloudScheduler-JobName": "weekly", "X-CloudScheduler-ScheduleTime": "2026-11-23T07:00:00Z"}


def test_the_same_files_give_the_same_bytes_despite_other_times_and_modes(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    for name in (*FOLDERS, *FILES):
        subprocess.run(["cp", "-r", ROOT / name, _make(elsewhere)], check=True)  # without their times
    (elsewhere / "functions" / "main.py").chmod(0o700)
    (_make(elsewhere / "common" / "__pycache__") / "left.pyc").touch()

    assert build_archive(tmp_path / "one.zip", root=elsewhere) == build_archive(tmp_path / "two.zip")


def _make(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


@pytest.mark.timeout(300)  # installs the requirements into a new virtualenv
def test_the_archive_runs_requests_to_their_end_with_only_its_requirements(
    firestore_emulator: str, tmp_path: Path
) -> None:
    build_archive(tmp_path / "functions.zip")
    with zipfile.ZipFile(tmp_path / "functions.zip") as archive:
        archive.extractall(tmp_path / "unpacked")
    python = _python_with(tmp_path / "unpacked" / "requirements.txt", tmp_path / "venv")
    ports = dict(zip(("api", "process", "sweep"), free_ports(3), strict=True))
    api, process, sweep = (f"http://127.0.0.1:{port}" for port in ports.values())

    with CloudTasks() as tasks, ExitStack() as functions:
        create_queues(tasks.client(), PROJECT, LOCATION, process, load_policies())
        environment = _environment(firestore_emulator, tasks.address, tmp_path)
        for name, port in ports.items():
            functions.enter_context(_function(python, name, port, tmp_path / "unpacked", environment))
        submitted = httpx.post(f"{api}/requests", json=SUBMIT, headers=ANN, timeout=30).json()
        recurring = httpx.post(sweep, json={"submit": SUBMIT}, headers=WEEKLY, timeout=30).json()
        swept = httpx.post(sweep, json={}, timeout=30)
        documents = Client(project=PROJECT, database=environment["FIRESTORE_DATABASE"])
        ends = [_end_of(request["id"], documents) for request in (submitted, recurring)]

    assert ends == ["completed", "completed"]
    assert [path.name for path in (tmp_path / "assets").rglob("*.png")] == ["social.png", "social.png"]
    assert (swept.status_code, swept.json()) == (200, {})


def _environment(firestore: str, cloud_tasks: str, folder: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "FIRESTORE_DATABASE": f"t{uuid.uuid4().hex}",
        "FIRESTORE_EMULATOR_HOST": firestore,
        "CLOUD_TASKS_EMULATOR_HOST": cloud_tasks,
        "ASSETS_FOLDER": str(folder / "assets"),
        "ASSETS_URL": "http://127.0.0.1:1",
        "ASSETS_SIGNING_KEY": "key",
    }


def _python_with(requirements: Path, venv: Path) -> Path:
    """A Python with the packages that the buildpack installs, and no others."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    python = venv / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", "--no-compile", "--requirement", str(requirements)], check=True)
    subprocess.run([*pip, "check"], check=True)  # as the buildpack does
    return python


@contextmanager
def _function(python: Path, name: str, port: int, folder: Path, environment: dict[str, str]) -> Iterator[None]:
    run_folder = folder.parent / f"run-{name}"
    run_folder.mkdir()
    command = [
        str(python),
        "-m",
        "functions_framework",
        "--target",
        name,
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    environment = {**environment, "XDG_RUNTIME_DIR": str(run_folder)}
    with subprocess.Popen(command, cwd=folder, env=environment) as running:
        try:
            wait_until(lambda: answers(f"http://127.0.0.1:{port}/robots.txt"), within=WITHIN_SECONDS)
            yield
        finally:
            running.terminate()


def _end_of(request_id: str, documents: Client) -> str:
    """The status of the request when it has ended."""

    def ended() -> str | None:
        status = str(documents.document(f"requests/{request_id}").get(["status"]).get("status"))
        return None if status in {"queued", "processing"} else status

    return wait_until(ended, within=WITHIN_SECONDS)
