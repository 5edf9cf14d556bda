"""Seeds of the simulator, others in every run: none may find anything."""

from __future__ import annotations

import pytest

from tests.simulation.seeds import assert_nothing_found
from tests.simulation.simulator import simulate

CHUNK = 20


@pytest.mark.parametrize("chunk", range(4))
def test_seeds_find_nothing(seed: int, chunk: int) -> None:
    assert_nothing_found(seed + CHUNK * chunk, CHUNK)


def test_the_same_seed_gives_the_same_trace(seed: int) -> None:
    one, other = simulate(seed), simulate(seed)
    assert one.digest == other.digest
    assert one.trace == other.trace
    assert simulate(seed + 1).digest != one.digest
