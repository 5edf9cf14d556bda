"""What is in a journal's files: checked frame by frame, and told file by file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from workers.journal.reader import FAR, JournalReader
from workers.journal.segments import LINE_BYTES, JournalError, Segment, list_segments, sequence_of
from workers.snapshot.choice import reader_behind
from workers.snapshot.files import Snapshot, SnapshotError, list_snapshots
from workers.snapshot.housekeeping import snapshots_until


class SegmentView(msgspec.Struct, frozen=True):
    """One file. `used_bytes` of `bytes` are written; `first` to `last` are log sequences, both 0 when it is empty."""

    file: str
    first: int
    last: int
    records: int
    bytes: int
    used_bytes: int


class Survey(msgspec.Struct, frozen=True):
    """A whole journal. `damage` says what is wrong, where, and what can be done; nothing behind it has been read."""

    directory: str
    segments: list[SegmentView]
    first: int
    """The first log sequence that there is: 1, unless the beginning was dropped because snapshots make up for it."""
    records: int
    torn_bytes: int
    """What stands behind the last whole frame: never acknowledged, and cut off by the next start."""
    damage: str | None = None


def survey(directory: Path, *, is_running: bool, progress: Callable[[int], None] = lambda sequence: None) -> Survey:
    """Read and check every frame; `progress(sequence)` is called now and then.

    While a venue is running, the end may be a frame that is just being written. Raises OSError, and JournalError
    when it is not known which files are the journal's.
    """
    ends: dict[Path, tuple[int, int]] = {}
    damage, torn = None, 0
    first = first_needed(directory)
    reader = JournalReader(directory, after=first - 1)
    try:
        while len(reader.next_batch()):
            _note(ends, reader)
            progress(reader.sequence)
        _note(ends, reader)
        if not is_running:
            torn = reader.torn_bytes()
    except JournalError as error:
        damage = str(error)
        _note(ends, reader)
    if damage is None and first > 1 and not _is_made_up_for(directory, first):
        damage = (
            f"{directory}: the log begins with sequence {first}, and no snapshot that is whole and of this log holds "
            f"what was before: a segment is missing; restore it from a backup"
        )
        ends, torn = {}, 0
    views = [_view(path, last, offset) for path, (last, offset) in ends.items()]
    assert torn >= 0, "bytes behind the end"
    assert not (torn and damage), "what stands behind damage is no torn frame"
    records = sum(view.records for view in views)
    assert damage is not None or first + records - 1 == reader.sequence, "every record is in one file"
    return Survey(str(directory), views, first, records, torn, damage)


def first_needed(directory: Path, end: int = FAR) -> int:
    """The log sequence with which the files must begin: 1, or the first one's when a snapshot holds all before it.

    Of snapshots only the names are looked at. `end`: with which the log ends, where that is known.
    """
    first = min((sequence_of(path) for path in list_segments(directory)), default=1)
    assert first >= 1, "records are numbered from 1"
    return first if any(sequence_of(path) >= first - 1 for path in snapshots_until(directory, end)) else 1


def _is_made_up_for(directory: Path, first: int) -> bool:
    """Whether a snapshot that is whole and of this log holds what was before sequence `first`."""
    assert first > 1, "something was before it"
    paths = [path for path in list_snapshots(directory) if sequence_of(path) >= first - 1]
    return any(_is_of_log(path) for path in reversed(paths))  # of a venue that runs, old ones may go meanwhile


def _is_of_log(path: Path) -> bool:
    try:
        with Snapshot(path) as snapshot:
            snapshot.check()
            reader_behind(snapshot, path.parent)
    except (SnapshotError, FileNotFoundError):
        return False
    return True


def _note(ends: dict[Path, tuple[int, int]], reader: JournalReader) -> None:
    path, offset = reader.end()
    if path is not None:
        assert path not in ends or ends[path][0] <= reader.sequence, "what has been read stays read"
        ends[path] = reader.sequence, offset


def _view(path: Path, last: int, offset: int) -> SegmentView:
    segment = Segment(path)
    records = last + 1 - segment.first_sequence
    assert records >= 0, "the file was read from its beginning"
    assert offset <= segment.lines * LINE_BYTES, "the end lies within the file"
    first, last = (segment.first_sequence, last) if records else (0, 0)
    return SegmentView(path.name, first, last, records, segment.lines * LINE_BYTES, offset)
