"""The state diagram in the README."""

import re

from build import ROOT
from common.pipeline.lifecycle import MOVES
from common.pipeline.record import OPEN, Status

DIAGRAM = re.compile(r"^```mermaid\nstateDiagram-v2\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def expected_lines() -> list[str]:
    moves: dict[tuple[Status, Status], list[str]] = {}
    for name, (sources, target) in MOVES.items():
        for source in sources:
            moves.setdefault((source, target), []).append(name)
    arrows = [f"{source} --> {target}: {', '.join(names)}" for (source, target), names in moves.items()]
    return ["[*] --> queued: submit", *arrows, *(f"{status} --> [*]" for status in Status if status not in OPEN)]


def test_the_state_diagram_shows_exactly_the_table_of_moves() -> None:
    readme = (ROOT / "README.md").read_text()

    blocks = DIAGRAM.findall(readme)

    assert len(blocks) == 1
    assert sorted(line.strip() for line in blocks[0].splitlines()) == sorted(expected_lines())
