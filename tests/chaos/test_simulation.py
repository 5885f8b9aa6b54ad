"""The promise in random worlds, and that each guard of it is missed when it is gone."""

import pytest

from tests.chaos.mutants import MUTANTS, Mutant
from tests.chaos.simulate import broken_worlds

WORLDS = 400
ENOUGH = 4000


def test_the_promise_holds_in_random_worlds() -> None:
    assert broken_worlds(range(WORLDS)) == []


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_without_a_guard_some_world_breaks(mutant: Mutant) -> None:
    chunks = (range(first, first + 50) for first in range(0, ENOUGH, 50))

    with mutant.applied():
        found = next((broken for seeds in chunks if (broken := broken_worlds(seeds))), None)

    assert found, f"{ENOUGH} worlds did not miss {mutant.name}"


def test_a_world_is_the_same_again_for_the_same_seed() -> None:
    with MUTANTS[0].applied():
        seed = next(seed for seed in range(ENOUGH) if broken_worlds(range(seed, seed + 1)))
        first, again = broken_worlds(range(seed, seed + 1)), broken_worlds(range(seed, seed + 1))

    assert first == again
