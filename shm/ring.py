"""Single-producer, single-consumer ring of fixed-size records: no locks, no compare-exchange.

Header, int64 words; each cursor has a 128-byte line pair of its own, so that neither side's writes disturb
the other's line (the adjacent-line prefetcher couples pairs):

    word   0  capacity in records, a power of two
    word   1  pid of the process that produces, 0 when the ring is free to be claimed
    word  16  tail: records ever published      (written by the producer)
    word  17  the producer's copy of head       (read again only when the ring looks full)
    word  32  head: records ever released       (written by the consumer)
    word  33  the consumer's copy of tail       (read again only when the ring looks empty)

Record number n (from 0) lives in slot `n & (capacity - 1)` and becomes visible with the release store of
tail, so a producer that dies half way leaves nothing torn.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from shm.atomics import load_acquire, store_release
from shm.jit import kernel

HEADER_WORDS = 48
CAPACITY, PRODUCER_PID = 0, 1
TAIL, CACHED_HEAD = 16, 17
HEAD, CACHED_TAIL = 32, 33


class Ring(NamedTuple):
    """A view of a ring: `header` int64[HEADER_WORDS], `slots` a structured array of capacity records."""

    header: Any
    slots: Any


def initialise(ring: Ring) -> None:
    """Make an empty ring out of zeroed memory. Raises ValueError when the capacity is no power of two."""
    capacity = len(ring.slots)
    if capacity < 2 or capacity & (capacity - 1):
        raise ValueError(f"a ring's capacity must be a power of two, not {capacity}")
    ring.header[:] = 0
    ring.header[CAPACITY] = capacity
    assert len(ring.header) == HEADER_WORDS, "each cursor has its own lines"


@kernel
def writable(ring: Ring, wanted: int) -> int:
    """How many records the producer may write now; looks at the consumer's cursor only if below `wanted`."""
    header = ring.header
    tail = header[TAIL]
    free = header[CAPACITY] - (tail - header[CACHED_HEAD])
    if free < wanted:
        head = load_acquire(header, HEAD)
        assert head >= header[CACHED_HEAD], "the consumer never goes back"
        header[CACHED_HEAD] = head
        free = header[CAPACITY] - (tail - head)
    assert 0 <= free <= header[CAPACITY], "the producer is never more than a ring ahead of the consumer, nor behind it"
    return free


@kernel
def publish(ring: Ring, count: int) -> None:
    """Make the next `count` records, already written to their slots, visible to the consumer."""
    tail = ring.header[TAIL] + count
    assert count >= 0, "the tail never goes back"
    assert tail - load_acquire(ring.header, HEAD) <= ring.header[CAPACITY], (
        "no record that was not released is overwritten"
    )
    store_release(ring.header, TAIL, tail)


@kernel
def readable(ring: Ring, wanted: int) -> int:
    """How many records the consumer may read now; looks at the producer's cursor only if below `wanted`."""
    header = ring.header
    head = header[HEAD]
    ready = header[CACHED_TAIL] - head
    if ready < wanted:
        tail = load_acquire(header, TAIL)
        assert tail >= header[CACHED_TAIL], "the producer never goes back"
        header[CACHED_TAIL] = tail
        ready = tail - head
    assert 0 <= ready <= header[CAPACITY], "the consumer is never ahead of the producer, nor more than a ring behind it"
    return ready


@kernel
def release(ring: Ring, count: int) -> None:
    """Give the slots of the next `count` records back to the producer."""
    head = ring.header[HEAD] + count
    assert count >= 0, "the head never goes back"
    assert head <= ring.header[CACHED_TAIL], "only what was published is released"
    store_release(ring.header, HEAD, head)


@kernel
def push(ring: Ring, records: Any) -> int:
    """Copy as many of `records` (same dtype) as fit into the ring and publish them; gives how many."""
    count = min(len(records), writable(ring, len(records)))
    mask = ring.header[CAPACITY] - 1
    assert mask == len(ring.slots) - 1, "header and slots are of one ring"
    tail = ring.header[TAIL]
    for i in range(count):
        ring.slots[(tail + i) & mask] = records[i]
    publish(ring, count)
    return count


@kernel
def pop(ring: Ring, out: Any) -> int:
    """Copy up to `len(out)` records out of the ring and release them; gives how many."""
    count = min(len(out), readable(ring, 1))
    mask = ring.header[CAPACITY] - 1
    assert mask == len(ring.slots) - 1, "header and slots are of one ring"
    head = ring.header[HEAD]
    for i in range(count):
        out[i] = ring.slots[(head + i) & mask]
    release(ring, count)
    return count
