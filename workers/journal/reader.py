"""Reading the log back from disk, checking every frame, and finding its end.

Zeros are the end. A frame that is not whole, with nothing whole behind it in the last file, is a torn tail: what was
never acknowledged. Anything else that is wrong is damage, and is told with file, offset and sequence. Another process
may be writing meanwhile: what looks torn may be whole a moment later.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from shm.arena import new_array
from shm.crc32c import crc32c
from shm.jit import kernel, kernel_entry
from tradsys.records import COMMAND
from workers.files import write_all
from workers.journal.segments import (
    COUNT,
    CRC,
    FIRST,
    FRAME_MAGIC,
    HEADER_LINES,
    LINE_BYTES,
    LINE_WORDS,
    MAGIC,
    JournalError,
    Segment,
    list_segments,
    segment_path,
)

END, DAMAGED, FULL, REACHED = 0, 1, 2, 3
FRAME_RECORDS_MAX = 4096
FAR = 1 << 62
"""Behind every sequence."""
BATCH_RECORDS = 16 * FRAME_RECORDS_MAX


@kernel
def _is_whole(words: Any, line: int) -> bool:
    """Whether a frame begins at `line`, ends within the file, and has the right checksum."""
    at = line * LINE_WORDS
    assert line >= HEADER_LINES, "frames stand behind the header"
    assert at + LINE_WORDS <= len(words), "the line is one of the file"
    if words[at + MAGIC] != FRAME_MAGIC:
        return False
    count = words[at + COUNT]
    if count < 1 or count > FRAME_RECORDS_MAX or (line + 1 + count) * LINE_WORDS > len(words):
        return False
    crc = crc32c(words, at + FIRST, 2, 0)
    return words[at + CRC] == crc32c(words, at + LINE_WORDS, count * LINE_WORDS, crc)


@kernel_entry
def read_frames(words: Any, line: int, expected: int, chain: int, until: int, out: Any) -> tuple[int, int, int, int]:
    """Copy the records of whole frames from `line` on to `out`, an int64 view of the records' memory.

    Gives (status, next line, next expected sequence, the chain so far). FULL: `out` has no room for the next frame.
    END: zeros or the end of the file. DAMAGED: something else than the frame that begins with sequence `expected`.
    REACHED: the frame with record `until` has been read.
    """
    used = 0
    assert len(words) % LINE_WORDS == 0, "a file is made of whole lines"
    assert len(out) >= FRAME_RECORDS_MAX * LINE_WORDS, "any frame fits into an empty buffer"
    while True:
        at = line * LINE_WORDS
        if expected > until:
            return REACHED, line, expected, chain
        if at >= len(words) or words[at + MAGIC] == 0:
            return END, line, expected, chain
        if not _is_whole(words, line) or words[at + FIRST] != expected:
            return DAMAGED, line, expected, chain
        count = words[at + COUNT]
        if used + count * LINE_WORDS > len(out):
            return FULL, line, expected, chain
        for i in range(count * LINE_WORDS):
            out[used + i] = words[at + LINE_WORDS + i]
        used += count * LINE_WORDS
        assert used <= len(out), "a frame fits into the buffer"
        line += 1 + count
        expected += count
        chain = crc32c(words, at + CRC, 1, chain)


@kernel_entry
def _next_whole_frame(words: Any, line: int) -> int:
    """The first line from `line` on where a whole frame begins; -1 when there is none."""
    while line * LINE_WORDS < len(words):
        if _is_whole(words, line):
            return line
        line += 1
    return -1


class JournalReader:
    """Reads the log, batch by batch, and can go on when more has been written."""

    def __init__(self, directory: Path, shards: int | None = None, *, after: int | None = 0) -> None:
        """Begin behind sequence `after`, which a frame must end with; None: with the first file that there is.

        `shards`: refuse a journal of a venue with another number of shards.
        """
        self.directory = directory
        self.sequence = 0
        """The last sequence read."""
        self.chain = 0
        """The journal's chain up to there."""
        self.venue = 0
        """The venue's id, 0 before the first segment is open."""
        assert after is None or after >= 0, "records are numbered from 1"
        self._after = after
        self._shards = shards
        self._segment: Segment | None = None
        self._line = HEADER_LINES
        self._records = new_array(COMMAND, BATCH_RECORDS)
        self._words = self._records.view(np.ndarray).view(np.int64)
        assert len(self._words) == LINE_WORDS * BATCH_RECORDS, "a record takes up a line"

    def begin(self) -> Segment | None:
        """Go to where the reading begins, as next_batch() does by itself; None while there is no file.

        Raises JournalError.
        """
        if self._segment is not None:
            return self._segment
        paths, after = list_segments(self.directory), self._after
        if after is not None:
            first = segment_path(self.directory, after + 1).name
            paths = [path for path in paths if path.name <= first][-1:] or paths[:1]
        if not paths:
            return None
        segment = Segment(paths[0], whole=True)
        if after is not None and segment.first_sequence > after + 1:
            raise JournalError(
                f"{segment.path}: the log begins with sequence {segment.first_sequence}, and the records from "
                f"{after + 1} on are needed: a segment is missing; restore it from a backup"
            )
        self.sequence, self.chain, self.venue = segment.beginning.sequence, segment.beginning.chain, 0
        self._enter(segment)
        assert after is None or self.sequence <= after, "what the reading is to begin behind is not passed by"
        while after is not None and self.sequence < after:
            count, status = self._read(segment, after)
            if status == DAMAGED:
                raise self._damage(segment, "the frame is damaged")
            if count == 0 or self.sequence > after:
                raise JournalError(f"{segment.path}: no frame ends with sequence {after}: the log is another one")
        assert after is None or self.sequence == after, "the reading begins right behind"
        return segment

    def next_batch(self, until: int = FAR) -> Any:
        """The next COMMAND records, a view valid until the next call; empty at the end of what is written.

        No frame behind the one with record `until` is read. Raises JournalError for damage. A torn frame at the very
        end counts as the end.
        """
        assert 0 <= until <= FAR, "FAR is behind every sequence"
        segment = self.begin()
        while segment is not None:
            # Asked before reading: only what has a successor is complete, and its end is an end for good.
            following = self._following()
            count, status = self._read(segment, until)
            if count or status == REACHED:
                return self._records[:count]
            if segment.is_replaced():
                count = self._go_over(segment, until)
                if count or self._segment is segment:
                    return self._records[:count]
                segment = self._segment
                continue
            if following is None:
                if status == DAMAGED:
                    count = self._read_again(segment, until)
                return self._records[:count]
            if status == DAMAGED:
                raise self._damage(segment, "the frame is damaged and later segments follow")
            self._check_end(segment)
            segment = self._open(following)
        return self._records[:0]

    def end(self) -> tuple[Path | None, int]:
        """After next_batch() gave nothing: the file where the log ends, and the byte offset of its end in it."""
        return (self._segment.path if self._segment else None, self._line * LINE_BYTES)

    def check_end(self) -> None:
        """After next_batch() gave nothing: raise JournalError when whole frames, which were acknowledged, follow.

        For a journal that nobody writes.
        """
        if self._segment is not None:
            self._check_end(self._segment)

    def torn_bytes(self) -> int:
        """After next_batch() gave nothing: how much stands behind the last whole record.

        For a journal that nobody writes. Raises JournalError when that holds whole frames, which were acknowledged.
        """
        self.check_end()
        if self._segment is None:
            return 0
        assert HEADER_LINES <= self._line <= self._segment.lines, "the end lies behind the header, within the file"
        marks = np.flatnonzero(self._segment.words[self._line * LINE_WORDS :])
        return (int(marks[-1]) + 1) * 8 if len(marks) else 0

    def cut_torn_tail(self) -> int:
        """After next_batch() gave nothing: zero whatever stands behind the last whole record; gives the bytes.

        Raises JournalError, see torn_bytes().
        """
        segment, size = self._segment, self.torn_bytes()
        if segment is None or size == 0:
            return 0
        assert self._line * LINE_BYTES + size <= segment.lines * LINE_BYTES, "nothing is written behind the file's end"
        with segment.path.open("r+b", buffering=0) as file:
            file.seek(self._line * LINE_BYTES)
            write_all(file.fileno(), bytes(size))
            os.fsync(file.fileno())
        return size

    def _following(self) -> Path | None:
        """The file after the one being read."""
        assert self._segment is not None
        name = self._segment.path.name
        return next((path for path in list_segments(self.directory) if path.name > name), None)

    def _open(self, path: Path | None) -> Segment | None:
        """Go on with a file, which must begin where the log so far ends."""
        if path is None:
            return None
        assert self._segment is not None, "there is a file before"
        assert self._segment.path.name < path.name, "the log goes on in a later one"
        segment = Segment(path, whole=True)
        if segment.first_sequence != self.sequence + 1:
            raise JournalError(
                f"{segment.path}: begins with sequence {segment.first_sequence}, but the log so far ends at "
                f"{self.sequence}: a segment is missing; restore it from a backup"
            )
        if segment.beginning.venue != self.venue:
            raise JournalError(
                f"{segment.path}: a segment of another venue ({segment.beginning.venue:016x}, not {self.venue:016x}); "
                f"restore the right file from a backup"
            )
        if segment.beginning.chain != self.chain:
            raise JournalError(
                f"{segment.path}: does not continue the log before it (chain {segment.beginning.chain:08x}, not "
                f"{self.chain:08x}): this file or one before it is from another time; restore them from one backup"
            )
        return self._enter(segment)

    def _enter(self, segment: Segment) -> Segment:
        """From now on read this file."""
        if self._shards is not None and segment.beginning.shards != self._shards:
            raise JournalError(
                f"{segment.path}: written by a venue with {segment.beginning.shards} shards, the configuration says "
                f"{self._shards}; set topology.shards to {segment.beginning.shards}"
            )
        assert segment.first_sequence == self.sequence + 1, "a file is entered where the log so far ends"
        assert segment.lines > HEADER_LINES, "a file has room for frames"
        self.venue = segment.beginning.venue
        self._segment, self._line = segment, HEADER_LINES
        return segment

    def _read(self, segment: Segment, until: int = FAR) -> tuple[int, int]:
        """(number of records now in the buffer, why there are no more)."""
        assert segment is self._segment, "the place is one in this file"
        before = self.sequence
        status, line, expected, chain = read_frames(
            segment.words, self._line, before + 1, self.chain, until, self._words
        )
        assert before <= int(expected) - 1 <= before + BATCH_RECORDS, "a batch fits into the buffer"
        assert self._line <= int(line) <= segment.lines, "reading goes forward, within the file"
        assert int(expected) - 1 - before <= int(line) - self._line, "every record takes up a line"
        assert (status == REACHED) == (int(expected) > until), "the reading ends behind the last one wanted, not before"
        self._line, self.sequence, self.chain = int(line), int(expected) - 1, int(chain)
        return self.sequence - before, int(status)

    def _go_over(self, segment: Segment, until: int) -> int:
        """Go on in the file that the writer has put into this one's place (mending.py); gives the number of records.

        It may not hold yet what has been read here and was not durable: then stay. Later that may be in other frames.
        """
        last, before = self.sequence, (segment, self._line, self.sequence, self.chain)
        other = Segment(segment.path, whole=True)
        assert other.first_sequence == segment.first_sequence, "a file of this name begins with the same record"
        self._segment, self._line, self.sequence, self.chain = other, HEADER_LINES, *other.beginning[:2]
        count = 1
        while count and self.sequence <= last:
            count, _status = self._read(other, until)
        if self.sequence < last:
            self._segment, self._line, self.sequence, self.chain = before
        new = self.sequence - last
        assert 0 <= new <= max(count, 0), "what is new is among what was read"
        self._records[:new] = self._records[count - new : count].copy()
        return new

    def _read_again(self, segment: Segment, until: int) -> int:
        """A frame at the end is not whole: torn, damaged, or being written just now; gives the records it now has."""
        if _next_whole_frame(segment.words, self._line) < 0:
            return 0
        count, _status = self._read(segment, until)
        if not count:
            self._check_end(segment)
        return count

    def _check_end(self, segment: Segment) -> None:
        """Raise JournalError when whole frames stand behind what has been read of a file that nobody writes."""
        assert segment is self._segment, "the place is one in this file"
        later = int(_next_whole_frame(segment.words, self._line))
        assert later < 0 or later >= self._line, "the search goes forward"
        if later >= 0:
            raise self._damage(
                segment, f"the frame is damaged, and a whole frame follows at offset {later * LINE_BYTES}"
            )

    def _damage(self, segment: Segment, what: str) -> JournalError:
        return JournalError(
            f"{segment.path}: at offset {self._line * LINE_BYTES}, sequence {self.sequence + 1}: {what}; "
            f"restore the file from a backup"
        )


def read_to_end(directory: Path, shards: int | None = None, *, after: int | None = None) -> JournalReader:
    """A reader that has gone to the end of the log, from behind sequence `after` or, with None, the last segment on.

    Raises JournalError.
    """
    paths = list_segments(directory)
    if after is None:
        after = Segment(paths[-1]).first_sequence - 1 if paths else 0
    reader = JournalReader(directory, shards, after=after)
    while len(reader.next_batch()):
        pass
    assert reader.sequence >= after or reader.end()[0] is None, "what is there goes as far as the reading began"
    return reader


def last_sequence(directory: Path, shards: int | None = None) -> int:
    """The last sequence number of the log on disk, 0 when there is none. Reads only the last segment.

    For a journal that nobody writes. Raises JournalError.
    """
    reader = read_to_end(directory, shards)
    reader.check_end()
    assert reader.sequence >= 0, "records are numbered from 1"
    return reader.sequence
