"""Readers of a venue's events, as a gateway is one: some hold the writer up, others fall behind and are lapped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from shm import broadcast
from tests.simulation.venue import SimulatedVenue
from tests.workers.stepped import chain
from tradsys.records import EVENT
from workers.journal import JournalError
from workers.memory import JOURNALED
from workers.port import Port
from workers.replica import Replica


class Reader:
    """One port, and every event that came by it. `seen`: by shard."""

    def __init__(self, venue: SimulatedVenue, number: int, gates: bool) -> None:
        self.venue = venue
        self.number = number
        self.gates = gates
        self.seen: list[Any] = [np.zeros(0, EVENT) for _ in range(venue.sizes.shards)]
        self.port: Port | None = None
        self.times_lapped = 0

    @property
    def is_open(self) -> bool:
        return self.port is not None

    def open(self) -> None:
        """Take the ring and go on behind what has been seen."""
        self.port = Port(self.venue.memory, self.number, 0)
        if self.gates:
            self.port.gate()
        self.port.positions[:] = [len(seen) for seen in self.seen]

    def close(self) -> None:
        """The process is gone; what it has shown to its clients they have."""
        if self.port is not None:
            self.port.close()
            self.port = None

    def read(self) -> list[Any]:
        """The events that may be seen now, by shard."""
        return [self._read(shard) for shard in range(len(self.seen))]

    def _read(self, shard: int) -> Any:
        assert self.port is not None
        if self.port.positions[shard] > self._published(shard):
            return self.seen[shard][:0]  # the journal has told what the shard has yet to tell
        events = self.port.drain(shard)
        if events is None:
            self.times_lapped += 1
            events = self._missed(shard)
            self.port.positions[shard] += len(events)
        if len(events):
            self.seen[shard] = chain(self.seen[shard], events)
        return events.view(np.ndarray).copy()

    def _missed(self, shard: int) -> Any:
        """From the journal, as far as it is acknowledged."""
        try:
            missing = self._missing_in(self.venue.directory, shard)
        except JournalError:
            if self.venue.profile.segments == "keep":
                raise
            self.venue.scheduler.count("readers that needed what was cleared away")
            with self.venue.whole_log() as directory:
                missing = self._missing_in(directory, shard)
        missing = missing[missing["log_sequence"] <= self.venue.memory.control[JOURNALED]]
        # Who holds the writer up must not be ahead of it.
        return missing[: self._published(shard) - len(self.seen[shard])] if self.gates else missing

    def _published(self, shard: int) -> int:
        return int(broadcast.published(self.venue.memory.events[shard]))

    def _missing_in(self, directory: Path, shard: int) -> Any:
        replica = Replica(self.venue.sizes, directory)
        return chain(np.zeros(0, EVENT), *replica.missing_events(shard, len(self.seen[shard])))

    def lose(self, last: int) -> None:
        """Forget what followed from the log after sequence `last`, which is lost."""
        self.seen = [seen[seen["log_sequence"] <= last] for seen in self.seen]
