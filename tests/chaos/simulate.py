"""Runs many random worlds: `python -m tests.chaos.simulate --worlds 20000`. Ends with 1 and the seeds if any broke."""

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


def broken_worlds(seeds: range) -> list[str]:
    """What went wrong in these worlds, one text each, with the seed."""
    broken = []
    with _without_log():
        for seed in seeds:
            try:
                World(seed).run()
            except (Violation, IllegalTransition) as violation:
                broken.append(f"seed {seed}: {violation}")
    return broken


@contextmanager
def _without_log() -> Iterator[None]:
    """A world dies on purpose, thousands of times."""
    logger = logging.getLogger(LOGGER_NAME)
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    given = parser.parse_args()
    last = given.first + given.worlds
    chunks = [range(first, min(first + CHUNK, last)) for first in range(given.first, last, CHUNK)]
    started = time.monotonic()
    with ProcessPoolExecutor() as pool:
        done = track(pool.map(broken_worlds, chunks), f"{given.worlds} worlds", total=len(chunks))
        broken = list(chain.from_iterable(done))
    print(*broken[:5], sep="\n")
    print(f"{given.worlds} worlds, {len(broken)} broken, {time.monotonic() - started:.0f} s")
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
