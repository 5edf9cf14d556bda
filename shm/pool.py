"""A pool of slot numbers 1 to capacity - 1, for the rows of preallocated arrays. Slot 0 is the null link.

Header, int64 words:

    word 0  capacity, slot 0 included
    word 1  freed: given-back slots on the stack `free`, handed out again last in, first out
    word 2  fresh: lowest slot that was never handed out
    word 3  refused: how often `take` found nothing

Slots that were never needed stay untouched memory. One process owns a pool; equal calls give equal slots.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from shm.arena import Arena
from shm.jit import kernel

CAPACITY, FREED, FRESH, REFUSED = 0, 1, 2, 3
_HEADER_WORDS = 16


class Pool(NamedTuple):
    """A view of a pool: `header` int64[16], `free` uint32[capacity]."""

    header: Any
    free: Any


def lay_out(arena: Arena, capacity: int) -> Pool:
    """The memory of a pool of `capacity` slots, slot 0 included; `initialise` makes it usable."""
    assert capacity > 0, "slot 0 is there"
    return Pool(arena.array(np.int64, _HEADER_WORDS), arena.array(np.uint32, capacity))


def initialise(pool: Pool) -> None:
    """Make every slot free. Raises ValueError when there is none beside slot 0, or more than 2**32."""
    capacity = len(pool.free)
    if not 2 <= capacity <= 1 << 32:
        raise ValueError(f"a pool needs a capacity of 2 to 2**32, not {capacity}")
    pool.header[:] = 0
    pool.header[CAPACITY] = capacity
    pool.header[FRESH] = 1
    assert available(pool) == capacity - 1, "every slot but 0 can be taken"
    assert in_use(pool) == 0, "no slot of a new pool is in use"


@kernel
def take(pool: Pool) -> int:
    """A free slot, which is then in use; 0 when the pool is exhausted."""
    header = pool.header
    freed = header[FREED]
    if freed > 0:
        header[FREED] = freed - 1
        slot: Any = np.int64(pool.free[freed - 1])  # unsigned, it would turn later arithmetic into floats
        assert 0 < slot < header[FRESH], "what goes out again was out before"
        return slot
    fresh = header[FRESH]
    if fresh < header[CAPACITY]:
        header[FRESH] = fresh + 1
        return fresh
    header[REFUSED] += 1
    return 0


@kernel
def give(pool: Pool, slot: int) -> None:
    """Put a slot in use back; giving one back twice is an error that only `check` finds."""
    freed = pool.header[FREED]
    assert 0 < slot < pool.header[FRESH], "what comes back was handed out"
    assert freed + 1 < pool.header[FRESH], "no more is given back than was handed out"
    pool.free[freed] = slot
    pool.header[FREED] = freed + 1


@kernel
def in_use(pool: Pool) -> int:
    """How many slots are in use."""
    return pool.header[FRESH] - 1 - pool.header[FREED]


@kernel
def available(pool: Pool) -> int:
    """How many slots `take` can still give."""
    return pool.header[CAPACITY] - pool.header[FRESH] + pool.header[FREED]


def check(pool: Pool, used: Iterable[int]) -> None:
    """Check that free slots and those in `used` are disjoint and are all there are. Raises AssertionError."""
    fresh, freed = int(pool.header[FRESH]), int(pool.header[FREED])
    assert 0 <= freed < fresh <= len(pool.free), "no more slots are free again than were ever handed out"
    free = np.array(pool.free[:freed], np.int64)
    taken = np.array(list(used), np.int64)
    both = np.concatenate([free, taken])
    assert len(np.unique(free)) == len(free), "a slot is twice in the free list"
    assert len(np.unique(taken)) == len(taken), "a slot is twice in use"
    assert not len(np.intersect1d(free, taken)), f"slots both free and in use: {np.intersect1d(free, taken)[:10]}"
    assert bool(np.all((both >= 1) & (both < fresh))), "a slot outside of those ever handed out"
    assert len(both) == fresh - 1, f"{fresh - 1 - len(both)} slots are neither free nor in use"
