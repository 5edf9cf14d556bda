"""Planted faults are found, and soon."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.simulation.canaries import CANARIES
from tests.simulation.simulator import simulate
from tests.simulation.venue import SimulatedVenue

SEEDS_MAX = 1_000
"""A planted fault that so many seeds do not find is a fault of the simulator. The rarest needs about 80 on average."""


@pytest.mark.parametrize("canary", CANARIES)
def test_a_planted_fault_is_found(canary: type[SimulatedVenue], seed: int) -> None:
    assert any(simulate(seed + number, canary).failure for number in range(SEEDS_MAX))


def test_the_faults_that_are_drawn_come_about(seed: int) -> None:
    """A run that nothing happens in proves nothing."""
    counts: Counter[str] = Counter()
    for number in range(SEEDS_MAX):
        counts += simulate(seed + number).counts
        if all(counts[what] for what in WANTED):
            return
    raise AssertionError(f"never: {[what for what in WANTED if not counts[what]]}")


WANTED = (
    "crashes of a worker",
    "crashes of all",
    "crashes while journaling",
    "losses of a gateway",
    "losses of power that changed files",
    "journals cut off by hand",
    "failures of the disk",
    "flips that were refused",
    "flips that were taken for a torn tail",
    "times that a reader was lapped",
    "starts of the recorder",
    "histories that went back",
    "histories that were older after a loss of power",
)
