"""Event records as Python tuples: one struct call a record, because the edge looks at every event there is."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple, cast

import numpy as np

from tradsys.records import EVENT, EventFlag, EventKind

_FORMAT = struct.Struct("<qqBBBBIiIqqIIq")
assert _FORMAT.size == EVENT.itemsize

ACCEPTED = int(EventKind.ACCEPTED)
RESTED = int(EventKind.RESTED)
TRADE = int(EventKind.TRADE)
CANCELLED = int(EventKind.CANCELLED)
AMENDED = int(EventKind.AMENDED)
REJECTED = int(EventKind.REJECTED)
MASS_CANCELLED = int(EventKind.MASS_CANCELLED)
STATE = int(EventKind.STATE)
INDICATION = int(EventKind.INDICATION)
SYMBOL = int(EventKind.SYMBOL)
TERMS = int(EventKind.TERMS)
DISPLAYED = int(EventKind.DISPLAYED)
TRIGGERED = int(EventKind.TRIGGERED)
PREVENTED = int(EventKind.PREVENTED)
RULES = int(EventKind.RULES)
RECORDED = int(EventKind.RECORDED)

SELL = int(EventFlag.SELL)
LAST = int(EventFlag.LAST)
RESTING = int(EventFlag.RESTING)
ORDER_DONE = int(EventFlag.ORDER_DONE)
COUNTER_DONE = int(EventFlag.COUNTER_DONE)
AUCTION = int(EventFlag.AUCTION)
HIDDEN = int(EventFlag.HIDDEN)
KEPT_PRIORITY = int(EventFlag.KEPT_PRIORITY)
WAS_RESTING = int(EventFlag.WAS_RESTING)


class Event(NamedTuple):
    """One event of a shard, its fields in the order of the record; see tradsys.records for their meaning."""

    log_sequence: int
    timestamp_ns: int
    kind: int
    flags: int
    reason: int
    source: int
    symbol: int
    price_ticks: int
    request: int
    quantity_lots: int
    order_id: int
    account: int
    counter_account: int
    counter_order_id: int

    @property
    def previous_price_ticks(self) -> int:
        """Of AMENDED: the limit before, the same four bytes as `counter_account` read with a sign."""
        return self.counter_account - ((self.counter_account & 0x8000_0000) << 1)

    @property
    def client_order_id(self) -> int:
        """Of ACCEPTED, RESTED, DISPLAYED, TRIGGERED, CANCELLED and REJECTED."""
        return self.counter_order_id


# What Event._make does, without a Python call for each record.
_event = cast(Callable[[tuple[int, ...]], Event], partial(tuple.__new__, Event))


def unpack(data: Any) -> Iterator[Event]:
    """The records in a buffer, in order."""
    return map(_event, _FORMAT.iter_unpack(data))


def unpack_array(events: Any) -> Iterator[Event]:
    """The records of a contiguous EVENT array, in order."""
    assert events.dtype.itemsize == _FORMAT.size, "numpy lays overlapping fields out anew when it joins arrays"
    return unpack(events.view(np.ndarray).view(np.uint8).data)
