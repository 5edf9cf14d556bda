"""What stays on disk of snapshots and segments, and when snapshots are taken."""

from __future__ import annotations

import errno
import os
import sys
import time
from pathlib import Path

import msgspec
import pytest

from tests.workers.journals import SEGMENT_BYTES, change, filled, segment_files
from tests.workers.running import until
from tests.workers.stepped import SteppedVenue, compact
from tests.workers.traders import Traders
from tradsys.configuration import load
from tradsys.configuration.sections import History
from workers import venue as venues
from workers.files import copy_file
from workers.journal import JournalError, last_sequence
from workers.journal.segments import segment_path
from workers.process import Child
from workers.recorder.database import history_path
from workers.recorder.history import History as Recorded
from workers.recorder.recorder import Recorder
from workers.recorder.rows import Rows
from workers.replica import Replica
from workers.snapshot import files, housekeeping, taking
from workers.snapshot.choice import open_log
from workers.snapshot.files import list_snapshots, snapshot_path
from workers.snapshot.housekeeping import (
    BusyError,
    clear_segments,
    prune_snapshots,
    snapshot_lock,
    unneeded_segments,
)
from workers.snapshot.taking import snapshot_venue, take_snapshot
from workers.snapshot.timer import SnapshotTimer
from workers.venue import Venue


def touch(directory: Path, *sequences: int) -> list[Path]:
    """Files that are named like snapshots."""
    paths = [snapshot_path(directory, sequence) for sequence in sequences]
    for path in paths:
        path.touch()
    return paths


def test_the_newest_snapshots_stay_and_those_that_are_young(tmp_path: Path) -> None:
    paths = touch(tmp_path, 5, 10, 15, 20, 25)
    old = time.time() - 7200
    for path in paths[:2]:
        os.utime(path, (old, old))
    assert prune_snapshots(tmp_path, 10_000, keep=4, keep_hours=3) == []
    assert prune_snapshots(tmp_path, 10_000, keep=2, keep_hours=1) == paths[:2]
    assert prune_snapshots(tmp_path, 10_000, keep=1, keep_hours=0) == paths[2:4]
    assert prune_snapshots(tmp_path, 10_000, keep=1, keep_hours=0) == []
    assert list_snapshots(tmp_path) == paths[4:]


def test_what_the_slowest_shard_starts_from_stays(tmp_path: Path) -> None:
    """It has told no event behind its place, so over the memory that there is no later snapshot is of use to it."""
    filled(tmp_path, *[20] * 12)
    first, second, third = (int(path.stem) for path in segment_files(tmp_path)[:3])
    paths = touch(tmp_path, second - 1, third - 1, third + 5, third + 6)
    assert prune_snapshots(tmp_path, 10_000, keep=1, keep_hours=0, needed=second - 2) == []
    assert prune_snapshots(tmp_path, 10_000, keep=1, keep_hours=0, needed=second) == []
    assert unneeded_segments(tmp_path, needed=second - 2) == []
    assert unneeded_segments(tmp_path, needed=second) == [segment_path(tmp_path, first)]
    assert prune_snapshots(tmp_path, 10_000, keep=3, keep_hours=0, needed=third + 5) == paths[:1]
    assert prune_snapshots(tmp_path, 10_000, keep=1, keep_hours=0, needed=third + 5) == paths[1:2]
    assert prune_snapshots(tmp_path, 10_000, keep=1, keep_hours=0, needed=third + 6) == paths[2:3]


@pytest.mark.parametrize("policy", ["keep", "archive", "drop"])
def test_segments_go_when_no_snapshot_needs_them(tmp_path: Path, policy: str) -> None:
    directory, archive = tmp_path / "journal", tmp_path / "elsewhere" / "archive"
    filled(directory, *[20] * 12)
    segments = segment_files(directory)
    contents = {path.name: path.read_bytes() for path in segments}
    assert unneeded_segments(directory) == []
    second, third = int(segments[1].stem), int(segments[2].stem)
    # The oldest snapshot decides: with one record of the second segment still needed, only the first may go.
    touch(directory, third - 2, 10_000)
    assert unneeded_segments(directory) == segments[:1]
    touch(directory, second - 1)
    assert unneeded_segments(directory) == segments[:1]
    snapshot_path(directory, second - 1).unlink()
    snapshot_path(directory, third - 2).unlink()
    touch(directory, third - 1)
    gone = clear_segments(directory, policy, archive)  # type: ignore[arg-type]
    assert gone == ([] if policy == "keep" else segments[:2])
    assert segment_files(directory) == [path for path in segments if path not in gone]
    archived = segments[:2] if policy == "archive" else []
    assert sorted(archive.glob("*")) == [archive / path.name for path in archived]
    assert all((archive / path.name).read_bytes() == contents[path.name] for path in archived)


