"""Runs the mutation tests and fails for each surviving mutant that justified.md does not list.

A mutant is the code with one small change, made by mutmut. It survives if no test fails. Names restrict the run to
some mutants, for example `make mutants ONLY='common.pipeline.quota.*'`. mutmut relates a test to a function by the
calls during that test, so a fixture of a wider scope must not call the functions under test.
"""

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code

MUTANTS = Path("mutants")
JUSTIFIED = Path(__file__).with_name("justified.md")
_NAME = re.compile(r"(?P<module>.+)\.x(?:ǁ(?P<cls>\w+)ǁ|_)(?P<function>\w+)__mutmut_\d+")
_DIFF = re.compile(r"^## `(?P<function>[^`]+)`$|^```diff\n(?P<diff>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Mutant:
    """Identified by its function and its change, because mutmut's numbers shift with each edit."""

    function: str
    diff: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([f"## `{self.function}`", "```diff", *self.diff, "```"])


def results() -> Iterator[tuple[str, str, Path]]:
    """Returns the name, the status and the source file of each mutant that was run."""
    for meta in sorted(MUTANTS.rglob("*.py.meta")):
        source = meta.relative_to(MUTANTS).with_suffix("")
        for name, exit_code in json.loads(meta.read_text())["exit_code_by_key"].items():
            if exit_code is not None:
                yield name, status_by_exit_code[exit_code], source


def survivor(name: str, source: Path) -> Mutant:
    found = _NAME.fullmatch(name)
    assert found, name
    function = ".".join(filter(None, found.group("module", "cls", "function")))
    lines = get_diff_for_mutant(name, path=source).splitlines()
    return Mutant(function, _normalized(line for line in lines if not line.startswith(("---", "+++"))))


def justified() -> set[Mutant]:
    listed, function = set(), ""
    for found in _DIFF.finditer(JUSTIFIED.read_text()):
        if found["function"]:
            function = found["function"]
        else:
            listed.add(Mutant(function, _normalized(found["diff"].splitlines())))
    return listed


def _normalized(lines: Iterator[str] | list[str]) -> tuple[str, ...]:
    return tuple(f"{line[0]} {line[1:].strip()}" for line in lines if line.startswith(("-", "+")))


def main(names: list[str]) -> int:
    shutil.rmtree(MUTANTS, ignore_errors=True)  # mutmut would reuse the results of changed tests
    subprocess.run([sys.executable, "-m", "mutmut", "run", *names], check=True)

    found = list(results())
    killed = {"killed", "timeout"}
    survivors = {survivor(name, source) for name, status, source in found if status not in killed}
    listed = justified()
    for source in sorted({source for _, _, source in found}):
        counts = Counter(status for _, status, where in found if where == source)
        print(f"{source}:", ", ".join(f"{count} {status}" for status, count in counts.items()))
    if not names and (obsolete := listed - survivors):
        print("\nThese no longer survive; delete them from", JUSTIFIED.relative_to(Path.cwd()))
        print(*obsolete, sep="\n\n")
    if new := survivors - listed:
        print(f"\n{len(new)} survivors are not justified. Add a test for each, or a reason to justified.md:")
        print(*sorted(map(str, new)), sep="\n\n")
    return 1 if new else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
