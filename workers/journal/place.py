"""Finding a place of the log in the files on disk."""

from __future__ import annotations

from pathlib import Path

from workers.journal.reader import JournalReader
from workers.journal.segments import segment_with, sequence_of


def read_up_to(directory: Path, sequence: int, shards: int | None = None) -> JournalReader | None:
    """A reader that has read up to this sequence, or to the log's end before it; None where the files of then are gone.

    Where no frame ends with that sequence it has read the whole frame. Unlike a reader that is to begin behind the
    sequence, it tells a log that ends before from a damaged one. Raises JournalError for damage before it, OSError.
    """
    assert sequence >= 0, "records are numbered from 1"
    path = segment_with(directory, max(sequence, 1))
    if path is None or sequence_of(path) > sequence + 1:
        return None
    reader = JournalReader(directory, shards, after=sequence_of(path) - 1)
    reader.begin()
    while reader.sequence < sequence and len(reader.next_batch(sequence)):
        pass
    return reader
