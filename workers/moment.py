"""A venue's whole state at a past moment: after one record of its log and all that it and those before led to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tradsys.book.layout import W_EVENTS, W_POSITION
from tradsys.errors import OperatingError, ValidationError
from workers.follower import Follower
from workers.journal.segments import list_segments, sequence_of
from workers.memory import SYMBOLS, VenueMemory
from workers.snapshot.files import list_snapshots
from workers.snapshot.image import recent_events
from workers.snapshot.taking import durable_end
from workers.venue import Venue


class NoSuchMomentError(OperatingError, ValidationError):
    """The log does not tell of that moment; the message says what it tells of."""

    CODE = "unknown_moment"


class Moment:
    """The state at a moment, in private memory, as workers.replica.Replica shows the present one."""

    def __init__(self, follower: Follower) -> None:
        """`follower` is where the moment is, and follows no further."""
        follower.settle()
        self.sequence = follower.sequence
        self.log_ns = follower.log_ns
        """The log's clock."""
        self.memory: VenueMemory = follower.view()
        self.shards = follower.shards
        self.positions = np.array([int(shard.words[W_EVENTS]) for shard in follower.shards])
        self.symbols = self.memory.symbols
        self.symbol_count = int(self.memory.control[SYMBOLS])
        self.postings = follower.postings
        assert all(shard.words[W_POSITION] == self.sequence for shard in self.shards), "every shard is there too"
        assert self.symbol_count < len(self.symbols), "every symbol has its place"

    def recent_events(self, shard: int, count: int) -> Any:
        """The last events of a shard, at most `count`, oldest first."""
        assert count >= 0, "a number of events"
        events = recent_events(self.shards[shard].events, 0)
        return events[max(len(events) - count, 0) :]


def moment_at(
    venue: Venue,
    sequence: int,
    tell: Callable[[str], None],
    beat: Callable[[int], None] = lambda sequence: None,
) -> Moment:
    """The state after record `sequence`, from the newest snapshot before it and the log behind that.

    `tell` is told why a snapshot is of no use; `beat(sequence)` is called every few thousand records. Raises
    NoSuchMomentError, JournalError, DecisionError, OSError.
    """
    directory, end = venue.journal_directory, durable_end(venue)
    if sequence < 1:
        raise NoSuchMomentError("no record of the log here is as early as that")
    if sequence > end:
        raise NoSuchMomentError(f"the log ends with sequence {end}")
    _check_begin(venue, sequence)
    follower = Follower.open(directory, venue.sizes, tell, lambda heading: heading.sequence <= sequence)
    assert follower.sequence <= sequence, "no later snapshot is begun with"
    if follower.advance(sequence, beat) < sequence:
        raise NoSuchMomentError(f"the log ends with sequence {follower.sequence}")
    assert follower.sequence == sequence, "the state is that of the moment"
    return Moment(follower)


def _check_begin(venue: Venue, sequence: int) -> None:
    assert sequence >= 1, "records are numbered from 1"
    segments, snapshots = list_segments(venue.journal_directory), list_snapshots(venue.journal_directory)
    begins = sequence_of(segments[0]) if segments else 1
    if begins > 1 and not any(sequence_of(path) <= sequence for path in snapshots):
        oldest = f", and the oldest snapshot is of sequence {sequence_of(snapshots[0])}" if snapshots else ""
        raise NoSuchMomentError(f"the log begins with sequence {begins}{oldest}: what was before is not known here")
