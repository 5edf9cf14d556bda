"""What is in a journal's files: checked frame by frame, and told file by file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from workers.journal.reader import FAR, JournalReader
from workers.journal.segments import LINE_BYTES, JournalError, Segment, list_segments, sequence_of
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
    views = [_view(path, last, offset) for path, (last, offset) in ends.items()]
    assert torn >= 0, "bytes behind the end"
    assert not (torn and damage), "what stands behind damage is no torn frame"
    records = sum(view.records for view in views)
    assert damage is not None or first + records - 1 == reader.sequence, "every record is in one file"
    return Survey(str(directory), views, first, records, torn, damage)


def first_needed(directory: Path, end: int = FAR) -> int:
    """The log sequence with which the files must begin: 1, or the first one's when a snapshot holds all before it.

    `end`: with which the log ends, where that is known.
    """
    first = min((sequence_of(path) for path in list_segments(directory)), default=1)
    assert first >= 1, "records are numbered from 1"
    return first if any(sequence_of(path) >= first - 1 for path in snapshots_until(directory, end)) else 1


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