def test_an_archived_copy_that_was_cut_short_is_made_anew(tmp_path: Path) -> None:
    directory, archive = tmp_path / "journal", tmp_path / "archive"
    filled(directory, *[20] * 12)
    first, second = segment_files(directory)[:2]
    content = first.read_bytes()
    archive.mkdir()
    (archive / f"{first.name}.new").write_bytes(content[:1000])
    touch(directory, int(second.stem) - 1)
    assert clear_segments(directory, "archive", archive) == [first]
    assert {path.name: path.read_bytes() for path in archive.iterdir()} == {first.name: content}


def test_the_journal_is_not_its_own_archive(tmp_path: Path) -> None:
    """Else the copy would take the place of the segment, and then be removed with it."""
    directory, other = tmp_path / "journal", tmp_path / "archive"
    filled(directory, *[20] * 12)
    segments = segment_files(directory)
    touch(directory, int(segments[1].stem) - 1)
    other.symlink_to(directory)
    for archive in (directory, other):
        with pytest.raises(OSError, match=r"set snapshots\.archive to another directory"):
            clear_segments(directory, "archive", archive)
        assert segment_files(directory) == segments


def test_no_other_segment_that_was_archived_under_the_name_is_written_over(tmp_path: Path) -> None:
    """Of another venue that has the same archive, or of this one before it went on from a backup."""
    directory, archive = tmp_path / "journal", tmp_path / "archive"
    filled(directory, *[20] * 12)
    filled(tmp_path / "other", *[20] * 12)
    segments = segment_files(directory)
    touch(directory, int(segments[1].stem) - 1)
    archive.mkdir()
    archived = archive / segments[0].name
    foreign = (tmp_path / "other" / segments[0].name).read_bytes()
    archived.write_bytes(foreign)
    with pytest.raises(OSError, match=f"{archived}: there is another segment of this name"):
        clear_segments(directory, "archive", archive)
    assert archived.read_bytes() == foreign
    assert segment_files(directory) == segments
    # One that was copied, and not yet removed, is the same.
    archived.write_bytes(segments[0].read_bytes())
    assert clear_segments(directory, "archive", archive) == segments[:1]
    assert [path.name for path in archive.iterdir()] == [archived.name]


def test_a_snapshot_under_another_name_is_left_alone(tmp_path: Path) -> None:
    copy = tmp_path / "copy.snapshot"
    copy.touch()
    paths = touch(tmp_path, 5, 10)
    assert list_snapshots(tmp_path) == paths
    assert prune_snapshots(tmp_path, 10_000, keep=1, keep_hours=0) == paths[:1]
    assert copy.exists()


def test_the_last_segment_always_stays(tmp_path: Path) -> None:
    filled(tmp_path, 20)
    touch(tmp_path, 10_000)
    assert clear_segments(tmp_path, "drop", tmp_path / "archive") == []


def test_what_an_archived_copy_does_not_read_back_as_stays_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, archive = tmp_path / "journal", tmp_path / "archive"
    filled(directory, *[20] * 12)
    segments = segment_files(directory)
    touch(directory, int(segments[1].stem) - 1)

    def copy(source: Path, target: Path) -> tuple[int, str]:
        found = copy_file(source, target)
        change(target, 5000, bytes([source.read_bytes()[5000] ^ 1]))
        return found

    monkeypatch.setattr(housekeeping, "copy_file", copy)
    with pytest.raises(OSError, match="reads otherwise than it was written"):
        clear_segments(directory, "archive", archive)
    assert segment_files(directory) == segments
    monkeypatch.undo()
    assert clear_segments(directory, "archive", archive) == segments[:1]
    assert [path.name for path in archive.iterdir()] == [segments[0].name]


def test_a_snapshot_for_which_there_is_no_room_leaves_nothing_of_itself(
    stopped: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted(path.name for path in stopped.journal_directory.iterdir())
    written = 0

    def write(descriptor: int, part: object) -> None:
        nonlocal written
        written += os.write(descriptor, b"a part of it")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files, "write_all", write)
    with pytest.raises(OSError, match="No space left on device"):
        snapshot_venue(stopped.path, lambda text: pytest.fail(text))
    assert written
    after = sorted(path.name for path in stopped.journal_directory.iterdir())
    assert [name for name in after if name != "snapshots.lock"] == before


