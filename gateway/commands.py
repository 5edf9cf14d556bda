"""Command records for a ring, built from numbers with one struct call each."""

from __future__ import annotations

import struct
import time
from typing import Any

import numpy as np

from shm.arena import new_array
from tradsys.records import COMMAND, Kind

_FORMAT = struct.Struct("<qqBBBBHBBIIIiqqq")
assert _FORMAT.size == COMMAND.itemsize


class CommandBuffer:
    """One COMMAND record that is filled in again for each request; sequence, source and request are stamped later."""

    def __init__(self) -> None:
        self.records: Any = new_array(COMMAND, 1)
        self._bytes = self.records.view(np.ndarray).view(np.uint8).data

    def fill(
        self,
        kind: Kind,
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
    ) -> Any:
        """The array of this one record."""
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
        return self.records
