"""Where in the log a time is."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tradsys.records import COMMAND
from workers.journal.reader import FAR, JournalReader
from workers.journal.segments import HEADER_LINES, LINE_WORDS, Segment, list_segments, sequence_of


def last_before(directory: Path, timestamp_ns: int, until: int = FAR) -> int:
    """The last log sequence, at most `until`, that is not later than a time of the log's clock.

    0 when all that there are are later. Raises JournalError.
    """
    assert 0 <= until <= FAR, "FAR is behind every sequence"
    # The log's clock never goes back.
    paths = list_segments(directory)
    path = next((path for path in reversed(paths) if _begins_ns(path) <= timestamp_ns), None)
    if path is None:
        return 0
    found = sequence_of(path) - 1
    reader = JournalReader(directory, after=found)
    while len(batch := reader.next_batch(until)):
        times = batch.view(np.ndarray)["timestamp_ns"]
        count = int(np.searchsorted(times, timestamp_ns, side="right"))
        assert (times[:-1] <= times[1:]).all(), "the log's clock never goes back"
        found = reader.sequence - len(times) + count
        if count < len(times):
            break
    return min(found, until)


def _begins_ns(path: Path) -> int:
    """The time of a segment's first record; far in the future of one that has none."""
    first = (HEADER_LINES + 1) * LINE_WORDS
    record = Segment(path).words[first : first + LINE_WORDS].view(COMMAND)[0]
    return int(record["timestamp_ns"]) if int(record["sequence"]) == sequence_of(path) else FAR
