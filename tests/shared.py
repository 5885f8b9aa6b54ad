"""One emulator of a kind for the whole test run, shared by all pytest-xdist workers.

The controlling process starts it when a test first needs it: only that process lives as long as the run. Requests and
answers are files in a folder that all processes know.
"""

import json
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from local.stack.supervisor import Supervisor
from tests.processes import wait_until

Start = Callable[[Supervisor], str]
ANSWER_WITHIN_SECONDS = 120


class SharedEmulators:
    """In the controlling process: starts the requested emulators and ends them with the run."""

    def __init__(self, starts: Mapping[str, Start]) -> None:
        self._starts = starts
        self._temporary = tempfile.TemporaryDirectory(prefix="asset-requests-tests-")
        self.folder = Path(self._temporary.name)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._ending.set()
        self._thread.join()
        self._temporary.cleanup()

    def _serve(self) -> None:
        with Supervisor(self.folder / "logs") as supervisor:
            while not self._ending.wait(0.02):
                for request in self.folder.glob("*.requested"):
                    request.unlink()
                    self._answer(request.stem, supervisor)

    def _answer(self, name: str, supervisor: Supervisor) -> None:
        answer = self.folder / f"{name}.answer"
        if answer.exists():
            return
        try:
            content = {"address": self._starts[name](supervisor)}
        except Exception as error:
            # Fails the tests that need this emulator; the others go on.
            content = {"error": str(error)}
        partial = answer.with_suffix(".partial")
        partial.write_text(json.dumps(content))
        partial.rename(answer)


def request_emulator(folder: Path, name: str) -> str:
    """The address of the shared emulator of that name, started if it is not running. For fixtures."""
    answer = folder / f"{name}.answer"
    if not answer.exists():
        (folder / f"{name}.requested").touch()
        wait_until(answer.exists, within=ANSWER_WITHIN_SECONDS)
    content = json.loads(answer.read_text())
    if "error" in content:
        raise RuntimeError(content["error"])
    return str(content["address"])
