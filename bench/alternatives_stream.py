"""What a flow does to the levels of a book, orders that rest and orders that leave, and each structure doing it."""

from __future__ import annotations

from typing import Any

import numpy as np

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.book import levels
from tradsys.book.alternatives import bitmap_levels, sorted_levels
from tradsys.book.alternatives.bitmap_levels import BitmapLevels
from tradsys.book.alternatives.sorted_levels import SortedLevels
from tradsys.book.layout import Shard
from tradsys.records import SLOT_MASK, EventFlag, EventKind

CHANGE = np.dtype(
    [
        ("slot", "<u4"),
        ("index", "<i4"),  # of the side, the higher the better
        ("lots", "<u4"),
        ("side", "u1"),
        ("rests", "u1"),  # 1: the order joins the queue at `index`; 0: it leaves its queue
        ("pad", "<u2"),
    ]
)
SYMBOL = 1


def changes_of(events: Any, sides: Any) -> Any:
    """The changes (CHANGE array) that a shard's events tell; `sides` are the symbol's two (BOOK_SIDE)."""
    kind, flags = events["kind"], events["flags"].astype(np.int64)
    is_sell = flags & int(EventFlag.SELL)
    moved = (kind == EventKind.AMENDED) & (flags & int(EventFlag.KEPT_PRIORITY) == 0)
    filled = (kind == EventKind.TRADE) & (flags & int(EventFlag.COUNTER_DONE) != 0)
    leaves = ((kind == EventKind.CANCELLED) | moved) & (flags & int(EventFlag.WAS_RESTING) != 0) | filled
    rests = (kind == EventKind.ACCEPTED) | (kind == EventKind.RESTED) | moved
    rests &= flags & int(EventFlag.RESTING) != 0

    # An amended order leaves before it rests again: two places for each event.
    changes = np.zeros((len(events), 2), CHANGE)
    named = np.where(filled, events["counter_order_id"], events["order_id"])
    changes["slot"] = (named & SLOT_MASK)[:, None]
    changes["side"] = np.where(filled, 1 - is_sell, is_sell)[:, None]
    price = events["price_ticks"].astype(np.int64)
    changes["index"] = (sides["offset"][is_sell] + (price ^ sides["mask"][is_sell]))[:, None]
    changes["lots"] = events["quantity_lots"][:, None]
    changes["rests"][:, 1] = 1
    return changes[np.stack([leaves, rests], axis=1)]


@kernel_entry
def run_production(shard: Shard, changes: Any) -> int:
    """Carry the changes out on the book's own levels; gives a checksum of what was best after each."""
    checksum = signed(0)
    for number in range(len(changes)):
        change = changes[number]
        side = shard.sides[2 * SYMBOL + signed(change.side)]
        slot = signed(change.slot)
        if change.rests != 0:
            shard.orders[slot].leaves_lots = change.lots
            levels.append(shard, side, signed(change.index), slot)
        else:
            levels.remove(shard, side, slot)
        checksum += _seen(signed(side.best_index), best_of(shard, side))
    return checksum


@kernel
def best_of(shard: Shard, side: Any) -> int:
    """The slot of the first order in priority of a side of the book's own levels, 0 when it is empty."""
    return signed(shard.levels[side.best_level].head) if side.best_index >= 0 else signed(0)


@kernel
def _seen(index: int, slot: int) -> int:
    """Below 2**41: no flow is long enough for the sum to overflow."""
    return (index << 22) ^ slot


@kernel_entry
def run_sorted(state: SortedLevels, changes: Any) -> int:
    """The same on sorted arrays."""
    checksum = signed(0)
    for number in range(len(changes)):
        change = changes[number]
        side, slot = signed(change.side), signed(change.slot)
        if change.rests != 0:
            state.orders[slot].leaves_lots = change.lots
            sorted_levels.append(state, side, signed(change.index), slot)
        else:
            sorted_levels.remove(state, side, slot)
        checksum += _seen(sorted_levels.best_index(state, side), sorted_levels.best_order(state, side))
    return checksum


@kernel_entry
def run_bitmap(state: BitmapLevels, changes: Any) -> int:
    """The same on bitmaps alone."""
    checksum = signed(0)
    for number in range(len(changes)):
        change = changes[number]
        side, slot = signed(change.side), signed(change.slot)
        if change.rests != 0:
            state.orders[slot].leaves_lots = change.lots
            bitmap_levels.append(state, side, signed(change.index), slot)
        else:
            bitmap_levels.remove(state, side, slot)
        checksum += _seen(bitmap_levels.best_index(state, side), bitmap_levels.best_order(state, side))
    return checksum
