"""Where an order stands: putting it into the book or among those that wait, and taking it out again."""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.book.events import tell
from tradsys.book.layout import (
    ABOVE,
    AT_HAND,
    BELOW,
    F_EXTRA,
    F_HIDDEN,
    F_ICEBERG,
    FOR_AUCTION,
    HIDDEN_SIDES,
    IN_ABOVE,
    IN_BELOW,
    IN_BOOK,
    IN_HIDDEN,
    PARKED,
    QUEUE,
    QUEUED,
    WAITING,
    Shard,
)
from tradsys.book.levels import append, has_level, index_of, remove
from tradsys.book.lists import join_list, leave_list
from tradsys.book.rare_sides import note_triggers, open_rare_side, rare_side
from tradsys.book.rules import refresh_special
from tradsys.records import EventKind, OrderType, Side, TimeInForce

_DISPLAYED = int(EventKind.DISPLAYED)
_STOP = int(OrderType.STOP)
_TRAILING = int(OrderType.TRAILING_STOP)
_TAKE_PROFIT_LIMIT = int(OrderType.TAKE_PROFIT_LIMIT)
_BUY = int(Side.BUY)
_IOC = int(TimeInForce.IOC)
_FOK = int(TimeInForce.FOK)


@kernel
def has_trigger(order_type: int) -> bool:
    """Whether orders of this type wait for a price."""
    return order_type >= _STOP and order_type <= _TAKE_PROFIT_LIMIT


@kernel
def waits_above(order_type: int, side: int) -> bool:
    """Whether an order with a trigger waits above the market: stops to buy and profits to take by selling."""
    is_stop = order_type <= _TRAILING
    return is_stop == (side == _BUY)


@kernel
def may_rest(time_in_force: int) -> bool:
    """Whether what does not trade at once rests."""
    return time_in_force != _IOC and time_in_force != _FOK


@kernel_entry
def has_place(shard: Shard, symbol: int, number: int, price_ticks: int) -> bool:
    """Whether an order can stand on a rare side at this price; opens the side."""
    if not open_rare_side(shard, symbol, number):
        return False
    side = rare_side(shard, symbol, number)
    return has_level(shard, side, index_of(side, price_ticks))


@kernel
def can_wait_at(shard: Shard, asked: Any, trigger_ticks: int) -> bool:
    """Whether an order, or what a NEW asks for, can wait for this price; opens the side."""
    number = ABOVE if waits_above(signed(asked.order_type), signed(asked.side)) else BELOW
    return has_place(shard, signed(asked.symbol), number, trigger_ticks)


@kernel
def can_rest_at(shard: Shard, symbol: int, side: int, is_hidden: bool, price_ticks: int) -> bool:
    """Whether an order can stand at this price in the book, displayed or hidden."""
    if is_hidden:
        return has_place(shard, symbol, HIDDEN_SIDES + side, price_ticks)
    own = shard.sides[2 * symbol + side]
    return has_level(shard, own, index_of(own, price_ticks))


@kernel
def can_rest(shard: Shard, slot: int) -> bool:
    """Whether the order can stand at its price in the book."""
    order = shard.orders[slot]
    is_hidden = signed(order.flags) & F_HIDDEN != 0
    return can_rest_at(shard, signed(order.symbol), signed(order.side), is_hidden, signed(order.price_ticks))


@kernel_entry
def put_in_book(shard: Shard, command: Any, slot: int) -> None:
    """Put an order with all it has left at the end of its queue; can_rest() must hold. An iceberg shows its slice."""
    order = shard.orders[slot]
    symbol, side = signed(order.symbol), signed(order.side)
    flags = signed(order.flags)
    assert order.order_id != 0, "who rests is alive"
    own = shard.sides[2 * symbol + side]
    if flags & F_EXTRA == 0:
        append(shard, own, index_of(own, signed(order.price_ticks)), slot)
        return
    extra = shard.extras[slot]
    assert extra.place == AT_HAND, "an order stands in one place"
    if flags & F_HIDDEN:
        hidden = rare_side(shard, symbol, HIDDEN_SIDES + side)
        append(shard, hidden, index_of(hidden, signed(order.price_ticks)), slot)
        extra.place = IN_HIDDEN
        shard.books[symbol].hidden += 1
        refresh_special(shard, symbol)
        return
    extra.place = IN_BOOK
    if flags & F_ICEBERG:
        slice_lots = min(extra.display_lots, order.leaves_lots)
        extra.reserve_lots = order.leaves_lots - slice_lots
        assert 0 < slice_lots <= order.leaves_lots, "an iceberg shows a part of what it has"
        order.leaves_lots = slice_lots
    append(shard, own, index_of(own, signed(order.price_ticks)), slot)
    if flags & F_ICEBERG:
        shard.reserves[order.level] += extra.reserve_lots
        tell(shard, command, order, _DISPLAYED, 0, 0)


