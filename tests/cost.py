"""Evaluates the formulas of docs/cost.md."""

from collections.abc import Iterator, Mapping
from typing import Any

from build import ROOT

DOCUMENT = (ROOT / "docs" / "cost.md").read_text()
_FUNCTIONS = {"min": min, "max": max}


def values(requests: int = 0) -> Mapping[str, float]:
    """The table of values, for that many requests in a month."""
    known: dict[str, Any] = {"n": requests}
    for name, expression, _ in table("Values"):
        known[name.strip("`")] = evaluate(expression, known)
    return known


def evaluate(expression: str, known: Mapping[str, Any]) -> float:
    return float(eval(expression.strip("`"), {"__builtins__": _FUNCTIONS}, dict(known)))  # noqa: S307  # a formula of our own document


def table(heading: str) -> Iterator[list[str]]:
    """The cells of each row below that heading, without the table's head."""
    section = DOCUMENT.partition(f"## {heading}")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    yield from ([cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:])
