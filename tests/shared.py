"""One emulator of a kind for the whole test run, however many pytest-xdist workers share it.

The process that controls the run starts it when the first test anywhere asks, since only that process lives
as long as the run. Asking and answering goes through files in a folder that both sides know.
"""

import json
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from local.stack.supervisor import Supervisor

Start = Callable[[Supervisor], str]
ANSWER_WITHIN_SECONDS = 90


class Starter:
    """Lives in the controlling process: starts what is asked for, and ends it with the run."""

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
                for wanted in self.folder.glob("*.wanted"):
                    wanted.unlink()
                    self._answer(wanted.stem, supervisor)

    def _answer(self, name: str, supervisor: Supervisor) -> None:
        answer = self.folder / f"{name}.answer"
        if answer.exists():
            return
        try:
            said = {"address": self._starts[name](supervisor)}
        except Exception as error:
            # Told to the tests that need it; the others go on.
            said = {"error": str(error)}
        partial = answer.with_suffix(".partial")
        partial.write_text(json.dumps(said))
        partial.rename(answer)


def ask(folder: Path, name: str) -> str:
    """The address of the shared emulator of that name, started if it is not running. Called by fixtures."""
    answer = folder / f"{name}.answer"
    deadline = time.monotonic() + ANSWER_WITHIN_SECONDS
    if not answer.exists():
        (folder / f"{name}.wanted").touch()
    while not answer.exists():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{name} did not start within {ANSWER_WITHIN_SECONDS} s")
        time.sleep(0.02)
    said = json.loads(answer.read_text())
    if "error" in said:
        raise RuntimeError(said["error"])
    return str(said["address"])
