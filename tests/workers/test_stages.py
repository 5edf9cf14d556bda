"""The times that core workers take of one record in 64: of venues stepped by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from shm.histogram import summary
from tests.factories import define_account, define_symbol
from tests.workers.stepped import SteppedVenue, sharded
from tradsys.records import COMMAND, Kind
from workers.memory import SAMPLED, SAMPLING
from workers.stages import stages

CORE = ("ring_wait", "risk", "book", "matching")


def counts(venue: SteppedVenue) -> dict[str, int]:
    told = {name: summary(words)["count"] for name, words in stages(venue.memory).items()}
    return {name: told[name] for name in CORE}


def step(venue: SteppedVenue, records: int) -> None:
    """Let so many commands through, one by one; each is one record of the log."""
    for _ in range(records):
        command = np.zeros(1, COMMAND)
        command["kind"], command["symbol"], command["account"], command["timestamp_ns"] = Kind.CANCEL, 1, 1, 1
        assert venue.submit(command, 1) == 1
        venue.settle()


def test_one_record_in_64_has_its_times_taken_by_every_stage(tmp_path: Path) -> None:
    venue = SteppedVenue(tmp_path, sharded(1))
    try:
        for definition in (define_symbol(1), define_account(1)):
            venue.submit(definition, 1)
        venue.settle()
        step(venue, SAMPLED + 1)
        before, first = counts(venue), len(venue.records())
        step(venue, 3 * (SAMPLED + 1))
        taken = {name: count - before[name] for name, count in counts(venue).items()}
        samples = len(venue.records()) // (SAMPLED + 1) - first // (SAMPLED + 1)
        assert samples >= 3
        assert taken["book"] == samples
        # The venue's own records, such as the clock's ticks, are nobody's: of them nothing is decided.
        assert 1 <= taken["risk"] == taken["ring_wait"] <= samples
        venue.memory.control[SAMPLING] = -1
        before = counts(venue)
        step(venue, 2 * (SAMPLED + 1))
        assert counts(venue) == before, "nobody wants them"
    finally:
        venue.close()
