"""Making a backup of a venue, while it runs or after: all that is durable, in frames that are whole."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from workers import venue as venues
from workers.backup.manifest import BESIDE, FORMAT, JOURNAL, VENUE, BackupError, CopiedFile, Manifest, write_manifest
from workers.directories import make_directory
from workers.files import copy_file
from workers.journal import JournalReader
from workers.journal.reader import FAR
from workers.journal.segments import LINE_BYTES, list_segments, segment_with, sequence_of, sync_directory
from workers.journal.survey import first_needed, survey
from workers.snapshot.choice import reader_behind
from workers.snapshot.files import Snapshot, SnapshotError, list_snapshots
from workers.snapshot.housekeeping import snapshot_lock
from workers.snapshot.taking import durable_end

Tell = Callable[[str], None]


class _Plan(NamedTuple):
    """What is copied: segments from the first that is needed, up to byte `used` of the last; `first` to `last`."""

    segments: list[Path]
    used: int
    snapshots: list[Path]
    venue: int
    first: int
    last: int


def back_up(data_directory: Path, target: Path, tell: Tell, progress: Tell, *, from_snapshot: bool = False) -> Manifest:
    """Copy what a venue has on disk to a new directory, check the copy, and say what is in it.

    `from_snapshot`: only the newest snapshot and the segments behind it. `tell` is told of what is left out, `progress`
    each file. What is made has another name until it is whole. Raises BackupError, BusyError, VenueNotRunningError,
    JournalError.
    """
    venue = venues.last(data_directory)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BackupError(f"{target} exists already: name a directory that does not, or an empty one")
    partial = target.with_name(f"{target.name}.partial")
    try:
        with snapshot_lock(venue.journal_directory):
            shutil.rmtree(partial, ignore_errors=True)
            try:
                make_directory(partial / JOURNAL)
                # Before it is known how far the log is copied, so that the trail names no record behind that.
                beside = _copy_beside(data_directory, partial, progress)
                plan = _plan(venue.journal_directory, durable_end(venue), tell, from_snapshot)
                manifest = _copy(plan, beside, partial, progress)
                _check_copy(partial, manifest, progress)
                partial.rename(target)
                sync_directory(target.parent)
            except BaseException:
                shutil.rmtree(partial, ignore_errors=True)
                raise
    except OSError as error:
        raise BackupError(f"the backup was not made, and nothing of it is left: {error}") from error
    return manifest


def _plan(directory: Path, until: int, tell: Tell, from_snapshot: bool) -> _Plan:
    snapshots = _usable_snapshots(directory, tell)
    ending = segment_with(directory, max(until, 1))  # a log without records ends in its first file
    if ending is None:
        raise BackupError(f"there is no journal in {directory}")
    first = first_needed(directory)
    if from_snapshot:
        if not snapshots:
            raise BackupError("there is no snapshot that a backup could begin with; take one with: tradsys snapshot")
        snapshots = snapshots[-1:]
        begin = segment_with(directory, min(sequence_of(snapshots[0]) + 1, until))
        assert begin is not None, "where there is a last file there is a first"
        first = sequence_of(begin)
    segments = [path for path in list_segments(directory) if first <= sequence_of(path) <= sequence_of(ending)]
    assert segments[-1] == ending, "the log is copied up to where it ends"
    # Only the last one is still being written.
    reader = JournalReader(directory, after=sequence_of(ending) - 1)
    while len(reader.next_batch(until)):
        pass
    _, used = reader.end()
    if reader.sequence < until != FAR:
        raise BackupError(
            f"the log on disk ends with sequence {reader.sequence}, and the venue has acknowledged {until}"
        )
    assert reader.sequence <= until, "nothing is copied that is not durable"
    return _Plan(segments, used, snapshots, reader.venue, first, reader.sequence)


def _usable_snapshots(directory: Path, tell: Tell) -> list[Path]:
    """The snapshots that are whole and of this log."""
    usable = []
    for path in list_snapshots(directory):
        try:
            with Snapshot(path) as snapshot:
                snapshot.check()
                reader_behind(snapshot, directory)
        except SnapshotError as error:
            tell(f"leaving out a snapshot: {error}")
        else:
            usable.append(path)
    return usable


def _copy_beside(data_directory: Path, partial: Path, progress: Tell) -> list[CopiedFile]:
    """What the data directory has beside the journal."""
    files = []
    for name in BESIDE:
        if name == VENUE or (data_directory / name).is_file():
            progress(name)
            files.append(CopiedFile(name, *copy_file(data_directory / name, partial / name, None)))
    assert VENUE in {file.name for file in files}, "a venue is described"
    return files


def _copy(plan: _Plan, beside: list[CopiedFile], partial: Path, progress: Tell) -> Manifest:
    """Everything else under the provisional name, the manifest last, and durable."""
    assert plan.used % LINE_BYTES == 0, "frames end with a line"
    files = list(beside)
    for source in (*plan.snapshots, *plan.segments):
        name = f"{JOURNAL}/{source.name}"
        progress(name)
        used = plan.used if source == plan.segments[-1] else None
        files.append(CopiedFile(name, *copy_file(source, partial / name, used)))
    manifest = Manifest(FORMAT, f"{plan.venue:016x}", time.time_ns(), plan.first, plan.last, files)
    assert len({file.name for file in files}) == len(files), "every file is copied once"
    assert plan.used <= files[-1].bytes, "the log ends within its last file"
    assert len(files) == len(beside) + len(plan.snapshots) + len(plan.segments), "and none is left out"
    sync_directory(partial / JOURNAL)
    write_manifest(partial, manifest)
    sync_directory(partial)
    return manifest


def _check_copy(partial: Path, manifest: Manifest, progress: Tell) -> None:
    progress("checking the copy")
    check_journal(partial / JOURNAL, manifest)


def check_journal(directory: Path, manifest: Manifest) -> None:
    """Whether a copy holds every record that it should, and snapshots that are whole. Raises BackupError, OSError."""
    found = survey(directory, is_running=False)
    if found.damage is not None:
        raise BackupError(f"the copy is damaged: {found.damage}")
    last = found.first + found.records - 1
    if (found.first, last, found.torn_bytes) != (manifest.first, manifest.last, 0):
        raise BackupError(
            f"the copy holds the sequences {found.first} to {last} instead of {manifest.first} to {manifest.last}"
        )
    for path in list_snapshots(directory):
        try:
            with Snapshot(path) as snapshot:
                snapshot.check()
        except SnapshotError as error:
            raise BackupError(f"the copy is damaged: {error}") from error
