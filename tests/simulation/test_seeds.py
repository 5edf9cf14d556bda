"""Seeds of the simulator, others in every run: none may find anything."""

from __future__ import annotations

import os

import pytest

from tests.simulation.seeds import assert_nothing_found
from tests.simulation.simulator import simulate

CHUNK = 25
SOAK = int(os.environ.get("TRADSYS_SIMULATION_SEEDS", "10000"))


@pytest.mark.parametrize("chunk", range(10))
def test_seeds_find_nothing(seed: int, chunk: int) -> None:
    assert_nothing_found(seed + CHUNK * chunk, CHUNK)


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_ten_thousand_seeds_find_nothing(seed: int) -> None:
    assert_nothing_found(seed, SOAK)


def test_the_same_seed_gives_the_same_trace(seed: int) -> None:
    one, other = simulate(seed), simulate(seed)
    assert one.digest == other.digest
    assert one.trace == other.trace
    assert simulate(seed + 1).digest != one.digest
