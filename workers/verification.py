"""Whether a venue's log gives the same state and the same events from its first record and from every snapshot."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from typing import NamedTuple

import msgspec

from shm.broadcast import Broadcast
from workers.event_hashes import EventHashes
from workers.follower import Follower
from workers.journal import JournalError, JournalReader
from workers.journal.reader import FAR
from workers.journal.segments import sequence_of
from workers.journal.survey import survey
from workers.redecision import DecisionError
from workers.snapshot.choice import check_use, reader_behind
from workers.snapshot.files import Section, Snapshot, SnapshotError, describe, list_snapshots
from workers.snapshot.taking import durable_end
from workers.venue import Venue

Progress = Callable[[str, int], None]
"""Called with what is being done and the log sequence that it has come to."""


class SnapshotVerdict(msgspec.Struct, frozen=True):
    """One snapshot. `differences`: what is not as the log gives it; `passed_over`: why nothing could be compared."""

    file: str
    sequence: int
    differences: list[str]
    passed_over: str | None = None


class Verification(msgspec.Struct, frozen=True):
    """What was found. `state`: SHA-256 over the state after `sequence`; `events`: over each shard's events."""

    directory: str
    began_with: int
    """0: with the first record; else with the snapshot of this sequence, which is taken as it is."""
    sequence: int
    state: str | None
    events: list[str | None]
    """None where more came at once than a ring holds: they are not compared."""
    snapshots: list[SnapshotVerdict]
    damage: str | None = None
    """Why the log itself could not be followed."""

    @property
    def is_right(self) -> bool:
        """Whether nothing differs from anything."""
        return self.damage is None and not any(verdict.differences for verdict in self.snapshots)


class _Start(NamedTuple):
    snapshot: Snapshot
    reader: JournalReader
    differences: list[str]


def verify(venue: Venue, progress: Progress = lambda what, sequence: None) -> Verification:
    """Follow the log from its first record, and again from each snapshot, up to what is durable; compare at each point.

    Where the first record is gone, begin with the oldest snapshot. Raises OSError.
    """
    directory = venue.journal_directory
    with ExitStack() as stack:
        # Opened before all else: those of a running venue may be removed meanwhile.
        starts, verdicts = _starts(venue, stack)
        count = len(starts) + len(verdicts)
        until = durable_end(venue)
        found = survey(directory, is_running=until != FAR, progress=lambda sequence: progress("checksums", sequence))
        damage, base = found.damage, None
        if damage is None and found.first > 1:
            base = starts.pop(0) if starts else None
            if base is None:
                damage = f"the log begins with sequence {found.first}, and no snapshot before that can be used"
        began_with = 0 if base is None else base.snapshot.heading.sequence
        if damage is not None:
            verdicts += [_verdict(start) for start in starts]
            return Verification(str(directory), began_with, 0, None, [], _in_order(verdicts), damage)
        try:
            sequence, state, events = _compare(venue, base, starts, until, progress)
        except (JournalError, DecisionError) as error:
            sequence, state, events, damage = 0, None, [], str(error)
        verdicts += [_verdict(start) for start in ([] if base is None else [base]) + starts]
        assert len(verdicts) == count, "a verdict on every snapshot"
        assert damage is not None or sequence >= began_with, "the log is followed forward"
        assert sequence <= until, "nothing is compared that is not durable"
    return Verification(str(directory), began_with, sequence, state, events, _in_order(verdicts), damage)


def _in_order(verdicts: list[SnapshotVerdict]) -> list[SnapshotVerdict]:
    assert len({verdict.file for verdict in verdicts}) == len(verdicts), "one verdict on each snapshot"
    return sorted(verdicts, key=lambda verdict: verdict.sequence)


def _verdict(start: _Start) -> SnapshotVerdict:
    return SnapshotVerdict(start.snapshot.path.name, start.snapshot.heading.sequence, start.differences)


def _starts(venue: Venue, stack: ExitStack) -> tuple[list[_Start], list[SnapshotVerdict]]:
    """The snapshots from which the log can be followed, oldest first, and what is to say of the others."""
    starts: list[_Start] = []
    others: list[SnapshotVerdict] = []
    for path in list_snapshots(venue.journal_directory):
        try:
            snapshot = stack.enter_context(Snapshot(path))
            snapshot.check()
            try:
                check_use(snapshot.heading, path, venue.sizes)
            except SnapshotError as error:
                # A start passes over it as well, and nothing is wrong with it.
                others.append(SnapshotVerdict(path.name, snapshot.heading.sequence, [], str(error)))
                continue
            starts.append(_Start(snapshot, reader_behind(snapshot, venue.journal_directory), []))
        except FileNotFoundError:
            continue  # removed meanwhile, for newer ones
        except SnapshotError as error:
            others.append(SnapshotVerdict(path.name, sequence_of(path), [str(error)]))
    return starts, others


