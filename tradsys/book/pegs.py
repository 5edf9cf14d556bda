"""Pegged orders: hidden, at a price that follows the displayed touch."""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.book.crossing import best_index, sweep_limit
from tradsys.book.ending import cancel_any
from tradsys.book.events import HIDDEN, RESTING, WAS_RESTING, tell_amended
from tradsys.book.layout import (
    IN_HIDDEN,
    PEGS,
    UNPRICED,
    W_ACTING,
    W_CURSOR,
    Shard,
)
from tradsys.book.levels import price_of
from tradsys.book.lists import first_of, following
from tradsys.book.pending import let_act
from tradsys.book.placing import can_rest, put_in_book, take_from_place
from tradsys.book.validation import is_in_range
from tradsys.reasons import Reason
from tradsys.records import CommandFlag, MarketState, OrderType, Side

_CONTINUOUS = int(MarketState.CONTINUOUS)
_PEGGED = int(OrderType.PEGGED)
_BUY = int(Side.BUY)
_MIDPOINT = int(CommandFlag.MIDPOINT)
_LEVEL_POOL_FULL = int(Reason.LEVEL_POOL_FULL)


@kernel
def _target(shard: Shard, slot: int) -> tuple[bool, int]:
    """Whether the order has a price now, and the price; its limit when it has none."""
    order = shard.orders[slot]
    extra = shard.extras[slot]
    assert order.order_type == _PEGGED, "no other order's price follows the touch"
    symbol, side = signed(order.symbol), signed(order.side)
    limit = signed(extra.limit_ticks)
    own = shard.sides[2 * symbol + side]
    if shard.books[symbol].state != _CONTINUOUS or own.best_index < 0:
        return False, limit
    price = price_of(own, signed(own.best_index))
    if signed(extra.options) & _MIDPOINT:
        other = shard.sides[2 * symbol + 1 - side]
        if other.best_index < 0:
            return False, limit
        # Rounded away from trading; the shift rounds down also below 0.
        price = (price + price_of(other, signed(other.best_index)) + side) >> 1
    price = min(price, limit) if side == _BUY else max(price, limit)
    assert is_in_range(shard.books[symbol], price), "the symbol has the price"
    return True, price


@kernel
def _is_right(shard: Shard, slot: int) -> bool:
    has_price, price = _target(shard, slot)
    order = shard.orders[slot]
    if shard.extras[slot].place == IN_HIDDEN:
        return has_price and order.price_ticks == price
    assert shard.extras[slot].place == UNPRICED, "a pegged order rests, or has no price"
    return not has_price


@kernel_entry
def _reprice(shard: Shard, command: Any, slot: int) -> None:
    """Give a pegged order the price that belongs to it, at which it rests, or trades next."""
    order = shard.orders[slot]
    extra = shard.extras[slot]
    symbol, side = signed(order.symbol), signed(order.side)
    previous = signed(order.price_ticks)
    flags = signed(HIDDEN)
    if take_from_place(shard, slot):
        flags |= WAS_RESTING
    has_price, price = _target(shard, slot)
    order.price_ticks = price
    trades = has_price and best_index(shard, symbol, 1 - side) >= sweep_limit(shard, order, price)
    if has_price and not trades:
        if not can_rest(shard, slot):
            cancel_any(shard, command, slot, _LEVEL_POOL_FULL)
            return
        flags |= RESTING
    tell_amended(shard, command, order, flags, price, order.leaves_lots, previous, order.leaves_lots)
    if not has_price:
        extra.place = UNPRICED
    elif trades:
        let_act(shard, slot)
    else:
        put_in_book(shard, command, slot)


@kernel_entry
def follow_touch(shard: Shard, command: Any, symbol: int) -> bool:
    """Give the first pegged order with a wrong price the right one; False when there is none."""
    words = shard.words
    book = shard.books[symbol]
    assert words[W_ACTING] == 0, "nobody acts while prices follow the touch"
    head = first_of(shard, symbol, PEGS)
    bid, ask = signed(shard.sides[2 * symbol].best_index), signed(shard.sides[2 * symbol + 1].best_index)
    moved = bid != book.pegged_bid or ask != book.pegged_ask
    if moved or book.repeg != 0:
        # The walk begins anew. Otherwise it goes on behind those that are known to be right.
        words[W_CURSOR] = head
        book.repeg = 0
        book.pegged_bid = bid
        book.pegged_ask = ask
    slot = words[W_CURSOR]
    while slot != 0 and _is_right(shard, slot):
        slot = following(shard, PEGS, slot)
    if slot == 0:
        words[W_CURSOR] = 0
        return False
    assert shard.orders[slot].symbol == symbol, "the walk stays among the symbol's orders"
    words[W_CURSOR] = following(shard, PEGS, slot)
    _reprice(shard, command, slot)
    return True
