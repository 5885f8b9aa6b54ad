"""Finds a Chromium for the browser tests: the system's, else Playwright's.

`python -m tests.e2e.chromium` downloads Playwright's where the system has none. A failed download is an error in CI
only: elsewhere all other tests run.
"""

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable

NO_CHROMIUM = "there is no Chromium; on Debian: apt-get install chromium fonts-dejavu-core"
PLACES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/snap/bin/chromium",
    "/opt/google/chrome/chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
INSTALL = (sys.executable, "-m", "playwright", "install", "--no-shell", "chromium")
INSTALL_SECONDS = 600


@functools.cache
def find_chromium(*more: str, places: Iterable[str] = PLACES) -> str | None:
    """The first program that runs, of the usual places and then `more`."""
    found = (shutil.which(place) for place in (*places, *more))
    return next((program for program in found if program and _runs(program)), None)


def _runs(program: str) -> bool:
    # Ubuntu's chromium-browser only reports that the snap is missing; Playwright's may lack libraries of the system.
    try:
        subprocess.run([program, "--version"], capture_output=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def main() -> int:
    if find_chromium():
        return 0
    print("No Chromium here: downloading Playwright's, once ...", flush=True)
    try:
        subprocess.run(INSTALL, capture_output=True, text=True, check=True, timeout=INSTALL_SECONDS)
    except subprocess.SubprocessError as error:
        print(f"It could not be downloaded ({type(error).__name__}).", file=sys.stderr)
        return 1 if os.environ.get("CI") else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
