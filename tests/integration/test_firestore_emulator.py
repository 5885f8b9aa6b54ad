"""How the local stack comes by an emulator, and what it says when it cannot."""

import hashlib
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urljoin

import pytest

from local.emulators.download import Pinned
from local.emulators.firestore import IN_CLOUD_SDK, WAYS_OUT, NoEmulator, emulator_jar, firestore_part, installed_jar
from local.emulators.java import NoJava, java, java_version, needed_java
from local.stack.ports import free_port
from local.stack.supervisor import PartFailed, Supervisor

JAR = b"not really a jar" * 1000


class Publisher(BaseHTTPRequestHandler):
    """Serves JAR; says `/broken.jar` is twice as long and then hangs up."""

    def do_GET(self) -> None:
        if self.path == "/missing.jar":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(JAR) * (2 if self.path == "/broken.jar" else 1)))
        self.end_headers()
        self.wfile.write(JAR)

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002  # its name in the base class


@pytest.fixture
def published() -> Iterator[Pinned]:
    """A jar that is published as it should be."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Publisher) as server:
        Thread(target=server.serve_forever, args=(0.01,)).start()
        url = f"http://127.0.0.1:{server.server_port}/emulator-v1.jar"
        yield Pinned(url=url, bytes=len(JAR), sha256=hashlib.sha256(JAR).hexdigest())
        server.shutdown()


@pytest.fixture
def no_java(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)


def jar_at(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(JAR)
    return path


def test_the_named_jar_comes_first_then_the_cloud_sdks_then_the_newest_of_firebase_tools(tmp_path: Path) -> None:
    emulators = tmp_path / ".cache/firebase/emulators"
    jar_at(emulators / "cloud-firestore-emulator-v1.9.1.jar")
    newest = jar_at(emulators / "cloud-firestore-emulator-v1.20.2.jar")
    in_sdk = jar_at(tmp_path / "google-cloud-sdk" / IN_CLOUD_SDK)
    named = jar_at(tmp_path / "named.jar")

    assert installed_jar({"FIRESTORE_EMULATOR_JAR": str(named)}, tmp_path, usual_sdks=()) == named
    assert installed_jar({}, tmp_path, usual_sdks=()) == in_sdk
    in_sdk.unlink()
    assert installed_jar({}, tmp_path, usual_sdks=()) == newest


def test_the_cloud_sdk_is_found_by_where_gcloud_leads(tmp_path: Path) -> None:
    in_sdk = jar_at(tmp_path / "somewhere" / "sdk" / IN_CLOUD_SDK)
    gcloud = jar_at(tmp_path / "somewhere" / "sdk" / "bin" / "gcloud")
    gcloud.chmod(0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "gcloud").symlink_to(gcloud)

    assert installed_jar({"PATH": str(tmp_path / "bin")}, tmp_path) == in_sdk


def test_a_named_jar_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NoEmulator, match=r"^FIRESTORE_EMULATOR_JAR names /nowhere\.jar, which is not a file\.$"):
        installed_jar({"FIRESTORE_EMULATOR_JAR": "/nowhere.jar"}, tmp_path)


def test_a_missing_jar_is_downloaded_once(tmp_path: Path, published: Pinned) -> None:
    told: list[str] = []

    first = emulator_jar({}, tmp_path, tell=told.append, pinned=published, usual_sdks=())
    second = emulator_jar({}, tmp_path, tell=told.append, pinned=published, usual_sdks=())

    assert first == second == tmp_path / ".cache/asset-requests/emulator-v1.jar"
    assert first.read_bytes() == JAR
    assert len(told) == 1


FAULTS: dict[str, tuple[Callable[[Pinned], Pinned], str]] = {
    "another file": (lambda pinned: replace(pinned, sha256="0" * 64), f"and should have {'0' * 64}."),
    "a connection that breaks": (
        lambda pinned: at(pinned, "/broken.jar"),
        "could not be downloaded: RemoteProtocolError",
    ),
    "no such file": (lambda pinned: at(pinned, "/missing.jar"), "could not be downloaded: HTTP status 404."),
    "no server": (
        lambda pinned: replace(pinned, url="http://127.0.0.1:1/x.jar"),
        "could not be downloaded: ConnectError",
    ),
}


def at(pinned: Pinned, path: str) -> Pinned:
    return replace(pinned, url=urljoin(pinned.url, path))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_download_that_fails_leaves_nothing_and_tells_the_ways_out(
    tmp_path: Path, published: Pinned, fault: str
) -> None:
    faulty, reason = FAULTS[fault]
    pinned = faulty(published)

    with pytest.raises(NoEmulator) as told:
        emulator_jar({}, tmp_path, tell=print, pinned=pinned, usual_sdks=())

    first_line, *ways_out = str(told.value).splitlines()
    assert first_line.startswith(pinned.url)
    assert reason in first_line
    assert ways_out == WAYS_OUT.format(url=pinned.url).splitlines()
    assert list((tmp_path / ".cache/asset-requests").iterdir()) == []


def test_rules_that_do_not_compile_are_told_with_line_and_column(tmp_path: Path) -> None:
    rules = tmp_path / "broken.rules"
    rules.write_text("rules_version = '2';\nservice cloud.firestore {\n  allow get if true;\n}\n")

    with Supervisor(tmp_path / "logs") as supervisor, pytest.raises(PartFailed) as told:
        supervisor.start([firestore_part(free_port(), tell=print, rules=rules)])

    assert str(told.value).startswith(f"{rules} cannot be used: Error compiling rules:\nL3:")


@pytest.mark.parametrize(
    ("says", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_202"', 8),
        ('openjdk version "25" 2025-09-16 LTS', 25),
        ('openjdk version "26-ea" 2026-03-17', 26),
        ("The operation couldn't be completed. Unable to locate a Java Runtime.", None),
    ],
)
def test_javas_version_is_read_from_what_it_says(tmp_path: Path, says: str, version: int | None) -> None:
    command = tmp_path / "java"
    command.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{says}\nEND\n")
    command.chmod(0o755)

    assert java_version(command) == version


def test_a_java_that_does_not_run_is_none(tmp_path: Path) -> None:
    assert java_version(tmp_path / "java") is None


@pytest.mark.parametrize(("major", "needed"), [(55, 11), (65, 21)])
def test_the_jar_tells_which_java_it_needs(tmp_path: Path, major: int, needed: int) -> None:
    jar = tmp_path / "emulator.jar"
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr("com/example/Main.class", b"\xca\xfe\xba\xbe\x00\x00" + major.to_bytes(2, "big"))

    assert needed_java(jar, "com.example.Main") == needed


def test_without_a_new_enough_java_the_bundled_one_is_taken(no_java: None) -> None:
    assert java(11, bundled=lambda: "/venv/java") == "/venv/java"


def test_a_jar_that_needs_a_newer_java_than_the_bundled_one_is_told(no_java: None) -> None:
    with pytest.raises(NoJava, match="needs Java 99: put it on PATH"):
        java(99, bundled=lambda: "/venv/java")
