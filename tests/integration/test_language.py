"""Plain words: no tracked file contains a phrase of tests/phrases.txt."""

import re
import subprocess
from pathlib import Path

import pytest

from build import ROOT

EXEMPT = re.compile(
    r"tests/phrases\.txt|tests/integration/test_language\.py"  # the list and its examples
    r"|CHANGELOG\.md|LICENSE|.*OFL-.*\.txt"  # old names, licences
    r"|.*\.(json|ttf|png|svg)"  # content that users would write, and binary files
)


PHRASES = [
    line for line in (ROOT / "tests" / "phrases.txt").read_text().splitlines() if line and not line.startswith("#")
]
PATTERN = re.compile(rf"\b({'|'.join(map(re.escape, PHRASES))})\b", re.IGNORECASE)


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.splitlines() if not EXEMPT.fullmatch(name) and (ROOT / name).is_file()]


def uses(text: str) -> list[str]:
    """The lines with a phrase, also one that is wrapped. An identifier counts as its words: `is_told`, `isTold`."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).replace("_", " ")
    unwrapped = re.sub(r"\s*\n\s*((#|//|\*)\s*)?", " ", words)
    if not (found := PATTERN.findall(unwrapped)):
        return []
    return [line.strip() for line in words.splitlines() if PATTERN.search(line)] or found


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("the log is told of it", True),
        ("def is_told() -> bool:", True),
        ("const isTold = true", True),
        ("# what\n# follows", True),
        ("untoldable", False),
        ("retold, Stolde", False),
    ],
)
def test_a_phrase_is_found_in_prose_and_in_identifiers(text: str, is_found: bool) -> None:
    assert bool(uses(text)) is is_found


def test_no_tracked_file_contains_a_phrase_of_the_list() -> None:
    found = {
        file.relative_to(ROOT).as_posix(): lines
        for file in tracked_files()
        if (lines := uses(file.read_text(encoding="utf-8")))
    }

    assert found == {}
