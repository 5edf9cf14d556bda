"""Counters that any process on the host can read while their owners write them.

A table of fixed capacity: names and kinds on one side, values on the other, each value on a 128-byte line pair
of its own, so that counters of different workers never share a line. Value i is word `16 * i` of `values`.
A counter has one writer, for which `values[16 * i] += 1` is enough; with more, use `fetch_add`.

Header, int64 words: 0 capacity, 1 counters claimed so far. A claimed counter is visible once its kind is not 0.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np

from shm.arena import Arena
from shm.atomics import compare_exchange, load_acquire, store_release
from shm.jit import kernel

STRIDE = 16
"""Words from one value to the next."""

NAME_BYTES_MAX = 96
_HEADER_WORDS = 16
_CAPACITY, _CLAIMED = 0, 1


class CounterKind(IntEnum):
    """How a counter's value is to be read."""

    COUNTER = 1  # only grows
    GAUGE = 2  # what is at the moment
    TIME = 3  # nanoseconds


@kernel
def _claim(header: Any) -> int:
    """The index of a free place, which is then the caller's; -1 when there is none."""
    while True:
        claimed = load_acquire(header, _CLAIMED)
        if claimed >= header[_CAPACITY]:
            return -1
        if compare_exchange(header, _CLAIMED, claimed, claimed + 1):
            return claimed


@kernel
def _show(kinds: Any, index: int, kind: int) -> None:
    """Make a claimed counter visible; its name was written before."""
    assert kind > 0, "a kind of 0 would leave it invisible"
    store_release(kinds, index, kind)


class Counters:
    """A table of counters; `values` is the int64 array that kernels write."""

    def __init__(self, arena: Arena, capacity: int, header: Any) -> None:
        assert header[_CAPACITY] == capacity, "whoever attaches finds as many places"
        self._header = header
        self._kinds = arena.array(np.int64, capacity)
        self._names = arena.array(f"S{NAME_BYTES_MAX}", capacity)
        self.values = arena.array(np.int64, capacity * STRIDE)

    @classmethod
    def create(cls, arena: Arena, capacity: int) -> Counters:
        """A table for `capacity` counters in zeroed memory, or the same table again where it was created before."""
        if capacity <= 0:
            raise ValueError(f"a table of counters needs a capacity above zero, not {capacity}")
        header = arena.array(np.int64, _HEADER_WORDS)
        if header[_CAPACITY] not in (0, capacity):
            raise ValueError(f"the table of counters was made for {header[_CAPACITY]}, not for {capacity}")
        header[_CAPACITY] = capacity
        return cls(arena, capacity, header)

    @classmethod
    def attach(cls, arena: Arena) -> Counters:
        """A table made elsewhere, whose capacity it tells itself. Raises ValueError when there is none."""
        header = arena.array(np.int64, _HEADER_WORDS)
        if header[_CAPACITY] <= 0:
            raise ValueError("there is no table of counters here")
        return cls(arena, int(header[_CAPACITY]), header)

    def __len__(self) -> int:
        claimed = int(self._header[_CLAIMED])
        assert 0 <= claimed <= len(self._kinds), "no more counters are claimed than there are places"
        return claimed

    def allocate(self, name: str, kind: CounterKind = CounterKind.COUNTER) -> int:
        """The index of the counter `name`: a new one at zero, or the one it had before its worker restarted.

        Raises ValueError when the name is empty, too long or of another kind, RuntimeError when the table is full.
        """
        encoded = name.encode()
        if not encoded or len(encoded) > NAME_BYTES_MAX or b"\0" in encoded:
            raise ValueError(f"a counter's name has 1 to {NAME_BYTES_MAX} bytes and no NUL, not {name!r}")
        known = self.find(name)
        if known is not None:
            if self.kind(known) != kind:
                raise ValueError(f"counter {name!r} exists as a {self.kind(known).name}, not as a {kind.name}")
            return known
        index = int(_claim(self._header))
        if index < 0:
            raise RuntimeError(f"the table of {len(self._kinds)} counters is full: no place for {name!r}")
        assert index < len(self._kinds), "a place of the table"
        assert self._kinds[index] == 0, "a place that was just claimed is not visible yet"
        self._names[index] = encoded
        _show(self._kinds, index, int(kind))
        return index

    def find(self, name: str) -> int | None:
        """The index of the counter `name`, None when there is no such counter."""
        count = len(self)
        places = np.flatnonzero((self._names[:count] == name.encode()) & (self._kinds[:count] != 0))
        return int(places[0]) if len(places) else None

    def kind(self, index: int) -> CounterKind:
        """How the counter's value is to be read."""
        assert 0 <= index < len(self), "a counter that was allocated"
        return CounterKind(int(self._kinds[index]))

    def value(self, index: int) -> int:
        """What the counter says now."""
        assert 0 <= index < len(self), "a counter that was allocated"
        return int(self.values[index * STRIDE])

    def snapshot(self) -> dict[str, int]:
        """Every counter's value by name, in order of allocation; not one instant: values move while it reads."""
        count = len(self)
        return {self._names[index].decode(): self.value(index) for index in range(count) if self._kinds[index] != 0}
