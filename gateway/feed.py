"""Events out of the engine, as cheaply as Python gets them.

The kernels of workers.port do the work. Here they take flat arrays: handing a ring over as a NamedTuple costs a call
from Python a microsecond more, and so do numpy's views of records whose fields overlap.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gateway.events import Event, unpack
from shm.arena import new_array
from shm.atomics import pause
from shm.broadcast import LAPPED, Broadcast
from shm.jit import kernel
from tradsys.records import EVENT
from workers.memory import VenueMemory
from workers.port import anything_new, drain

BATCH = 4096


@kernel
def _drain(header: Any, slots: Any, position: int, control: Any, out: Any) -> int:
    return drain(Broadcast(header, slots), position, control, out)


@kernel
def _anything_new(header: Any, slots: Any, position: int, control: Any) -> bool:
    return anything_new(Broadcast(header, slots), position, control)


@kernel
def _await_events(header: Any, slots: Any, position: int, control: Any, turns: int) -> bool:
    for _ in range(turns):
        if anything_new(Broadcast(header, slots), position, control):
            return True
        pause()
    return False


class Feed:
    """Every shard's journaled events, in order. `positions`: by shard, the last event taken."""

    def __init__(self, memory: VenueMemory) -> None:
        self.positions = [0] * memory.sizes.shards
        self._streams = [(stream.header, stream.slots) for stream in memory.events]
        self._control = memory.control
        self._out = new_array(EVENT, BATCH)
        self._bytes = self._out.view(np.ndarray).view(np.uint8).data

    def take(self, shard: int) -> int:
        """Fetch the next events of a shard; gives how many, or LAPPED when some were overwritten unread."""
        count = int(_drain(*self._streams[shard], self.positions[shard], self._control, self._out))
        if count != LAPPED:
            self.positions[shard] += count
        return count

    def taken(self, count: int) -> Iterator[Event]:
        """What take() has fetched. To be used up before the next take()."""
        return unpack(self._bytes[: count * EVENT.itemsize])

    def has_events(self, shard: int) -> bool:
        """Whether take() would give something for this shard."""
        return bool(_anything_new(*self._streams[shard], self.positions[shard], self._control))

    def await_events(self, shard: int, turns: int) -> bool:
        """Look for events of a shard `turns` times in a row; True as soon as there are some."""
        return bool(_await_events(*self._streams[shard], self.positions[shard], self._control, turns))
