"""Planted faults are found, and soon."""

from __future__ import annotations

import pytest

from tests.simulation.canaries import EarlyAcknowledgement
from tests.simulation.simulator import simulate
from tests.simulation.venue import SimulatedVenue

SEEDS_MAX = 40
"""A planted fault that so many seeds do not find is a fault of the simulator."""


@pytest.mark.parametrize("canary", [EarlyAcknowledgement])
def test_a_planted_fault_is_found(canary: type[SimulatedVenue], seed: int) -> None:
    assert any(simulate(seed + number, canary).failure for number in range(SEEDS_MAX))
