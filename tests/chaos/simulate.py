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
from tests.chaos.invariants import Statistics, Violation
from tests.chaos.world import World

CHUNK = 250
MAX_SHOWN = 5


def violations(seeds: range) -> list[str]:
    """Returns one message, with the seed, for each world that violates an invariant."""
    return run_worlds(seeds)[0]


def run_worlds(seeds: range) -> tuple[list[str], Statistics]:
    """Returns the violations, and the statistics of all worlds together."""
    found, total = [], Statistics()
    with _log_disabled():
        for seed in seeds:
            world = World(seed)
            try:
                world.run()
            except (Violation, IllegalTransition) as violation:
                found.append(f"seed {seed}: {violation}")
            total.add(world.invariants.statistics)
    return found, total


@contextmanager
def _log_disabled() -> Iterator[None]:
    """Worlds log thousands of intended errors."""
    logger = logging.getLogger(LOGGER_NAME)
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def _print_statistics(total: Statistics) -> None:
    seconds = sorted(total.recovery_seconds)
    if seconds:
        p50, p99 = seconds[len(seconds) // 2], seconds[len(seconds) * 99 // 100]
        print(f"{len(seconds)} holders died; recovery: median {p50:.1f} s, p99 {p99:.0f} s, max {seconds[-1]:.0f} s")
        print(f"{total.lease_waits / len(seconds):.0%} of the recoveries waited for the lease")
    print(f"{total.evictions} healthy workers taken over, {total.false_ends} false ends, all beside identical copies")
    print(f"{total.idle_attempts} attempts counted without work")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=20_000, help="the number of worlds")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    arguments = parser.parse_args()
    last = arguments.first + arguments.worlds
    chunks = [range(first, min(first + CHUNK, last)) for first in range(arguments.first, last, CHUNK)]
    started = time.monotonic()
    with ProcessPoolExecutor() as pool:
        mapped = pool.map(run_worlds, chunks)
        done = list(track(mapped, f"Simulating {arguments.worlds} worlds", total=len(chunks)))
    found, total = list(chain.from_iterable(violations for violations, _ in done)), Statistics()
    for _, statistics in done:
        total.add(statistics)
    print(*found[:MAX_SHOWN], sep="\n", end="\n" if found else "")
    _print_statistics(total)
    print(f"{arguments.worlds} worlds, {len(found)} violations, {time.monotonic() - started:.0f} s")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
