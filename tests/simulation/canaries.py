"""Faults that are planted on purpose: a simulator that does not find them proves nothing by finding no others."""

from __future__ import annotations

from shm import broadcast
from tests.simulation.venue import SimulatedVenue
from workers.memory import JOURNALED


class EarlyAcknowledgement(SimulatedVenue):
    """Clients are told before the journal has written."""

    def sequence(self) -> int:
        count = super().sequence()
        self.memory.control[JOURNALED] = broadcast.published(self.memory.log)
        return count