def _compare(
    venue: Venue, base: _Start | None, starts: list[_Start], until: int, progress: Progress
) -> tuple[int, str, list[str | None]]:
    """Follow the log from `base` on and from every start; gives where it ends, the state's hash and the events'."""
    reader = JournalReader(venue.journal_directory, venue.sizes.shards) if base is None else base.reader
    follower = Follower(venue.sizes, None if base is None else base.snapshot, reader)
    hashes = [EventHashes(_streams(follower))]

    def beat(sequence: int) -> None:
        progress("from the beginning", sequence)
        for each in hashes:
            each.read()

    for start in starts:
        follower.advance(start.snapshot.heading.sequence, beat)
        start.differences.extend(_differences_at(follower, start.snapshot))
        hashes.append(EventHashes(_streams(follower)))
    end = follower.advance(until, beat)
    if end < until != FAR:
        raise JournalError(
            f"{venue.journal_directory}: the log on disk ends with sequence {end}, and the venue that runs here has "
            f"acknowledged {until}"
        )
    assert all(start.snapshot.heading.sequence <= end or start.differences for start in starts), (
        "a snapshot of what the log does not hold is not right"
    )
    sections = _sections(follower)
    digests = [each.digests() for each in hashes]
    assert len(digests) == len(starts) + 1, "events are hashed from the beginning and from every snapshot"
    del follower
    for start, expected in zip(starts, digests[1:], strict=True):
        try:
            start.differences.extend(_differences_behind(venue, start, end, sections, expected, progress))
        except (JournalError, DecisionError, SnapshotError) as error:
            start.differences.append(f"the log cannot be followed from here: {error}")
    return end, hashlib.sha256(msgspec.json.encode(sections)).hexdigest(), digests[0]


def _differences_at(follower: Follower, snapshot: Snapshot) -> list[str]:
    """Where a snapshot is not the state that was come to."""
    expected, heading = follower.heading(), snapshot.heading
    found = [
        f"its {name} {getattr(heading, name)} should be {getattr(expected, name)}"
        for name in ("sequence", "chain", "venue", "log_ns", "events")
        if getattr(heading, name) != getattr(expected, name)
    ]
    if not follower.is_level:
        return [*found, "the ledger is too far behind the matching here for a snapshot"]
    sections = {section.name: msgspec.structs.replace(section, offset=0) for section in snapshot.sections.values()}
    names = _different(_sections(follower), sections)
    return found + [f"section {name} is not what the log before it gives" for name in names]


def _differences_behind(
    venue: Venue,
    start: _Start,
    end: int,
    sections: dict[str, Section],
    expected: list[str | None],
    progress: Progress,
) -> list[str]:
    """Where following the log from a snapshot to `end` does not lead to what the whole log leads to."""
    follower = Follower(venue.sizes, start.snapshot, start.reader)
    hashes = EventHashes(_streams(follower))

    def beat(sequence: int) -> None:
        progress(f"from the snapshot of {start.snapshot.heading.sequence:,}", sequence)
        hashes.read()

    reached = follower.advance(end, beat)
    assert reached <= end, "nobody follows the log further than it was compared"
    found = [
        f"section {name} is another one at sequence {end}, when the log is followed from here"
        for name in _different(sections, _sections(follower))
    ]
    for shard, (one, other) in enumerate(zip(expected, hashes.digests(), strict=True)):
        if one is not None and other is not None and one != other:
            found.append(f"the events of shard {shard} behind it are others, when the log is followed from here")
    return found


def _streams(follower: Follower) -> list[Broadcast]:
    return [shard.events for shard in follower.shards]


def _sections(follower: Follower) -> dict[str, Section]:
    """What the state consists of, by section name; comparable with that of another replay."""
    if not follower.is_level:
        follower.settle()
    return {section.name: msgspec.structs.replace(section, offset=0) for section in describe(follower.image())}


def _different(one: dict[str, Section], other: dict[str, Section]) -> list[str]:
    return [name for name in sorted(one.keys() | other.keys()) if one.get(name) != other.get(name)]
