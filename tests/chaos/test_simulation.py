"""No random world violates an invariant, and some world does if a guard is removed."""

import pytest

from tests.chaos.guards import GUARDS, Guard
from tests.chaos.simulate import violations

WORLDS = 400
MAX_WORLDS = 4000
CHUNK = 50


def test_random_worlds_violate_no_invariant() -> None:
    assert violations(range(WORLDS)) == []


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_a_world_violates_an_invariant_if_a_guard_is_removed(guard: Guard) -> None:
    chunks = (range(first, first + CHUNK) for first in range(0, MAX_WORLDS, CHUNK))

    with guard.removed():
        found = next((found for seeds in chunks if (found := violations(seeds))), None)

    assert found, f"{MAX_WORLDS} worlds do not need {guard.name}"


def test_the_same_seed_gives_the_same_world() -> None:
    with GUARDS[0].removed():
        seed = next(seed for seed in range(MAX_WORLDS) if violations(range(seed, seed + 1)))
        first, second = violations(range(seed, seed + 1)), violations(range(seed, seed + 1))

    assert first == second
