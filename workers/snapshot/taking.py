"""Taking a snapshot: from the newest one before it and the log since then, beside the venue and without stopping it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tradsys.errors import InfrastructureError, OperatingError
from workers import venue as venues
from workers.follower import Follower
from workers.journal.reader import FAR
from workers.journal.segments import sequence_of, sync_segments
from workers.memory import JOURNALED, Sizes, VenueMemory
from workers.progress import slowest_shard
from workers.recorder.needed import needed_by_history
from workers.snapshot.choice import newest_of_use
from workers.snapshot.files import snapshot_path, write
from workers.snapshot.housekeeping import clear_segments, prune_snapshots, remove_strays, snapshot_lock
from workers.venue import Venue


class NoSnapshotError(OperatingError, InfrastructureError):
    """A snapshot cannot be taken now; the message says why."""

    CODE = "snapshot_impossible"


def take_snapshot(
    directory: Path,
    sizes: Sizes,
    tell: Callable[[str], None],
    *,
    until: int = FAR,
    beat: Callable[[int], None] = lambda sequence: None,
) -> Path:
    """Write a snapshot of the log's present end; gives its file, which may be there already.

    `until`: the last sequence that is durable, with which a frame ends. `beat(sequence)` is called every few thousand
    records. Older ones that the log has passed with other records are removed, so snapshot_lock() is to be held. Raises
    NoSnapshotError, DecisionError, JournalError, OSError.
    """
    assert until >= 0, "records are numbered from 1"
    follower = Follower.open(directory, sizes, tell)
    newest = follower.sequence
    follower.advance(until, beat)
    if not follower.sequence:
        raise NoSnapshotError("the log is empty: there is nothing to take a snapshot of")
    assert newest <= follower.sequence, "the log is followed forward"
    assert follower.sequence <= until, "nothing goes into a snapshot that is not durable"
    if follower.sequence == newest:
        return snapshot_path(directory, newest)
    if not follower.is_level:
        raise NoSnapshotError(
            "the ledger is too far behind the matching for a snapshot; try again when there is less to do"
        )
    # At level `memory` it may not be: a snapshot whose log is lost is of no use, and the segments before it go.
    sync_segments(directory)
    path = write(directory, follower.heading(), follower.image())
    assert sequence_of(path) == follower.sequence, "a snapshot is named after its last record"
    remove_strays(directory, newest, follower.sequence, tell)
    return path


def snapshot_venue(
    data_directory: Path, tell: Callable[[str], None], beat: Callable[[int], None] = lambda sequence: None
) -> Path:
    """Take a snapshot of the venue that runs in a directory, or ran there last; then clear away what is not needed.

    Raises VenueNotRunningError, BusyError, and what take_snapshot() does.
    """
    venue = venues.last(data_directory)
    settings, directory = venue.configuration.snapshots, venue.journal_directory
    with snapshot_lock(directory):
        path = take_snapshot(directory, venue.sizes, tell, until=durable_end(venue), beat=beat)
        recorded = needed_by_history(venue.path, venue.configuration.history.enabled)
        needed = base_over(directory, venue.sizes, path, min(_slowest_shard(venue), recorded))
        gone = prune_snapshots(directory, sequence_of(path), settings.keep, settings.keep_hours, needed)
        assert path not in gone, "the snapshot that was just taken stays"
        archive = venue.path / (settings.archive or "archive")
        clear_segments(directory, settings.segments, archive, needed)
    return path


def base_over(directory: Path, sizes: Sizes, newest: Path, slowest: int) -> int:
    """With which snapshot a start over memory begins whose slowest shard has got so far; 0: the log's first record.

    `newest`: the snapshot that was just taken. Older ones may be damaged, or of another program, since they were.
    """
    assert slowest >= 0, "records are numbered from 1"
    sequence = sequence_of(newest)
    return sequence if sequence <= slowest else newest_of_use(directory, sizes, slowest)


def durable_end(venue: Venue) -> int:
    """The last log sequence that is as durable as the venue's level asks; FAR when the venue does not run."""
    return _of_memory(venue, lambda memory: int(memory.control[JOURNALED]))


def _slowest_shard(venue: Venue) -> int:
    """How far the slowest shard is; FAR when the venue does not run: new memory can begin with any snapshot."""
    return _of_memory(venue, slowest_shard)


def _of_memory(venue: Venue, read: Callable[[VenueMemory], int]) -> int:
    """What the venue's memory says; FAR when the venue does not run."""
    try:
        # A copy of its directory does not run, though it remembers the same memory.
        segment, memory = venues.read(venue.path).attach()
    except venues.VenueNotRunningError:
        return FAR
    try:
        sequence = read(memory) if segment.alive else FAR
        assert 0 <= sequence <= FAR, "a place in the log"
        return sequence
    finally:
        segment.close()
