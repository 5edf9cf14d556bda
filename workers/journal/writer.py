"""The journal's files as their writer sees them: opened at their end, one after the other, and mended.

A disk that fails does not end the writer. What was not durable is still in the log's ring, which the journal gates: the
segment is written anew without it (see mending.py), and as soon as that works the log goes on from there.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from errno import EIO
from pathlib import Path
from typing import Any

import numpy as np

from shm import broadcast
from shm.arena import new_array
from workers.journal import frames
from workers.journal.frames import (
    BYTES,
    CHAIN,
    DESCRIPTOR,
    DURABLE,
    DURABLE_CHAIN,
    DURABLE_OFFSET,
    ERRNO,
    FAILED,
    LEVEL,
    LEVELS,
    MEMORY,
    NO_FILE,
    OFFSET,
    OK,
    ROLL,
    SINCE_NS,
    STATUS,
    WAITS,
    WRITTEN,
    JournalState,
)
from workers.journal.mending import rewrite
from workers.journal.reader import read_to_end
from workers.journal.segments import (
    HEADER_LINES,
    LINE_BYTES,
    LINE_WORDS,
    SPARE,
    Beginning,
    JournalError,
    Segment,
    create_segment,
    new_venue_id,
    sync_directory,
    sync_segments,
)
from workers.journal.trouble import WRITING, Trouble
from workers.memory import JOURNAL_TROUBLE, JOURNALED, READER_JOURNAL, VenueMemory

_PART_BYTES = 1 << 20
RETRY_NS = 1_000_000_000
"""From one attempt to get the better of a failing disk to the next."""


def _write_again(path: Path, end: int) -> None:
    """Write what a file holds before byte `end` over itself.

    A sync by a writer that is gone may have failed: the system then keeps pages as if they were on disk, and says so
    the next time that it is asked to sync.
    """
    assert end % LINE_BYTES == 0, "frames end with a line"
    assert end >= HEADER_LINES * LINE_BYTES, "the header goes with the frames"
    descriptor = os.open(path, os.O_RDWR)
    try:
        for start in range(0, end, _PART_BYTES):
            part = memoryview(os.pread(descriptor, min(_PART_BYTES, end - start), start))
            while len(part):
                written = os.pwrite(descriptor, part, start)
                part, start = part[written:], start + written
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
        assert segment_bytes % LINE_BYTES == 0, "a segment is made of whole lines"
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._segment_bytes = segment_bytes
        for unfinished in (*directory.glob("*.new"), directory / SPARE):
            unfinished.unlink(missing_ok=True)
        reader = read_to_end(directory, memory.sizes.shards, after=after)
        assert reader.sequence >= after, "the end does not lie before what was not looked at"
        self._check_log(memory, reader.sequence)  # or what is cut as torn might be what was acknowledged
        self.torn_bytes = reader.cut_torn_tail()
        """Bytes of a half-written frame that were cut off: never acknowledged."""
        path, offset = reader.end()
        words = np.zeros(frames.WORDS, np.int64)
        words[WRITTEN] = reader.sequence
        words[CHAIN] = reader.chain
        words[LEVEL] = LEVELS[level]
        words[DESCRIPTOR] = NO_FILE
        self.state = JournalState(
            words,
            new_array(np.int64, LINE_WORDS),
            new_array(np.int64, 4),
            memory.log,
            memory.log.slots.view(np.ndarray).view(np.int64),
            memory.control,
            memory.journal_sync,
            memory.journal_batch,
            clock,
        )
        if path is None:
            assert reader.sequence == 0, "a journal without files is empty"
            beginning = Beginning(reader.sequence, reader.chain, new_venue_id(), memory.sizes.shards)
            path = create_segment(directory, beginning, segment_bytes)
            offset = HEADER_LINES * LINE_BYTES
        self._open(path, offset)
        self.retry_ns = RETRY_NS
        self._next_try_ns = 0
        if memory.control[JOURNAL_TROUBLE] > 0:
            self._mend()  # the writer before died with a failed write: what can be read may not be on disk
        if words[LEVEL] != MEMORY:
            # A writer before may have died between its write and its sync, or between a file's name and the sync of
            # its directory, or may have had no wish to sync.
            _write_again(path, offset)
            sync_segments(directory)
            sync_directory(directory.parent)
        assert self.written == reader.sequence, "all that was found counts, and nothing else"
        self.trouble = Trouble(memory)
        memory.control[JOURNALED] = reader.sequence
        broadcast.advance(memory.log, READER_JOURNAL, reader.sequence)

    def _check_log(self, memory: VenueMemory, end: int) -> None:
        """Raise JournalError unless the journal's end is where the log in memory can go on."""
        place = READER_JOURNAL * broadcast.READER_STRIDE + broadcast.POSITION
        known, last = int(memory.log.header[place]), int(broadcast.published(memory.log))
        assert known <= last, "no reader of the log is ahead of its writer"
        if not known <= end <= last:
            raise JournalError(
                f"{self._directory}: the journal ends at sequence {end}, but the running venue had journaled {known} "
                f"and logged {last}: its files were changed or exchanged; stop the venue and restore them from a backup"
            )

    @property
    def written(self) -> int:
        """The last log sequence that is as durable as the level asks."""
        return int(self.state.words[DURABLE])

    def _open(self, path: Path, offset: int) -> None:
        """Go on at `offset` of a file that holds all that is written, and nothing behind it."""
        words = self.state.words
        self._segment = Segment(path)
        before, words[DESCRIPTOR] = int(words[DESCRIPTOR]), os.open(path, os.O_RDWR)
        assert words[DESCRIPTOR] != before, "the file before is still open"
        words[BYTES] = self._segment.lines * LINE_BYTES
        assert HEADER_LINES * LINE_BYTES <= offset <= words[BYTES], "the journal goes on within the file"
        assert offset % LINE_BYTES == 0, "frames end with a line"
        assert self._segment.first_sequence <= words[WRITTEN] + 1, "the file holds what is written last"
        words[OFFSET] = offset
        words[DURABLE : DURABLE_CHAIN + 1] = words[WRITTEN : CHAIN + 1]
        if before != NO_FILE:
            with suppress(OSError):  # all that it holds and that counts is durable, or in another file
                os.close(before)

    def write(self) -> int:
        """Take the next frame to disk, outside the duty cycle; gives the number of records. Raises JournalError."""
        before = self.written
        count = int(frames.write_journal(self.state))
        assert self.written == before + count, "what counts has grown by what is told"
        self.attend()
        assert self.written <= broadcast.published(self.state.log), "the journal is never ahead of the log"
        return count

    def attend(self) -> None:
        """Do what the duty cycle cannot: begin the next segment, or write this one anew because its disk has failed.

        What fails is tried again in a later call, after a pause. Raises JournalError when what was acknowledged is
        damaged.
        """
        words = self.state.words
        assert words[WAITS] == 0 or words[STATUS] != OK, "only a writer that cannot go on waits"
        if words[STATUS] == ROLL:
            frames.write_journal(self.state)  # of a full segment only what is written and not yet synced
        if words[STATUS] == OK:
            return
        if words[STATUS] == FAILED:
            self.trouble.begin(WRITING, int(words[ERRNO]))
        now_ns = time.monotonic_ns()
        if now_ns < self._next_try_ns:
            words[WAITS] = 1
            return
        words[SINCE_NS] = now_ns
        try:
            self._mend() if words[STATUS] == FAILED else self._begin_next()
        except OSError as error:
            words[WAITS] = 1
            self._next_try_ns = time.monotonic_ns() + self.retry_ns
            self.trouble.begin(WRITING, error.errno or EIO)
        else:
            assert words[WRITTEN] == words[DURABLE], "what did not count will be written again"
            words[STATUS] = OK
            words[WAITS] = 0
            self.trouble.end(WRITING)
        finally:
            words[SINCE_NS] = 0

    def _begin_next(self) -> None:
        """Go on in a new segment."""
        words = self.state.words
        assert words[WRITTEN] == words[DURABLE], "all of the full segment is durable"
        assert words[BYTES] - words[OFFSET] < 2 * LINE_BYTES, "a segment is left when not one record fits any more"
        beginning = self._segment.beginning._replace(sequence=self.written, chain=int(words[CHAIN]))
        path = create_segment(self._directory, beginning, self._segment_bytes)
        self._open(path, HEADER_LINES * LINE_BYTES)

    def _mend(self) -> None:
        """Go on behind what is durable, in a file that holds that and nothing else."""
        # Also when it works: a disk that fails at every write shall not be asked without a pause.
        self._next_try_ns = time.monotonic_ns() + self.retry_ns
        words = self.state.words
        offset, chain = int(words[DURABLE_OFFSET]), int(words[DURABLE_CHAIN])
        assert words[DURABLE] <= words[WRITTEN], "only what is written is durable"
        assert offset <= words[OFFSET], "what is durable stands before what is only written"
        rewrite(self._segment, offset, self.written, chain)
        words[WRITTEN], words[CHAIN] = self.written, chain
        self._open(self._segment.path, offset)

    def close(self) -> None:
        """Make durable what is written, and close the file. That it cannot is told, as any trouble."""
        descriptor = int(self.state.words[DESCRIPTOR])
        assert descriptor != NO_FILE, "a writer is closed once"
        try:
            os.fsync(descriptor)
            sync_directory(self._directory)
        except OSError as error:
            self.trouble.begin(WRITING, error.errno or EIO)
        finally:
            os.close(descriptor)
            self.state.words[DESCRIPTOR] = NO_FILE
