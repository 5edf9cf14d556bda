"""A stepped venue and a recorder beside it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from tests.workers.recorded_history import assert_history
from tests.workers.settled_venue import OUTSIDE, money, tell, transfer
from tests.workers.stepped import SIZES, SteppedVenue, chain, expected_events, sharded
from tests.workers.traders import Traders
from tradsys.records import EVENT
from workers.journal import last_sequence
from workers.memory import JOURNALED
from workers.recorder.database import history_path
from workers.recorder.history import History
from workers.recorder.recorder import Recorder
from workers.replica import Replica


class Recorded:
    """A venue of two shards, its traders, and whoever records it."""

    def __init__(self, directory: Path, seed: int, level: str) -> None:
        self.venue = SteppedVenue(directory, sharded(2), msgspec.structs.replace(SIZES, shards=2), level=level)
        self.venue.define()
        tell(self.venue, money())
        self.dice = random.Random(seed)
        self.path = history_path(directory)
        self.told: list[str] = []
        self.now_ns = 0
        self._traders = Traders(self.venue, seed)
        self._number = 1000
        self.history: History | None = None
        self.recorder: Recorder | None = None

    def trade(self, turns: int = 5) -> None:
        """Orders of every kind, and now and then money that moves, or does not."""
        for _ in range(turns):
            self.venue.submit(self._traders.next(10))
            self.venue.settle()
            self._number += self.dice.randrange(2)
            source, target = self.dice.sample([1, 2, OUTSIDE], 2)
            tell(self.venue, [transfer(self._number, source, target, 40_000)])

    def restart(self) -> None:
        """The venue starts over the log that there is, with new memory; its clients know what that says."""
        venue = self.venue
        fresh = not any(venue.directory.glob("*.journal"))
        venue.seen = [chain(np.zeros(0, EVENT), *self._missing(shard)) for shard in range(venue.sizes.shards)]
        venue.boot(last_sequence(venue.directory, venue.sizes.shards))
        if fresh:
            venue.define()

    def _missing(self, shard: int) -> Iterator[Any]:
        return Replica(self.venue.sizes, self.venue.directory).missing_events(shard, 0)

    def begin(self) -> Recorder:
        """A recorder, as its process has one when it begins."""
        self.end()
        self.history = History(self.path)
        venue = self.venue
        self.recorder = Recorder(self.history, venue.directory, venue.sizes, self.durable, self.told.append)
        return self.recorder

    def durable(self) -> int:
        """The last sequence that is acknowledged."""
        return int(self.venue.memory.control[JOURNALED])

    def end(self) -> None:
        """Its process is gone."""
        if self.history is not None:
            self.history.close()
        self.history = self.recorder = None

    def record(self) -> None:
        """Let it record all that there is."""
        recorder = self.recorder or self.begin()
        while recorder.step(self.now_ns) or recorder.sequence < self.durable():
            pass
        recorder.write()

    def assert_right(self, records: Any = None) -> None:
        """The history is that of the log, all of which is `records`."""
        venue = self.venue
        records = venue.records() if records is None else records
        events = [expected_events(records, shard, venue.sizes) for shard in range(venue.sizes.shards)]
        assert_history(self.path, records, events, [venue.shard(number) for number in range(venue.sizes.shards)])

    def close(self) -> None:
        self.end()
        self.venue.close()


@pytest.fixture
def recorded(tmp_path: Path, seed: int, request: pytest.FixtureRequest) -> Iterator[Recorded]:
    """At level `memory`, or the one that a test asks for."""
    recorded = Recorded(tmp_path, seed, getattr(request, "param", "memory"))
    yield recorded
    recorded.close()
