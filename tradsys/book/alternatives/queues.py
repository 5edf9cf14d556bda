"""The queue of orders at one price, as `tradsys.book.levels` keeps it: what all structures of levels have in common."""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel


@kernel
def join(level: Any, orders: Any, slot: int) -> None:
    """Put the order in `slot` at the end of the level's queue."""
    order = orders[slot]
    assert slot != 0, "the null slot is in no queue"
    order.next = 0
    if level.count == 0:
        order.prev = 0
        level.head = slot
        level.count = 1
        level.quantity_lots = order.leaves_lots
    else:
        tail = level.tail
        order.prev = tail
        orders[tail].next = slot
        level.count = signed(level.count) + 1
        level.quantity_lots += order.leaves_lots
    level.tail = slot


@kernel
def leave(level: Any, orders: Any, slot: int) -> None:
    """Take the order in `slot` out of the level's queue. Of an empty level only `count` means anything."""
    order = orders[slot]
    count = signed(level.count) - 1
    assert count >= 0, "a level that is left held an order"
    level.count = count
    if count == 0:
        return
    level.quantity_lots -= order.leaves_lots
    after, before = signed(order.next), signed(order.prev)
    if before == 0:
        level.head = after
    else:
        orders[before].next = after
    if after == 0:
        level.tail = before
    else:
        orders[after].prev = before
