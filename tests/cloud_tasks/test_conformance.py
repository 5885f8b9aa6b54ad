"""The list of behaviours in local/cloud_tasks/CONFORMANCE.md names tests that exist."""

import re
from pathlib import Path

from local import cloud_tasks

LIST = Path(cloud_tasks.__file__).with_name("CONFORMANCE.md")
TESTS = Path(__file__).parents[1]


def test_every_test_of_the_conformance_list_exists() -> None:
    files = [*TESTS.glob("cloud_tasks/test_*.py"), *TESTS.glob("*/test_cloud_tasks*.py")]
    existing = {name for file in files for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)}

    assert set(re.findall(r"`(test_\w+)`", LIST.read_text())) - existing == set()


def test_every_case_of_the_conformance_list_has_a_test() -> None:
    rows = re.findall(r"^\| \d.*$", LIST.read_text(), re.MULTILINE)

    assert [row for row in rows if "`test_" not in row] == []