@kernel_entry
def refresh_slice(shard: Shard, command: Any, slot: int) -> None:
    """The slice of an iceberg with a reserve is gone, its level's quantity lowered: show the next one, at the end."""
    order = shard.orders[slot]
    extra = shard.extras[slot]
    own = shard.sides[2 * signed(order.symbol) + signed(order.side)]
    reserve = extra.reserve_lots
    # An order that stood alone takes its level with it and gets one anew: the reserve goes with the order.
    assert 0 < reserve <= shard.reserves[order.level], "the level counts the reserve of each iceberg"
    shard.reserves[order.level] -= reserve
    order.leaves_lots = 0
    remove(shard, own, slot)
    slice_lots = min(extra.display_lots, reserve)
    order.leaves_lots = slice_lots
    extra.reserve_lots = reserve - slice_lots
    append(shard, own, index_of(own, signed(order.price_ticks)), slot)
    shard.reserves[order.level] += extra.reserve_lots
    tell(shard, command, order, _DISPLAYED, 0, 0)


@kernel_entry
def put_at_trigger(shard: Shard, slot: int) -> None:
    """Put an order at the end of the queue of its trigger; has_place() must hold."""
    order = shard.orders[slot]
    extra = shard.extras[slot]
    symbol = signed(order.symbol)
    assert has_trigger(signed(order.order_type)), "no other order waits for a price"
    is_above = waits_above(signed(order.order_type), signed(order.side))
    side = rare_side(shard, symbol, ABOVE if is_above else BELOW)
    append(shard, side, index_of(side, signed(extra.trigger_ticks)), slot)
    extra.place = IN_ABOVE if is_above else IN_BELOW
    note_triggers(shard, symbol)


@kernel_entry
def take_from_place(shard: Shard, slot: int) -> bool:
    """Take an order with an EXTRA record out of wherever it stands; gives whether that was the book.

    Its `leaves_lots` is then all it has left.
    """
    order = shard.orders[slot]
    extra = shard.extras[slot]
    symbol, side = signed(order.symbol), signed(order.side)
    place = signed(extra.place)
    extra.place = AT_HAND
    if place == IN_BOOK:
        if signed(order.flags) & F_ICEBERG:
            shard.reserves[order.level] -= extra.reserve_lots
            assert shard.reserves[order.level] >= 0, "the level counts the reserve of each iceberg"
        remove(shard, shard.sides[2 * symbol + side], slot)
        order.leaves_lots += extra.reserve_lots
        extra.reserve_lots = 0
        return True
    if place == IN_HIDDEN:
        remove(shard, rare_side(shard, symbol, HIDDEN_SIDES + side), slot)
        assert shard.books[symbol].hidden > 0, "the book counts its hidden orders"
        shard.books[symbol].hidden -= 1
        refresh_special(shard, symbol)
        return True
    if place == IN_ABOVE or place == IN_BELOW:
        remove(shard, rare_side(shard, symbol, ABOVE if place == IN_ABOVE else BELOW), slot)
        note_triggers(shard, symbol)
    elif place == QUEUED:
        leave_list(shard, symbol, QUEUE, slot)
        refresh_special(shard, symbol)
    elif place == FOR_AUCTION:
        leave_list(shard, symbol, PARKED, slot)
    return False


@kernel
def put_in_queue(shard: Shard, slot: int) -> None:
    """It is the order's turn to act as soon as the orders before it have."""
    symbol = signed(shard.orders[slot].symbol)
    assert shard.extras[slot].place == AT_HAND or shard.extras[slot].place == WAITING, "who queues stood nowhere"
    shard.extras[slot].place = QUEUED
    join_list(shard, symbol, QUEUE, slot)
    refresh_special(shard, symbol)
