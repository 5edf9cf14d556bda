"""A client's end of the engine: commands into one ring, events out of every shard's stream.

Used by gateways and by local tools. An event is given out only when the command that caused it is journaled as
durably as the venue's level asks: nobody acts on what a crash could take back.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from shm import broadcast, doorbell, ring
from shm.arena import new_array
from shm.atomics import compare_exchange, load_acquire
from shm.broadcast import LAPPED, Broadcast
from shm.jit import kernel
from tradsys.records import EVENT
from workers.memory import JOURNALED, VenueMemory

REQUEST_MASK = (1 << 32) - 1


class RingTakenError(Exception):
    """The ring has a live producer already, or no ring is free."""


@kernel
def _claim(header: Any, before: int, pid: int) -> bool:
    return compare_exchange(header, ring.PRODUCER_PID, before, pid)


@kernel
def drain(events: Broadcast, position: int, control: Any, out: Any) -> int:
    """Copy journaled events after `position` to `out`; gives how many, or LAPPED."""
    journaled = load_acquire(control, JOURNALED)
    count = broadcast.copy_since(events, position, out)
    if count <= 0:
        return count
    assert out[0].log_sequence <= out[count - 1].log_sequence, "events are in the order of the log"
    while count > 0 and out[count - 1].log_sequence > journaled:
        count -= 1
    return count


@kernel
def anything_new(events: Broadcast, position: int, control: Any) -> bool:
    """Whether drain() would give something (or LAPPED) now."""
    if broadcast.published(events) <= position:
        return False
    slots = events.slots
    return slots[(position + 1) & (len(slots) - 1)].log_sequence <= load_acquire(control, JOURNALED)


class Port:
    """One producer's ring of commands, and reading positions in every shard's events."""

    def __init__(self, memory: VenueMemory, number: int, sequencer_bell: int, batch: int = 4096) -> None:
        """Take ring `number`. Raises RingTakenError when a live process has it."""
        assert 0 <= number < memory.sizes.rings, "a ring of the venue"
        assert 0 <= sequencer_bell < len(memory.bells) // doorbell.STRIDE, "the bell of a worker"
        assert batch > 0, "room for an event"
        self.memory = memory
        self.number = number
        self.positions = np.zeros(memory.sizes.shards, np.int64)
        """By shard: the last event done with. Set by the caller before the first drain."""
        self._ring = memory.gateways[number]
        self._bell = sequencer_bell
        self._out = new_array(EVENT, batch)
        self._readers: dict[int, int] = {}
        header = self._ring.header
        holder = int(header[ring.PRODUCER_PID])
        if holder == os.getpid() or (holder and _is_alive(holder)) or not _claim(header, holder, os.getpid()):
            raise RingTakenError(f"ring {number} belongs to process {holder}")

    @classmethod
    def claim_spare(cls, memory: VenueMemory, first: int, sequencer_bell: int) -> Port:
        """Take any free ring from number `first` on. Raises RingTakenError when none is free."""
        assert 0 <= first <= memory.sizes.rings, "spare rings come after the others"
        for number in range(first, memory.sizes.rings):
            try:
                return cls(memory, number, sequencer_bell)
            except RingTakenError:
                continue
        raise RingTakenError("all rings for local tools are taken; raise gateway.spare_rings")

    @property
    def next_request(self) -> int:
        """The `request` number that the next submitted command will carry."""
        return int(self._ring.header[ring.TAIL]) & REQUEST_MASK

    def is_taken_in(self) -> bool:
        """Whether the sequencer has moved everything that was submitted to the log."""
        return int(self._ring.header[ring.HEAD]) == int(self._ring.header[ring.TAIL])

    def submit(self, commands: Any) -> int:
        """Publish COMMAND records, as many as fit; gives how many. 0: the ring is full, try again."""
        count = int(ring.push(self._ring, commands))
        assert 0 <= count <= len(commands), "no more than was given"
        if count:
            doorbell.ring(self.memory.bells, self._bell, doorbell.NO_DESCRIPTOR)
        return count

    def gate(self) -> None:
        """From now on the engine waits for this port rather than overwrite events it has not read.

        Positions are set to the present end of each stream.
        """
        for shard, stream in enumerate(self.memory.events):
            assert shard not in self._readers, "a port gates a stream once"
            self._readers[shard], self.positions[shard] = broadcast.join(stream)

    def drain(self, shard: int) -> Any:
        """The next batch of a shard's journaled events, a view valid until the next call; None when lapped.

        The position moves behind them; with gate(), their room is given back at the next call.
        """
        stream = self.memory.events[shard]
        position = int(self.positions[shard])
        assert position >= 0, "events are numbered from 1"
        if shard in self._readers:
            broadcast.advance(stream, self._readers[shard], position)
        count = int(drain(stream, position, self.memory.control, self._out))
        if count == LAPPED:
            return None
        # A port may know more than a new ring whose shard is still being rebuilt: then nothing is given out.
        assert count == 0 or position + count <= int(stream.header[broadcast.CURSOR]), "what is given out was published"
        assert 0 <= count <= len(self._out), "no more than there is room for"
        self.positions[shard] = position + count
        return self._out[:count]

    def has_events(self) -> bool:
        """Whether drain() would give something for any shard."""
        control = self.memory.control
        return any(
            anything_new(stream, int(self.positions[shard]), control) for shard, stream in enumerate(self.memory.events)
        )

    def close(self) -> None:
        """Give the ring and the gates back."""
        for shard, reader in self._readers.items():
            broadcast.leave(self.memory.events[shard], reader)
        self._readers.clear()
        self._ring.header[ring.PRODUCER_PID] = 0


def _is_alive(pid: int) -> bool:
    assert pid > 0, "a process, not a group of them"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