def test_one_at_a_time_and_unfinished_files_go(tmp_path: Path) -> None:
    unfinished = tmp_path / "00000000000000000007.snapshot-new"
    unfinished.touch()
    with snapshot_lock(tmp_path):
        assert not unfinished.exists()
        with pytest.raises(BusyError, match="just now"), snapshot_lock(tmp_path):
            pass
    with snapshot_lock(tmp_path):
        pass


@pytest.fixture
def stopped(tmp_path: Path) -> Venue:
    """A venue that ran in a directory, with a journal of several segments, and is told to take snapshots at its end."""
    stepped = SteppedVenue(tmp_path, compact(), segment_bytes=SEGMENT_BYTES)
    stepped.define()
    for seed in range(12):
        stepped.submit(Traders(stepped, seed).next(10))
        stepped.settle()
    stepped.close()
    settings = load("testing", environ={}).snapshots
    settings = msgspec.structs.replace(settings, keep=1, segments="archive", on_stop=True)
    configuration = stepped.description.configuration
    journal = msgspec.structs.replace(configuration.journal, segment_bytes=1 << 16)
    configuration = msgspec.structs.replace(configuration, snapshots=settings, journal=journal)
    venue = msgspec.structs.replace(stepped.description, configuration=configuration)
    venues.write(venue)
    return venue


def test_a_snapshot_of_a_stopped_venue_clears_away_what_its_settings_say(stopped: Venue) -> None:
    before = segment_files(stopped.journal_directory)
    end = last_sequence(stopped.journal_directory)
    assert len(before) > 2
    path = snapshot_venue(stopped.path, lambda text: pytest.fail(text))
    assert int(path.stem) == end
    assert list_snapshots(stopped.journal_directory) == [path]
    assert segment_files(stopped.journal_directory) == before[-1:]
    assert sorted((stopped.path / "archive").iterdir()) == [
        stopped.path / "archive" / each.name for each in before[:-1]
    ]
    # What is left is enough to know everything.
    assert Replica(stopped.sizes, stopped.journal_directory).advance() == end
    path.unlink()
    with pytest.raises(JournalError, match="a segment is missing"):
        Replica(stopped.sizes, stopped.journal_directory).advance()


def test_a_snapshot_leaves_what_the_history_has_yet_to_read(stopped: Venue) -> None:
    directory = stopped.journal_directory
    with_history = msgspec.structs.replace(stopped.configuration, history=History(enabled=True))
    venues.write(msgspec.structs.replace(stopped, configuration=with_history))
    before, end = segment_files(directory), last_sequence(directory)
    history = Recorded(history_path(stopped.path))
    recorder = Recorder(history, directory, stopped.sizes, lambda: end, pytest.fail)
    recorder.step(0)
    snapshot_venue(stopped.path, lambda text: pytest.fail(text))
    assert segment_files(directory) == before
    while recorder.sequence < end:
        recorder.step(0)
    recorder.write()
    history.begin(history.venue, history.checkpoints()[0].place, Rows())  # no older place is kept
    history.close()
    snapshot_venue(stopped.path, lambda text: pytest.fail(text))
    assert segment_files(directory) == before[-1:]


def test_snapshots_of_a_log_that_has_lost_its_end_take_the_place_of_no_other(stopped: Venue) -> None:
    """Nobody can begin with them: what was just taken stays, and so does what of the log only they would not need."""
    directory = stopped.journal_directory
    before, end = segment_files(directory), last_sequence(directory)
    of_no_use = touch(directory, end + 1000)
    told: list[str] = []
    path = snapshot_venue(stopped.path, told.append)
    assert "passing over a snapshot" in told[0]
    assert list_snapshots(directory) == [path, *of_no_use]
    assert segment_files(directory) == before[-1:]
    assert Replica(stopped.sizes, directory).advance() == end


def test_snapshots_ahead_of_the_log_take_nobodys_place_among_those_that_are_kept(tmp_path: Path) -> None:
    paths, ahead = touch(tmp_path, 5, 10, 15), touch(tmp_path, 16, 20, 25)
    assert prune_snapshots(tmp_path, 15, keep=3, keep_hours=0) == []
    assert prune_snapshots(tmp_path, 15, keep=2, keep_hours=0) == paths[:1]
    assert list_snapshots(tmp_path) == [*paths[1:], *ahead]


