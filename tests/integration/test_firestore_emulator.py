"""How the local stack finds or downloads the Firestore emulator, and its errors when it cannot."""

import hashlib
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urljoin

import pytest

from build.runtimes import NoRuntime, Wheel, find_java
from local.emulators.download import PinnedFile
from local.emulators.firestore import (
    IN_CLOUD_SDK,
    REMEDIES,
    BadRules,
    NoEmulator,
    emulator_jar,
    find_installed_jar,
    needed_java,
)
from local.stack.parts import firestore_part
from local.stack.ports import free_port
from local.stack.supervisor import Supervisor

JAR = b"not really a jar" * 1000


class Publisher(BaseHTTPRequestHandler):
    """Serves JAR; announces twice its length for `/broken.jar` and closes the connection early."""

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
def published() -> Iterator[PinnedFile]:
    """A jar with the right checksum, on a server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Publisher) as server:
        Thread(target=server.serve_forever, args=(0.01,)).start()
        url = f"http://127.0.0.1:{server.server_port}/emulator-v1.jar"
        yield PinnedFile(url=url, bytes=len(JAR), sha256=hashlib.sha256(JAR).hexdigest())
        server.shutdown()


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

    assert find_installed_jar({"FIRESTORE_EMULATOR_JAR": str(named)}, tmp_path, usual_sdks=()) == named
    assert find_installed_jar({}, tmp_path, usual_sdks=()) == in_sdk
    in_sdk.unlink()
    assert find_installed_jar({}, tmp_path, usual_sdks=()) == newest


def test_the_cloud_sdk_is_found_through_the_gcloud_command(tmp_path: Path) -> None:
    in_sdk = jar_at(tmp_path / "somewhere" / "sdk" / IN_CLOUD_SDK)
    gcloud = jar_at(tmp_path / "somewhere" / "sdk" / "bin" / "gcloud")
    gcloud.chmod(0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "gcloud").symlink_to(gcloud)

    assert find_installed_jar({"PATH": str(tmp_path / "bin")}, tmp_path) == in_sdk


def test_a_named_jar_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NoEmulator, match=r"^FIRESTORE_EMULATOR_JAR is /nowhere\.jar, which is not a file\.$"):
        find_installed_jar({"FIRESTORE_EMULATOR_JAR": "/nowhere.jar"}, tmp_path)


def test_a_missing_jar_is_downloaded_once(tmp_path: Path, published: PinnedFile) -> None:
    reported: list[str] = []

    first = emulator_jar({}, tmp_path, report=reported.append, pinned=published, usual_sdks=())
    second = emulator_jar({}, tmp_path, report=reported.append, pinned=published, usual_sdks=())

    assert first == second == tmp_path / ".cache/asset-requests/emulator-v1.jar"
    assert first.read_bytes() == JAR
    assert len(reported) == 1


FAULTS: dict[str, tuple[Callable[[PinnedFile], PinnedFile], str]] = {
    "another file": (lambda pinned: replace(pinned, sha256="0" * 64), f"and should have {'0' * 64}."),
    "a broken connection": (
        lambda pinned: at(pinned, "/broken.jar"),
        "could not be downloaded: RemoteProtocolError",
    ),
    "no such file": (lambda pinned: at(pinned, "/missing.jar"), "could not be downloaded: HTTP status 404."),
    "no server": (
        lambda pinned: replace(pinned, url="http://127.0.0.1:1/x.jar"),
        "could not be downloaded: ConnectError",
    ),
}


def at(pinned: PinnedFile, path: str) -> PinnedFile:
    return replace(pinned, url=urljoin(pinned.url, path))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_failed_download_leaves_no_file_and_lists_the_remedies(
    tmp_path: Path, published: PinnedFile, fault: str
) -> None:
    faulty, reason = FAULTS[fault]
    pinned = faulty(published)

    with pytest.raises(NoEmulator) as failure:
        emulator_jar({}, tmp_path, report=print, pinned=pinned, usual_sdks=())

    first_line, *remedies = str(failure.value).splitlines()
    assert first_line.startswith(pinned.url)
    assert reason in first_line
    assert remedies == REMEDIES.format(url=pinned.url).splitlines()
    assert list((tmp_path / ".cache/asset-requests").iterdir()) == []


def test_rules_that_do_not_compile_are_an_error_with_line_and_column(tmp_path: Path) -> None:
    rules = tmp_path / "broken.rules"
    rules.write_text("rules_version = '2';\nservice cloud.firestore {\n  allow get if true;\n}\n")

    with Supervisor(tmp_path / "logs") as supervisor, pytest.raises(BadRules) as failure:
        supervisor.start([firestore_part(free_port(), report=print, rules=rules)])

    assert str(failure.value).startswith(f"{rules}: Error compiling rules:\nL3:")


@pytest.mark.parametrize(("major", "needed"), [(55, 11), (65, 21)])
def test_the_needed_java_is_read_from_the_jar(tmp_path: Path, major: int, needed: int) -> None:
    jar = tmp_path / "emulator.jar"
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr("com/example/Main.class", b"\xca\xfe\xba\xbe\x00\x00" + major.to_bytes(2, "big"))

    assert needed_java(jar, "com.example.Main") == needed


def test_a_java_that_cannot_be_installed_is_an_error_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    reported: list[str] = []
    wheel = Wheel(runtime="Java", requirement="not a requirement", module="absent_jdk", megabytes=1)

    with pytest.raises(NoRuntime, match=r"^not a requirement could not be installed: put Java 11 or newer on PATH\.$"):
        find_java(11, report=reported.append, wheel=wheel)

    assert reported == [f"No Java 11 or newer here: installing not a requirement (1 MB) into {sys.prefix}, once ..."]
