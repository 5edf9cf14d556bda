"""Commands into the engine: one struct call each, and one kernel call for all that belong together."""

from __future__ import annotations

import struct
import time
from typing import Any

import numpy as np

from shm import doorbell, ring
from shm.arena import new_array
from shm.jit import kernel
from shm.ring import Ring
from tradsys.records import COMMAND, ORDER_EXTENSION, Kind
from workers.memory import VenueMemory
from workers.port import REQUEST_MASK

RECORDS_MAX = 4
"""An order, its extension, and two legs."""
NOT_TAKEN = -1

_COMMAND = struct.Struct("<qqBBBBHBBIIIiqqq")
_EXTENSION = struct.Struct("<qqB7xIII4xqqq")
assert _COMMAND.size == COMMAND.itemsize == ORDER_EXTENSION.itemsize == _EXTENSION.size
_KIND_EXTENSION = int(Kind.EXTENSION)


def command(
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
) -> bytes:
    """A COMMAND record of this tradsys.records.Kind, stamped with the gateways' clock.

    Sequence, source and request are stamped by the sequencer.
    """
    return _COMMAND.pack(
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


def extension(account: int, symbol: int, *, expires_ns: int, display_lots: int, minimum_lots: int) -> bytes:
    """An ORDER_EXTENSION record, to be sent directly before its order."""
    return _EXTENSION.pack(
        0, time.monotonic_ns(), _KIND_EXTENSION, symbol, account, 0, expires_ns, display_lots, minimum_lots
    )


@kernel
def _submit(header: Any, slots: Any, records: Any, bells: Any, bell: int) -> bool:
    # Flat arrays: a NamedTuple as argument costs a call from Python a microsecond more.
    gateway = Ring(header, slots)
    if ring.writable(gateway, len(records)) < len(records):
        return False
    ring.push(gateway, records)
    doorbell.ring(bells, bell, doorbell.NO_DESCRIPTOR)
    return True


class CommandWriter:
    """Writes one ring, which a workers.port.Port of this process has claimed."""

    def __init__(self, memory: VenueMemory, number: int, sequencer_bell: int) -> None:
        self.number = number
        """Of the ring."""
        self._header, self._slots = memory.gateways[number]
        self._bells = memory.bells
        self._bell = sequencer_bell
        records = new_array(COMMAND, RECORDS_MAX)
        self._records = [records[:count] for count in range(RECORDS_MAX + 1)]
        self._bytes = records.view(np.ndarray).view(np.uint8).data
        self._words = memoryview(self._header)

    def submit(self, records: bytes) -> int:
        """Send up to RECORDS_MAX records at once, so that nothing comes in between.

        Gives the `request` number of the last one, or NOT_TAKEN when the ring has no room for all of them.
        """
        size = len(records)
        count = size // _COMMAND.size
        self._bytes[:size] = records
        request = self._words[ring.TAIL] + count - 1
        if not _submit(self._header, self._slots, self._records[count], self._bells, self._bell):
            return NOT_TAKEN
        return int(request) & REQUEST_MASK
