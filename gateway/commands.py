"""Commands into the engine: one struct call and one kernel call each."""

from __future__ import annotations

import struct
import time
from typing import Any

import numpy as np

from shm import doorbell, ring
from shm.arena import new_array
from shm.jit import kernel
from shm.ring import Ring
from tradsys.records import COMMAND
from workers.memory import VenueMemory
from workers.port import REQUEST_MASK

_FORMAT = struct.Struct("<qqBBBBHBBIIIiqqq")
assert _FORMAT.size == COMMAND.itemsize


@kernel
def _submit(header: Any, slots: Any, records: Any, bells: Any, bell: int) -> int:
    # Flat arrays: a NamedTuple as argument costs a call from Python a microsecond more.
    count = ring.push(Ring(header, slots), records)
    if count > 0:
        doorbell.ring(bells, bell, doorbell.NO_DESCRIPTOR)
    return count


class CommandWriter:
    """Writes one ring, which a workers.port.Port of this process has claimed."""

    def __init__(self, memory: VenueMemory, number: int, sequencer_bell: int) -> None:
        self._header, self._slots = memory.gateways[number]
        self._bells = memory.bells
        self._bell = sequencer_bell
        self._records = new_array(COMMAND, 1)
        self._bytes = self._records.view(np.ndarray).view(np.uint8).data
        self._words = memoryview(self._header)

    @property
    def next_request(self) -> int:
        """The `request` number that the next command will carry."""
        return int(self._words[ring.TAIL]) & REQUEST_MASK

    def submit(
        self,
        kind: int,
        account: int,
        symbol: int = 0,
        *,
        side: int = 0,
        order_type: int = 0,
        time_in_force: int = 0,
        flags: int = 0,
        price_ticks: int = 0,
        quantity_lots: int = 0,
        order_id: int = 0,
        client_order_id: int = 0,
    ) -> bool:
        """Send a command, `kind` a tradsys.records.Kind; False when the ring is full.

        Sequence, source and request are stamped by the sequencer.
        """
        _FORMAT.pack_into(
            self._bytes,
            0,
            0,
            time.monotonic_ns(),
            kind,
            side,
            order_type,
            time_in_force,
            flags,
            0,
            0,
            symbol,
            account,
            0,
            price_ticks,
            quantity_lots,
            order_id,
            client_order_id,
        )
        return bool(_submit(self._header, self._slots, self._records, self._bells, self._bell))
