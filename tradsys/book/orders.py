"""The pool of orders: a last-in, first-out free list, so that the slot most likely in cache goes out next."""

from __future__ import annotations

from typing import Any

from shm.atomics import prefetch
from shm.jit import kernel
from tradsys.book.layout import W_FREE_ORDER, W_LIVE_ORDERS, W_USED_ORDERS, Shard
from tradsys.book.prelude import session_of
from tradsys.records import SLOT_BITS, SLOT_MASK


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
    assert shard.orders[slot].order_id == 0, "a slot that goes out is free"
    words[W_LIVE_ORDERS] += 1
    assert words[W_LIVE_ORDERS] <= words[W_USED_ORDERS], "no more orders live than slots were given out"
    return slot


@kernel
def write_order(shard: Shard, slot: int, command: Any, asked: Any, price_ticks: int) -> None:
    """Make the order that `asked` asks for, the NEW `command` or one of its legs, in no place and without flags."""
    order = shard.orders[slot]
    order.order_id = (command.sequence << SLOT_BITS) | slot
    order.leaves_lots = asked.quantity_lots
    order.filled_lots = 0
    order.client_order_id = asked.client_order_id
    order.price_ticks = price_ticks
    order.account = asked.account
    order.symbol = asked.symbol
    order.side = asked.side
    order.order_type = asked.order_type
    order.time_in_force = asked.time_in_force
    order.flags = 0
    order.session = session_of(asked)


@kernel
def free_slot(shard: Shard, slot: int) -> None:
    """The order in `slot` is done: its id is no longer found, its slot is the next to go out."""
    words = shard.words
    order = shard.orders[slot]
    assert slot != 0, "the null slot holds no order"
    assert order.order_id & SLOT_MASK == slot, "an order ends once"
    order.order_id = 0
    order.next = words[W_FREE_ORDER]
    words[W_FREE_ORDER] = slot
    words[W_LIVE_ORDERS] -= 1
    assert words[W_LIVE_ORDERS] >= 0, "no more orders end than began"


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
