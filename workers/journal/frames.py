"""The journal agent's duty cycle: the log goes from its ring to disk, in frames of whatever has gathered.

A frame is first written and then synced. Only what is synced, at level `memory` what is written, counts: it is what
the word JOURNALED says and for what the log's ring makes room.
"""

from __future__ import annotations

from errno import EIO
from typing import Any, NamedTuple

from shm import broadcast
from shm.atomics import store_release
from shm.broadcast import Broadcast
from shm.clock import monotonic_ns
from shm.crc32c import crc32c
from shm.errno import last_errno
from shm.histogram import record
from shm.jit import kernel
from shm.libc import fdatasync, pwritev
from workers.journal.reader import FRAME_RECORDS_MAX
from workers.journal.segments import COUNT, CRC, FIRST, FRAME_MAGIC, LINE_BYTES, LINE_WORDS, MAGIC
from workers.memory import JOURNALED, READER_JOURNAL

MEMORY, GROUP, EACH = 0, 1, 2
LEVELS = {"memory": MEMORY, "group": GROUP, "each": EACH}

# Words of the agent's private state. Behind what is durable, which is what counts, stands what is only written.
WRITTEN, OFFSET, CHAIN = 0, 1, 2
DURABLE, DURABLE_OFFSET, DURABLE_CHAIN = 3, 4, 5
BYTES, DESCRIPTOR, LEVEL, STATUS, WAITS, ERRNO, SINCE_NS = range(6, 13)
WORDS = 16
OK, ROLL, FAILED = 0, 1, 2
NO_FILE = -1
"""As a DESCRIPTOR."""


class JournalState(NamedTuple):
    """What the duty cycle works on."""

    words: Any  # int64, private: see above. SINCE_NS: when the write under way began (monotonic), 0 without one
    frame: Any  # int64[8], the line before the records
    vector: Any  # int64[4], the iovec array of one frame
    log: Broadcast
    log_words: Any  # the log's slots as int64
    control: Any
    sync_ns: Any  # histogram
    batch: Any  # histogram
    clock: Any


@kernel
def is_held_up(journal: JournalState) -> bool:
    """Whether the writer waits for what only JournalWriter.attend() can do, and has not tried in vain."""
    return journal.words[STATUS] != OK and journal.words[WAITS] == 0


@kernel
def _fail(journal: JournalState, errno: int) -> None:
    words = journal.words
    assert errno > 0, "a failure has a cause"
    assert words[STATUS] != FAILED, "nothing is written or synced after a failure, before it is mended"
    words[ERRNO] = errno
    words[STATUS] = FAILED
    store_release(words, SINCE_NS, 0)


@kernel
def write_frame(journal: JournalState) -> int:
    """Hand the next frame over to the system, if the log has grown; gives the number of records written.

    0 also when the segment is full or a write failed. Nothing counts before sync_frames().
    """
    words = journal.words
    last = broadcast.published(journal.log)
    written = words[WRITTEN]
    if last == written or words[STATUS] != OK:
        return 0
    assert words[DESCRIPTOR] != NO_FILE, "the file is open"
    assert words[OFFSET] % LINE_BYTES == 0, "a frame begins with a line"
    capacity = journal.log.header[broadcast.CAPACITY]
    assert 0 < last - written <= capacity, "the ring holds what is not written yet"
    slot = (written + 1) & (capacity - 1)
    count = min(min(last - written, FRAME_RECORDS_MAX), capacity - slot)
    if words[LEVEL] == EACH:
        count = 1
    count = min(count, (words[BYTES] - words[OFFSET]) // LINE_BYTES - 1)
    if count < 1:
        words[STATUS] = ROLL
        return 0
    assert slot + count <= capacity, "a frame's records lie one behind the other"
    assert journal.log.slots[slot].sequence == written + 1, "the log's sequence grows by one"
    assert journal.log.slots[slot + count - 1].sequence == written + count, "no record of the log is missing"
    store_release(words, SINCE_NS, monotonic_ns(journal.clock))
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
    taken = pwritev(words[DESCRIPTOR], vector.ctypes.data, 2, words[OFFSET])
    if taken != size:
        _fail(journal, last_errno(words[ERRNO:]) if taken < 0 else EIO)
        return 0
    words[OFFSET] += size
    assert words[OFFSET] <= words[BYTES], "the frame lies within its segment"
    words[CHAIN] = crc32c(frame, CRC, 1, words[CHAIN])
    words[WRITTEN] = written + count
    record(journal.batch, count)
    return count


@kernel
def sync_frames(journal: JournalState) -> int:
    """Make what is written as durable as the level asks, and say so; gives the number of records. 0 also on failure."""
    words = journal.words
    written = words[WRITTEN]
    count = written - words[DURABLE]
    assert count >= 0, "only what is written is durable"
    assert words[OFFSET] - words[DURABLE_OFFSET] >= count * LINE_BYTES, "a record takes up a line of the file"
    if count == 0 or words[STATUS] == FAILED:
        return 0
    if words[LEVEL] != MEMORY and fdatasync(words[DESCRIPTOR]) != 0:
        _fail(journal, last_errno(words[ERRNO:]))
        return 0
    place = broadcast.POSITION + broadcast.READER_STRIDE * READER_JOURNAL
    assert journal.log.header[place] < written, "what counts is never taken back, nor told twice"
    words[DURABLE] = written
    words[DURABLE_OFFSET] = words[OFFSET]
    words[DURABLE_CHAIN] = words[CHAIN]
    store_release(journal.control, JOURNALED, written)
    broadcast.advance(journal.log, READER_JOURNAL, written)
    record(journal.sync_ns, monotonic_ns(journal.clock) - words[SINCE_NS])
    store_release(words, SINCE_NS, 0)
    return count


@kernel
def write_journal(journal: JournalState) -> int:
    """The duty cycle: take the next frame to disk, if the log has grown; gives the number of records that count now."""
    write_frame(journal)
    count = sync_frames(journal)
    words = journal.words
    assert words[DURABLE] == words[WRITTEN] or words[STATUS] == FAILED, (
        "a turn leaves nothing half done, unless it fails"
    )
    return count
