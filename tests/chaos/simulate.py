"""Runs many random worlds: `python -m tests.chaos.simulate --worlds 20000`. Ends with 1 and the seeds if any broke."""

import argparse
import logging
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import chain

from common.lifecycle import IllegalTransition
from common.log import LOGGER_NAME
from tests.chaos.invariants import Violation
from tests.chaos.world import World

CHUNK = 250


def broken_worlds(seeds: range) -> list[str]:
    """What went wrong in these worlds, one text each, with the seed."""
    logging.getLogger(LOGGER_NAME).disabled = True  # a world dies on purpose, thousands of times
    broken = []
    for seed in seeds:
        try:
            World(seed).run()
        except (Violation, IllegalTransition) as violation:
            broken.append(f"seed {seed}: {violation}")
    return broken


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    given = parser.parse_args()
    last = given.first + given.worlds
    chunks = [range(first, min(first + CHUNK, last)) for first in range(given.first, last, CHUNK)]
    started = time.monotonic()
    with ProcessPoolExecutor() as pool:
        broken = list(chain.from_iterable(pool.map(broken_worlds, chunks)))
    print(*broken[:5], sep="\n")  # noqa: T201 (a command-line tool)
    print(f"{given.worlds} worlds, {len(broken)} broken, {time.monotonic() - started:.0f} s")  # noqa: T201 (see above)
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
