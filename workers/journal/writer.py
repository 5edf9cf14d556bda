"""The journal agent: copies the log from its ring to disk, in frames of whatever has gathered."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from shm import broadcast
from shm.arena import new_array
from shm.atomics import store_release
from shm.broadcast import Broadcast
from shm.clock import monotonic_ns
from shm.crc32c import crc32c
from shm.histogram import record
from shm.jit import kernel
from shm.libc import fdatasync, pwritev
from workers.journal.reader import FRAME_RECORDS_MAX, read_to_end
from workers.journal.segments import (
    COUNT,
    CRC,
    FIRST,
    FRAME_MAGIC,
    HEADER_LINES,
    LINE_BYTES,
    LINE_WORDS,
    MAGIC,
    Beginning,
    JournalError,
    create_segment,
    list_segments,
    new_venue_id,
    sync_directory,
)
from workers.memory import JOURNALED, READER_JOURNAL, VenueMemory

MEMORY, GROUP, EACH = 0, 1, 2
LEVELS = {"memory": MEMORY, "group": GROUP, "each": EACH}

# Words of the agent's private state.
_WRITTEN, _OFFSET, _BYTES, _DESCRIPTOR, _LEVEL, _STATUS, _CHAIN = range(7)
OK, ROLL, ERROR = 0, 1, 2


class JournalState(NamedTuple):
    """What the duty cycle works on."""

    words: Any  # int64, private: see above
    frame: Any  # int64[8], the line before the records
    vector: Any  # int64[4], the iovec array of one frame
    log: Broadcast
    log_words: Any  # the log's slots as int64
    control: Any
    sync_ns: Any  # histogram
    clock: Any


@kernel
def status(journal: JournalState) -> int:
    """OK, ROLL when the segment is full, ERROR when the last write failed."""
    return journal.words[_STATUS]


@kernel
def write_journal(journal: JournalState) -> int:
    """Write the next frame, if the log has grown, and say so; gives the number of records written.

    0 also when the segment is full or a write failed: see status().
    """
    words = journal.words
    last = broadcast.published(journal.log)
    written = words[_WRITTEN]
    if last == written or words[_STATUS] != OK:
        return 0
    capacity = journal.log.header[broadcast.CAPACITY]
    slot = (written + 1) & (capacity - 1)
    count = min(min(last - written, FRAME_RECORDS_MAX), capacity - slot)
    if words[_LEVEL] == EACH:
        count = 1
    count = min(count, (words[_BYTES] - words[_OFFSET]) // LINE_BYTES - 1)
    if count < 1:
        words[_STATUS] = ROLL
        return 0
    started = monotonic_ns(journal.clock)
    frame = journal.frame
    frame[MAGIC] = FRAME_MAGIC
    frame[FIRST] = written + 1
    frame[COUNT] = count
    crc = crc32c(frame, FIRST, 2, 0)
    frame[CRC] = crc32c(journal.log_words, slot * LINE_WORDS, count * LINE_WORDS, crc)
    vector = journal.vector
    vector[0] = frame.ctypes.data
    vector[1] = LINE_BYTES
    vector[2] = journal.log_words.ctypes.data + slot * LINE_BYTES
    vector[3] = count * LINE_BYTES
    size = (count + 1) * LINE_BYTES
    if pwritev(words[_DESCRIPTOR], vector.ctypes.data, 2, words[_OFFSET]) != size:
        words[_STATUS] = ERROR
        return 0
    if words[_LEVEL] != MEMORY and fdatasync(words[_DESCRIPTOR]) != 0:
        words[_STATUS] = ERROR
        return 0
    words[_OFFSET] += size
    words[_CHAIN] = crc32c(frame, CRC, 1, words[_CHAIN])
    words[_WRITTEN] = written + count
    store_release(journal.control, JOURNALED, written + count)
    broadcast.advance(journal.log, READER_JOURNAL, written + count)
    record(journal.sync_ns, monotonic_ns(journal.clock) - started)
    return count


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)


class JournalWriter:
    """Owns the files; `state` is what the duty cycle writes with."""

    def __init__(
        self, directory: Path, memory: VenueMemory, level: str, segment_bytes: int, clock: Any, *, after: int = 0
    ) -> None:
        """Open the journal at its end, cutting a torn tail. Raises JournalError and OSError.

        What stands before sequence `after`, which a frame ends with, is not looked at.
        """
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._segment_bytes = segment_bytes
        for unfinished in directory.glob("*.new"):
            unfinished.unlink()
        reader = read_to_end(directory, memory.sizes.shards, after=after)
        self.torn_bytes = reader.cut_torn_tail()
        """Bytes of a half-written frame that were cut off: never acknowledged."""
        self._check_log(memory, reader.sequence)
        path, offset = reader.end()
        words = np.zeros(8, np.int64)
        words[_WRITTEN] = reader.sequence
        words[_CHAIN] = reader.chain
        self._beginning = Beginning(reader.sequence, reader.chain, reader.venue or new_venue_id(), memory.sizes.shards)
        words[_LEVEL] = LEVELS[level]
        self.state = JournalState(
            words,
            new_array(np.int64, LINE_WORDS),
            new_array(np.int64, 4),
            memory.log,
            memory.log.slots.view(np.ndarray).view(np.int64),
            memory.control,
            memory.journal_sync,
            clock,
        )
        if path is None:
            path = create_segment(directory, self._beginning, segment_bytes)
            offset = HEADER_LINES * LINE_BYTES
        self._open(path, offset)
        if words[_LEVEL] != MEMORY:
            # A writer before may have died between its write and its sync, or may have had no wish to sync.
            for segment in list_segments(directory):
                _sync(segment)
        memory.control[JOURNALED] = reader.sequence
        broadcast.advance(memory.log, READER_JOURNAL, reader.sequence)

    def _check_log(self, memory: VenueMemory, end: int) -> None:
        """Raise JournalError unless the journal's end is where the log in memory can go on."""
        place = READER_JOURNAL * broadcast.READER_STRIDE + broadcast.POSITION
        known, last = int(memory.log.header[place]), int(broadcast.published(memory.log))
        if not known <= end <= last:
            raise JournalError(
                f"{self._directory}: the journal ends at sequence {end}, but the running venue had journaled {known} "
                f"and logged {last}: its files were changed or exchanged; stop the venue and restore them from a backup"
            )

    @property
    def written(self) -> int:
        """The last log sequence on disk."""
        return int(self.state.words[_WRITTEN])

    def _open(self, path: Path, offset: int) -> None:
        words = self.state.words
        if words[_DESCRIPTOR]:
            os.close(int(words[_DESCRIPTOR]))
        words[_DESCRIPTOR] = os.open(path, os.O_RDWR)
        words[_OFFSET] = offset
        words[_BYTES] = os.fstat(int(words[_DESCRIPTOR])).st_size

    def write(self) -> int:
        """Take the next frame to disk, outside the duty cycle; gives the number of records. Raises OSError."""
        count = int(write_journal(self.state))
        self.attend()
        return count

    def attend(self) -> None:
        """Do what the duty cycle cannot: begin the next segment. Raises OSError for a failed write."""
        words = self.state.words
        if words[_STATUS] == ERROR:
            raise OSError(f"writing or syncing the journal at offset {words[_OFFSET]} of {self._directory} failed")
        if words[_STATUS] == ROLL:
            beginning = self._beginning._replace(sequence=self.written, chain=int(words[_CHAIN]))
            path = create_segment(self._directory, beginning, self._segment_bytes)
            self._open(path, HEADER_LINES * LINE_BYTES)
            words[_STATUS] = OK

    def close(self) -> None:
        """Make everything durable and close the file."""
        os.fsync(int(self.state.words[_DESCRIPTOR]))
        os.close(int(self.state.words[_DESCRIPTOR]))
        self.state.words[_DESCRIPTOR] = 0
        sync_directory(self._directory)