@pytest.mark.parametrize("are_all_damaged", [False, True])
def test_what_a_start_over_the_memory_that_there_is_begins_with_stays_where_later_ones_are_damaged(
    stopped: Venue, monkeypatch: pytest.MonkeyPatch, *, are_all_damaged: bool
) -> None:
    """A shard that is behind the new snapshot cannot begin with it."""
    directory = stopped.journal_directory
    segments = segment_files(directory)
    ends = [int(path.stem) - 1 for path in segments[1:]]
    older, newer = (take_snapshot(directory, stopped.sizes, pytest.fail, until=end) for end in ends[:2])
    for path in (older, newer) if are_all_damaged else (newer,):
        change(path, path.stat().st_size - 64, b"\x99" * 8)
    monkeypatch.setattr(taking, "_slowest_shard", lambda venue: ends[1])
    path = snapshot_venue(stopped.path, lambda text: None)
    assert list_snapshots(directory) == [older, newer, path]
    assert segment_files(directory) == (segments if are_all_damaged else segments[1:])
    begun, reader = open_log(directory, stopped.sizes, lambda text: None, lambda heading: heading.sequence <= ends[1])
    assert (begun and begun.path, reader.sequence) == ((None, 0) if are_all_damaged else (older, ends[0]))
    if begun is not None:
        begun.close()
    monkeypatch.undo()
    for path in (older, newer):
        path.unlink(missing_ok=True)
    snapshot_venue(stopped.path, lambda text: pytest.fail(text))
    assert segment_files(directory) == segments[-1:]


def test_the_timer_has_one_taken_at_the_end(stopped: Venue) -> None:
    timer = SnapshotTimer(stopped)
    end = last_sequence(stopped.journal_directory)
    timer.last(end, 240)
    timer.close()
    assert [int(path.stem) for path in list_snapshots(stopped.journal_directory)] == [end]
    before = list_snapshots(stopped.journal_directory)[0].stat().st_mtime_ns
    timer.last(end, 240)
    assert list_snapshots(stopped.journal_directory)[0].stat().st_mtime_ns == before


def test_the_timer_has_one_taken_at_the_end_beside_one_that_is_ahead_of_the_log(stopped: Venue) -> None:
    end = last_sequence(stopped.journal_directory)
    (ahead,) = touch(stopped.journal_directory, end + 1000)
    timer = SnapshotTimer(stopped)
    timer.last(end, 240)
    timer.close()
    assert [int(path.stem) for path in list_snapshots(stopped.journal_directory)] == [end, int(ahead.stem)]


def test_the_timer_has_one_taken_at_the_end_after_one_that_is_under_way(stopped: Venue) -> None:
    """That one is of what was durable when it began."""
    end = last_sequence(stopped.journal_directory)
    timer = SnapshotTimer(stopped)
    timer._child = Child("snapshot", [sys.executable, "-c", "pass"], {})
    timer.last(end, 240)
    timer.close()
    assert [int(path.stem) for path in list_snapshots(stopped.journal_directory)] == [end]


def test_the_timer_waits_at_the_end_no_longer_than_it_may(stopped: Venue) -> None:
    timer = SnapshotTimer(stopped)
    timer._child = Child("snapshot", [sys.executable, "-c", "import signal; signal.pause()"], {})
    timer.last(last_sequence(stopped.journal_directory), 0.1)
    timer.close()
    assert list_snapshots(stopped.journal_directory) == []


@pytest.mark.parametrize("is_ahead", [False, True])
def test_the_timer_has_one_taken_when_the_log_has_grown(stopped: Venue, *, is_ahead: bool) -> None:
    settings = msgspec.structs.replace(stopped.configuration.snapshots, interval_seconds=1, records_min=50)
    venue = msgspec.structs.replace(
        stopped, configuration=msgspec.structs.replace(stopped.configuration, snapshots=settings)
    )
    timer = SnapshotTimer(venue)
    begun = timer._asked_ns

    def stepped(journaled: int) -> SnapshotTimer:
        timer.step(journaled)
        return timer

    # A person's copy, which is not the venue's.
    (venue.journal_directory / "copy.snapshot").touch()
    ahead = touch(venue.journal_directory, 2000) if is_ahead else []
    try:
        # The interval passes with a log that has grown too little, and again with one that has grown enough.
        until(lambda: stepped(49)._asked_ns > begun, "the interval to pass")
        assert timer._child is None
        until(lambda: stepped(1000) and len(list_snapshots(venue.journal_directory)) > len(ahead), "a snapshot", 240)
    finally:
        timer.close()
