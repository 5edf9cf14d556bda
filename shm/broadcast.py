"""One writer, many readers: every reader sees every record.

Records are numbered from 1; record n lives in slot `n & (capacity - 1)`. *Gating* readers hold a position in
the header and the writer never overwrites what they have not read. *Non-gating* readers keep their position
to themselves; the writer claims slots before it overwrites them, so such a reader checks after its copy
whether it was lapped, and then resynchronises.

Header, int64 words:

    word   0  capacity in records, a power of two
    word   1  number of places for gating readers
    word  16  cursor: number of the last published record
    word  32  claimed: the writer may be overwriting slots up to this number
    word  33  limit: the writer's private bound, min(claimed, slowest gating reader + capacity)
    word  34  base: records up to this number were never in this ring (a venue that restarted)
    word  48 + 16 r  gating reader r: position (the last record it has done with)
    word  49 + 16 r  gating reader r: 0 free, 1 active
    word  50 + 16 r  gating reader r: pid of its process
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import numpy as np

from shm.atomics import compare_exchange, fence, load_acquire, store_release
from shm.jit import kernel

READERS_MAX = 80
"""Gating readers that a header has room for; a ring has as many as it was made for."""
_READERS_USUAL = 16
CAPACITY, READERS = 0, 1
CURSOR = 16
CLAIMED, LIMIT, BASE = 32, 33, 34
POSITION, ACTIVE, PID = 48, 49, 50
READER_STRIDE = 16
HEADER_WORDS = POSITION + READER_STRIDE * READERS_MAX
CLAIM_CHUNK = 1024
"""The writer claims this many slots at a time (at most a quarter of the ring)."""

LAPPED = -1
_NO_GATE = 1 << 62


class Broadcast(NamedTuple):
    """A view of a broadcast ring: `header` int64[HEADER_WORDS], `slots` a structured array."""

    header: Any
    slots: Any


def initialise(ring: Broadcast, base: int = 0, readers: int = _READERS_USUAL) -> None:
    """Make an empty ring whose next record is `base + 1`, with places for so many gating readers.

    Raises ValueError for a bad capacity.
    """
    assert 0 < readers <= READERS_MAX, "the header has room for its readers"
    capacity = len(ring.slots)
    if capacity < 8 or capacity & (capacity - 1):
        raise ValueError(f"a broadcast ring's capacity must be a power of two of at least 8, not {capacity}")
    ring.header[:] = 0
    ring.header[CAPACITY] = capacity
    ring.header[READERS] = readers
    assert len(ring.header) == HEADER_WORDS, "the header has a line for every reader"
    assert base >= 0, "records are numbered from 1"
    ring.header[[CURSOR, CLAIMED, LIMIT, BASE]] = base


@kernel
def passable(ring: Broadcast) -> int:
    """The last record for which the gating readers have made room."""
    header = ring.header
    slowest = _NO_GATE
    for reader in range(header[READERS]):
        place = reader * READER_STRIDE
        if load_acquire(header, ACTIVE + place) == 1:
            slowest = min(slowest, load_acquire(header, POSITION + place))
    return slowest + header[CAPACITY]


@kernel
def extend(ring: Broadcast, written: int) -> int:
    """Claim more slots beyond the record `written`; gives how many records the writer may write now.

    0 means that a gating reader has not made room yet: back-pressure. Never more than half a ring is written
    without publishing it, so that a reader that joins at the cursor finds what comes after it.
    """
    header = ring.header
    capacity = header[CAPACITY]
    assert capacity == len(ring.slots), "header and slots are of one ring"
    assert written >= header[CURSOR], "what is published was written before"
    limit = min(passable(ring), written + min(CLAIM_CHUNK, capacity >> 2))
    limit = min(limit, header[CURSOR] + (capacity >> 1))
    if limit > header[LIMIT]:
        store_release(header, CLAIMED, limit)
        fence()  # the claim must be seen before the first overwritten byte
        header[LIMIT] = limit
    assert header[LIMIT] <= header[CLAIMED], "slots are claimed before they are written"
    assert header[LIMIT] - header[CURSOR] <= capacity >> 1, "no more than half a ring is written before it is published"
    return header[LIMIT] - written


@kernel
def writable(ring: Broadcast, written: int) -> int:
    """How many records beyond the record `written` may be written without looking at the readers again."""
    free = ring.header[LIMIT] - written
    if free > 0:
        return free
    return extend(ring, written)


@kernel
def publish(ring: Broadcast, written: int) -> None:
    """Make every record up to the number `written` visible."""
    assert written >= ring.header[CURSOR], "what is published stays published"
    store_release(ring.header, CURSOR, written)


@kernel
def published(ring: Broadcast) -> int:
    """Number of the last published record."""
    return load_acquire(ring.header, CURSOR)


@kernel
def advance(ring: Broadcast, reader: int, position: int) -> None:
    """A gating reader has done with every record up to `position`."""
    assert 0 <= reader < ring.header[READERS], "a place for a gating reader"
    assert position <= ring.header[CURSOR], "a reader is never ahead of the writer"
    store_release(ring.header, POSITION + reader * READER_STRIDE, position)


@kernel
def copy_since(ring: Broadcast, position: int, out: Any) -> int:
    """Copy the records after `position` into `out`; gives how many, or LAPPED when some are gone.

    For non-gating readers, safe against a writer that overwrites meanwhile.
    """
    header = ring.header
    capacity = header[CAPACITY]
    assert capacity == len(ring.slots), "header and slots are of one ring"
    assert position >= 0, "records are numbered from 1"
    cursor = load_acquire(header, CURSOR)
    if position < header[BASE] or load_acquire(header, CLAIMED) - capacity > position:
        return LAPPED
    count = min(len(out), cursor - position)
    for i in range(count):
        out[i] = ring.slots[(position + 1 + i) & (capacity - 1)]
    fence()  # the copy must be complete before the claim is looked at again
    if load_acquire(header, CLAIMED) - capacity > position:
        return LAPPED
    return max(count, 0)


@kernel
def _claim_reader(ring: Broadcast, pid: int) -> int:
    header = ring.header
    assert pid != 0, "0 is a place that is free"
    for reader in range(header[READERS]):
        place = reader * READER_STRIDE
        if compare_exchange(header, PID + place, 0, pid):
            # From the cursor as it is after activation: the writer may have moved in between.
            store_release(header, POSITION + place, load_acquire(header, CURSOR))
            store_release(header, ACTIVE + place, 1)
            fence()
            store_release(header, POSITION + place, load_acquire(header, CURSOR))
            return reader
    return -1


def join(ring: Broadcast) -> tuple[int, int]:
    """Become a gating reader: (reader, position), where position is the last record already gone by.

    Raises RuntimeError when all places are taken.
    """
    reader = _claim_reader(ring, os.getpid())
    if reader < 0:
        raise RuntimeError(f"all {ring.header[READERS]} places for gating readers of this ring are taken")
    position = int(ring.header[POSITION + reader * READER_STRIDE])
    assert position <= int(ring.header[CURSOR]), "a reader begins behind what is published"
    return reader, position


def reserve(ring: Broadcast, reader: int, position: int, *, gates: bool = True) -> None:
    """Take the place of a gating reader for good, whether its process lives or not: the writer never passes it.

    One that does not gate yet only keeps its place.
    """
    assert 0 <= reader < ring.header[READERS], "a place for a gating reader"
    assert position >= 0, "records are numbered from 1"
    place = reader * READER_STRIDE
    assert ring.header[PID + place] <= 0, "who joined a ring keeps its place until it leaves"
    ring.header[POSITION + place] = position
    ring.header[PID + place] = -1
    ring.header[ACTIVE + place] = gates


def places(slots: Any, first: int, last: int) -> Any:
    """The indices of records `first` to `last` in a ring's slots. Not for more records than it has slots."""
    assert 0 <= last - first + 1 <= len(slots), "no more than the ring holds"
    assert first >= 1, "records are numbered from 1"
    return np.arange(first, last + 1) & (len(slots) - 1)


@kernel
def leave(ring: Broadcast, reader: int) -> None:
    """Stop gating the writer; also for a supervisor whose worker, the reader, has died."""
    assert 0 <= reader < ring.header[READERS], "a place for a gating reader"
    place = reader * READER_STRIDE
    store_release(ring.header, ACTIVE + place, 0)
    store_release(ring.header, PID + place, 0)  # last: it gives the place to whoever joins next
