"""Simulates many random worlds: `python -m tests.chaos.simulate --worlds 20000`.

Prints the seeds of the first worlds that violate an invariant, and then ends with status 1.
"""

import argparse
import logging
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import chain

from rich.progress import track

from common.log import LOGGER_NAME
from common.pipeline.lifecycle import IllegalTransition
from tests.chaos.invariants import Violation
from tests.chaos.world import World

CHUNK = 250
MAX_SHOWN = 5


def violations(seeds: range) -> list[str]:
    """Returns one message, with the seed, for each world that violates an invariant."""
    found = []
    with _log_disabled():
        for seed in seeds:
            try:
                World(seed).run()
            except (Violation, IllegalTransition) as violation:
                found.append(f"seed {seed}: {violation}")
    return found


@contextmanager
def _log_disabled() -> Iterator[None]:
    """Worlds log thousands of intended errors."""
    logger = logging.getLogger(LOGGER_NAME)
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=20_000, help="the number of worlds")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    arguments = parser.parse_args()
    last = arguments.first + arguments.worlds
    chunks = [range(first, min(first + CHUNK, last)) for first in range(arguments.first, last, CHUNK)]
    started = time.monotonic()
    with ProcessPoolExecutor() as pool:
        chunks_done = track(pool.map(violations, chunks), f"Simulating {arguments.worlds} worlds", total=len(chunks))
        found = list(chain.from_iterable(chunks_done))
    print(*found[:MAX_SHOWN], sep="\n", end="\n" if found else "")
    print(f"{arguments.worlds} worlds, {len(found)} violations, {time.monotonic() - started:.0f} s")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
