"""A small area that one process writes and any number read, each reading whole: a sequence lock.

Header, int64 word 0: version, odd while the writer is at work. Readers copy, and look whether the version
stayed; they never hold the writer up. A writer that dies at work leaves an odd version, which its successor
takes over.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from shm.arena import Arena
from shm.atomics import fence, load_acquire, pause, store_release
from shm.jit import kernel

BUSY = -1
_HEADER_WORDS = 16
_VERSION = 0


class Seqlock(NamedTuple):
    """A view of the area: `header` int64[16], `data` a one-dimensional array of any dtype."""

    header: Any
    data: Any


def lay_out(arena: Arena, dtype: Any, count: int) -> Seqlock:
    """A seqlock over `count` elements of `dtype`; zeroed memory is ready for use."""
    assert count > 0, "an area with something in it"
    return Seqlock(arena.array(np.int64, _HEADER_WORDS), arena.array(dtype, count))


@kernel
def write_begin(lock: Seqlock) -> None:
    """From here to `write_end` the writer may change `data`."""
    store_release(lock.header, _VERSION, lock.header[_VERSION] | 1)
    fence()  # the odd version must be seen before the first changed byte


@kernel
def write_end(lock: Seqlock) -> None:
    """Show what was written."""
    assert lock.header[_VERSION] & 1 == 1, "a write that ends has begun"
    store_release(lock.header, _VERSION, lock.header[_VERSION] + 1)


@kernel
def read(lock: Seqlock, out: Any, attempts: int) -> int:
    """Copy `data` whole into `out` (same dtype and length); gives its version, or BUSY after `attempts` failures.

    Versions are even, grow with every write, and are 0 before the first.
    """
    assert len(out) <= len(lock.data), "no more is read than there is"
    assert attempts > 0, "who never looks finds the writer always busy"
    for _ in range(attempts):
        before = load_acquire(lock.header, _VERSION)
        if before & 1 == 0:
            for i in range(len(out)):
                out[i] = lock.data[i]
            fence()  # the copy must be complete before the version is looked at again
            if load_acquire(lock.header, _VERSION) == before:
                return before
        pause()
    return BUSY
