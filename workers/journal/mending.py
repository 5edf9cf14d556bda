"""After a failed write or sync: what of a segment was durable is read back, checked, and put into a file of its own.

A failed fdatasync is never tried again as if nothing had happened: the system may have dropped the pages and say the
next time that all is well. What was not acknowledged is still in the log's ring.
"""

from __future__ import annotations

import numpy as np

from workers.journal.reader import BATCH_RECORDS, FULL, read_frames
from workers.journal.segments import HEADER_LINES, LINE_BYTES, LINE_WORDS, JournalError, Segment, header_of, install


def rewrite(segment: Segment, end: int, last: int, chain: int) -> None:
    """Have the segment hold its frames before byte `end` and nothing else: up to sequence `last`, with this chain.

    The file is exchanged for another one. Takes as much memory as it has bytes before `end`. Raises JournalError when
    it does not hold those frames; OSError, and then the file is as before.
    """
    assert HEADER_LINES * LINE_BYTES <= end <= segment.lines * LINE_BYTES, "the end lies within the file"
    assert end % LINE_BYTES == 0, "frames end with a line"
    assert last >= segment.first_sequence - 1, "what is to be kept is in this file"
    assert end // LINE_BYTES - HEADER_LINES >= last + 1 - segment.first_sequence, "a record takes up a line of the file"
    path = segment.path
    with path.open("rb") as file:  # its mapping would kill the process where a page cannot be read
        content = file.read(end)
    words = np.frombuffer(content, np.int64, len(content) // LINE_BYTES * LINE_WORDS)
    records = np.zeros(BATCH_RECORDS * LINE_WORDS, np.int64)
    status, line, expected, found = FULL, HEADER_LINES, segment.first_sequence, segment.beginning.chain
    while status == FULL:
        status, line, expected, found = read_frames(words, line, expected, found, last, records)
    if (line * LINE_BYTES, expected, found) != (end, last + 1, chain):
        raise JournalError(
            f"{path}: at offset {line * LINE_BYTES}, sequence {expected}: after a failure of the disk, what was "
            f"acknowledged, up to sequence {last}, cannot be read back; restore the file from a backup"
        )
    size = segment.lines * LINE_BYTES
    install(path, header_of(segment.beginning, size) + content[HEADER_LINES * LINE_BYTES :], size)
