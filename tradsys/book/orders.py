"""The pool of orders: a last-in, first-out free list, so that the slot most likely in cache goes out next."""

from __future__ import annotations

from shm.atomics import prefetch
from shm.jit import kernel
from tradsys.book.layout import W_FREE_ORDER, W_LIVE_ORDERS, W_USED_ORDERS, Shard
from tradsys.records import SLOT_MASK


@kernel
def take_slot(shard: Shard) -> int:
    """A free slot, 0 when the pool is exhausted."""
    words = shard.words
    slot = words[W_FREE_ORDER]
    if slot != 0:
        words[W_FREE_ORDER] = shard.orders[slot].next
    else:
        slot = words[W_USED_ORDERS] + 1
        if slot >= len(shard.orders):
            return 0
        words[W_USED_ORDERS] = slot
    words[W_LIVE_ORDERS] += 1
    return slot


@kernel
def free_slot(shard: Shard, slot: int) -> None:
    """The order in `slot` is done: its id is no longer found, its slot is the next to go out."""
    words = shard.words
    order = shard.orders[slot]
    order.order_id = 0
    order.next = words[W_FREE_ORDER]
    words[W_FREE_ORDER] = slot
    words[W_LIVE_ORDERS] -= 1


@kernel
def find(shard: Shard, order_id: int) -> int:
    """The slot of a live order, 0 when there is none of that id."""
    slot = order_id & SLOT_MASK
    if slot >= len(shard.orders) or order_id <= 0 or shard.orders[slot].order_id != order_id:
        return 0
    return slot


@kernel
def ask_for_order(shard: Shard, order_id: int) -> None:
    """Start loading an order that a later command names; any number will do."""
    prefetch(shard.orders, order_id & SLOT_MASK)


@kernel
def ask_for_neighbours(shard: Shard, order_id: int) -> None:
    """Start loading what an order that is asked for already hangs together with; any number will do."""
    slot = order_id & SLOT_MASK
    if slot < len(shard.orders):
        order = shard.orders[slot]
        prefetch(shard.levels, order.level)
        prefetch(shard.orders, order.prev)
        prefetch(shard.orders, order.next)
