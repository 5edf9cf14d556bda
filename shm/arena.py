"""Carving numpy arrays out of one block of memory, at aligned offsets.

A *layout* is a function that takes an Arena, asks it for arrays, and gives them back in any shape it likes
(usually a NamedTuple). The same function measures itself (`sizeof`), lays itself out in a shared segment
(`segment.arena()`), and in private memory (`allocate`): tests and replicas use exactly the arrays of the venue.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from shm.jit import JIT_DISABLED

ALIGNMENT = 128
"""Bytes: two cache lines, because the adjacent-line prefetcher couples pairs."""

_Laid = TypeVar("_Laid")


def aligned(size: int) -> int:
    """`size` in bytes, rounded up to the next multiple of ALIGNMENT."""
    assert size >= 0, "no array has less than no bytes"
    rounded = -(-size // ALIGNMENT) * ALIGNMENT
    assert 0 <= rounded - size < ALIGNMENT, "rounded up, and by less than one alignment"
    return rounded


class Record(np.record):  # type: ignore[misc]
    """A record whose fields go before numpy's own attributes: a recarray's `flags` would hide the field."""

    def __getattribute__(self, name: str) -> Any:
        fields = np.void.__getattribute__(self, "dtype").fields
        if fields is not None and name in fields:
            return self.getfield(*fields[name][:2])
        return np.void.__getattribute__(self, name)


def as_records(array: np.ndarray[Any, Any]) -> Any:
    """`array` such that `array[i].field` works also without the JIT, when it is structured."""
    if not JIT_DISABLED or array.dtype.names is None:
        return array
    plain = array.view(np.ndarray)
    return plain.view(np.dtype((Record, plain.dtype)))


def read_as(array: Any, dtype: Any) -> Any:
    """The memory of a structured array, or what a measuring arena gave for one, as elements of another dtype."""
    plain, dtype = array.view(np.ndarray), np.dtype(dtype)
    assert plain.ndim == 1, "the elements lie one behind the other"
    assert len(plain) * plain.itemsize % dtype.itemsize == 0, "the memory holds whole elements of the other dtype"
    if plain.strides == (0,):
        return _not_connected(dtype, len(plain) * plain.itemsize // dtype.itemsize)
    return as_records(plain.view(dtype))


def _not_connected(dtype: Any, count: int) -> Any:
    """An array whose elements are all the same one, so that it takes no memory, whatever its length."""
    assert count >= 0, "no array has less than no elements"
    return as_records(np.lib.stride_tricks.as_strided(np.zeros(1, dtype), (count,), (0,)))


class Arena:
    """Hands out consecutive arrays of `buffer`; without a buffer it only measures.

    A measuring arena gives zeroed arrays of the right length that are not connected to anything.
    """

    def __init__(self, buffer: Any = None) -> None:
        self._bytes = None if buffer is None else np.frombuffer(buffer, np.uint8)
        self._used = 0

    @property
    def used(self) -> int:
        """Bytes handed out so far, with the padding between arrays."""
        return self._used

    def array(self, dtype: Any, count: int) -> Any:
        """The next `count` elements of `dtype`, one-dimensional. Raises ValueError when the buffer is too small."""
        if count < 0:
            raise ValueError(f"an array cannot have {count} elements")
        dtype = np.dtype(dtype)
        start = self._used
        assert start % ALIGNMENT == 0, "arrays begin with a cache line"
        size = dtype.itemsize * count
        if self._bytes is None:
            self._used = start + aligned(size)
            return _not_connected(dtype, count)
        if start + size > len(self._bytes):
            raise ValueError(f"the arena has {len(self._bytes)} bytes, {start + size} are needed for this layout")
        self._used = start + aligned(size)
        return as_records(self._bytes[start : start + size].view(dtype))


def sizeof(layout: Callable[[Arena], object]) -> int:
    """How many bytes `layout` needs."""
    arena = Arena()
    layout(arena)
    assert arena.used % ALIGNMENT == 0, "layouts follow one another at aligned offsets"
    return arena.used


def allocate(layout: Callable[[Arena], _Laid]) -> _Laid:
    """`layout` in zeroed private memory, aligned as it is in a segment."""
    size = sizeof(layout)
    memory = np.zeros(size + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    arena = Arena(memory[start : start + size])
    laid_out = layout(arena)
    assert arena.used == size, "a layout takes as much memory as it measured"
    return laid_out


def new_array(dtype: Any, count: int) -> Any:
    """One zeroed private array of `count` elements, aligned, usable by kernels with and without the JIT."""
    return allocate(lambda arena: arena.array(dtype, count))
