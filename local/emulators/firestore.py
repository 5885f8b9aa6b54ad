"""Google's own Firestore emulator: finds its jar or downloads it, and makes the command that starts it.

It never verifies tokens, and `Bearer owner` passes every rule: bind it to loopback only.
"""

import os
import re
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import httpx

from build import ROOT
from build.runtimes import NoRuntime, find_java
from local.emulators.download import DownloadFailed, PinnedFile, download

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

# From firebase-tools 14.20.0, downloadableEmulatorInfo.json: the newest release that runs on Java 11.
PINNED = PinnedFile(
    url="https://storage.googleapis.com/firebase-preview-drop/emulator/cloud-firestore-emulator-v1.19.8.jar",
    bytes=63_634_791,
    sha256="9d43599ed6151199e8d604dc87fac51218e49e5f3a48519b1ae560bbe5e3382d",
)
REMEDIES = """The Firestore emulator is not installed and could not be downloaded. Any one of these helps:
  - install it with the Google Cloud SDK:  gcloud components install cloud-firestore-emulator
  - download {url} yourself and set FIRESTORE_EMULATOR_JAR to the file
  - run an emulator elsewhere and set FIRESTORE_EMULATOR_HOST to its host:port"""


class NoEmulator(Exception):
    """There is no emulator to run; the message has the remedy."""


class BadRules(Exception):
    """The security rules do not compile; the message has line and column."""


def emulator_command(host: str, port: int, *, rules: Path, report: Callable[[str], None]) -> tuple[str, ...]:
    """The command that runs the emulator at that address; downloads what it needs, once. Raises NoEmulator."""
    jar = emulator_jar(os.environ, Path.home(), report=report)
    try:
        java = find_java(needed_java(jar, MAIN_CLASS), report=report)
    except NoRuntime as error:
        raise NoEmulator(f"The Firestore emulator cannot run. {error}") from error
    flags = ("--host", host, "--port", str(port), "--rules", str(rules), "--project_id", PROJECT)
    # Its messages exist in English only (a remark in the SDK's own start script).
    return (java, "-Duser.language=en", "-cp", str(jar), MAIN_CLASS, *flags, "--single_project_mode")


def emulator_jar(
    environment: Mapping[str, str],
    home: Path,
    *,
    report: Callable[[str], None],
    pinned: PinnedFile = PINNED,
    usual_sdks: Iterable[str] = USUAL_CLOUD_SDKS,
) -> Path:
    """An installed jar, else the pinned one, downloaded once. Raises NoEmulator."""
    if jar := find_installed_jar(environment, home, usual_sdks=usual_sdks):
        return jar
    cache = Path(environment.get("XDG_CACHE_HOME") or home / ".cache")
    target = cache / "asset-requests" / Path(pinned.url).name
    if not target.is_file():
        report(f"No Firestore emulator here: downloading it to {target} ({pinned.bytes // 1_000_000} MB), once ...")
        try:
            download(pinned, target)
        except DownloadFailed as error:
            raise NoEmulator(f"{error}\n{REMEDIES.format(url=pinned.url)}") from error
    return target


def find_installed_jar(
    environment: Mapping[str, str], home: Path, *, usual_sdks: Iterable[str] = USUAL_CLOUD_SDKS
) -> Path | None:
    """FIRESTORE_EMULATOR_JAR, else the Google Cloud SDK's jar, else the newest in the cache of firebase-tools."""
    if named := environment.get("FIRESTORE_EMULATOR_JAR"):
        if not Path(named).is_file():
            raise NoEmulator(f"FIRESTORE_EMULATOR_JAR is {named}, which is not a file.")
        return Path(named)
    in_sdk = (sdk / IN_CLOUD_SDK for sdk in _cloud_sdks(environment, home, usual_sdks))
    cached = sorted((home / ".cache/firebase/emulators").glob("cloud-firestore-emulator-v*.jar"), key=_version)
    return next((jar for jar in (*in_sdk, *reversed(cached)) if jar.is_file()), None)


def needed_java(jar: Path, main_class: str) -> int:
    """The oldest Java that runs this class, from its class file version (JVM specification, table 4.1-A)."""
    with zipfile.ZipFile(jar) as archive, archive.open(f"{main_class.replace('.', '/')}.class") as file:
        return int.from_bytes(file.read(8)[6:8], "big") - 44


def is_ready(address: str) -> bool:
    try:
        return httpx.get(f"http://{address}/", timeout=1).is_success
    except httpx.TransportError:
        return False


def load_rules(address: str, rules: Path) -> bool:
    """Puts the rules in force and returns True. Raises BadRules.

    The emulator itself starts with broken rules and then answers every request with 400.
    """
    files = {"rules": {"files": [{"name": rules.name, "content": rules.read_text()}]}}
    answer = httpx.put(f"http://{address}/emulator/v1/projects/{PROJECT}:securityRules", json=files, timeout=30)
    if answer.is_error:
        raise BadRules(f"{rules}: {answer.json()['error']['message']}")
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
