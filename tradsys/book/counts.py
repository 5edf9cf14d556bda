"""How many live orders an account has in a symbol, where the symbol's rules limit that: a hash table with open places.

Nothing depends on the order of its entries, and one that counts nothing is taken out.
"""

from __future__ import annotations

from typing import Any

from shm.hashing import hash_pair, place_of
from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.book.layout import AT_HAND, F_COUNTED, F_EXTRA, IN_BOOK, W_LIVE_ORDERS, W_USED_ORDERS, Shard


@kernel
def _home(counts: Any, key: int) -> int:
    return hash_pair(key >> 32, key) & (len(counts) - 1)


@kernel
def _place(counts: Any, key: int) -> int:
    return place_of(counts, hash_pair(key >> 32, key), key)


@kernel
def _key(symbol: int, account: int) -> int:
    return symbol << 32 | account


@kernel_entry
def counted_orders(shard: Shard, symbol: int, account: int) -> int:
    """The account's counted orders in the symbol."""
    place = _place(shard.counts, _key(symbol, account))
    return signed(shard.counts[place].orders) if shard.counts[place].key != 0 else signed(0)


@kernel_entry
def count_in(shard: Shard, slot: int) -> None:
    """The order in `slot`, which has an EXTRA record, counts until it ends."""
    order = shard.orders[slot]
    assert signed(order.flags) & (F_EXTRA | F_COUNTED) == F_EXTRA, "an order with an EXTRA record counts once"
    order.flags = signed(order.flags) | F_COUNTED
    key = _key(signed(order.symbol), signed(order.account))
    entry = shard.counts[_place(shard.counts, key)]
    entry.key = key
    entry.orders += 1
    assert entry.orders <= shard.words[W_LIVE_ORDERS], "no more orders count than live"


@kernel_entry
def count_out(shard: Shard, slot: int) -> None:
    """A counted order has ended."""
    counts = shard.counts
    order = shard.orders[slot]
    place = _place(counts, _key(signed(order.symbol), signed(order.account)))
    assert signed(order.flags) & F_COUNTED != 0, "only who counts is counted out"
    assert counts[place].orders > 0, "who is counted out was counted in"
    counts[place].orders -= 1
    if counts[place].orders > 0:
        return
    # Close the gap: what stands behind it moves up unless that would take it before its home.
    mask = len(counts) - 1
    counts[place].key = 0
    other = (place + 1) & mask
    while counts[other].key != 0:
        if ((other - _home(counts, counts[other].key)) & mask) >= ((other - place) & mask):
            counts[place].key = counts[other].key
            counts[place].orders = counts[other].orders
            counts[other].key = 0
            counts[other].orders = 0
            place = other
        other = (other + 1) & mask


@kernel_entry
def count_all(shard: Shard, symbol: int) -> None:
    """From now on the symbol's live orders count, also those from before."""
    for slot in range(1, shard.words[W_USED_ORDERS] + 1):
        order = shard.orders[slot]
        if order.order_id == 0 or order.symbol != symbol or signed(order.flags) & F_COUNTED:
            continue
        if signed(order.flags) & F_EXTRA == 0:
            add_extra(shard, slot, 0)
            shard.extras[slot].place = IN_BOOK
        count_in(shard, slot)


@kernel
def add_extra(shard: Shard, slot: int, options: int) -> Any:
    """Give the order in `slot` an EXTRA record that says nothing yet but the options; gives the record."""
    order = shard.orders[slot]
    order.flags = signed(order.flags) | F_EXTRA
    extra = shard.extras[slot]
    extra.expires_ns = 0
    extra.display_lots = 0
    extra.reserve_lots = 0
    extra.budget = 0
    extra.limit_ticks = 0
    extra.trigger_ticks = 0
    extra.distance = 0
    extra.partner = 0
    extra.parent = 0
    extra.leg_1 = 0
    extra.leg_2 = 0
    extra.options = options
    extra.place = AT_HAND
    return extra
