"""Price-time matching: a new or amended order trades against the other side, and what is left rests or ends."""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.book.crossing import remember_price
from tradsys.book.entry import careful_new
from tradsys.book.events import (
    COUNTER_DONE,
    LAST,
    ORDER_DONE,
    RESTING,
    WAS_RESTING,
    emit,
    has_room,
    reject,
    tell,
    tell_pair,
)
from tradsys.book.layout import F_EXTRA, W_TRADES, Shard
from tradsys.book.levels import append, has_level, index_of, remove
from tradsys.book.orders import free_slot, take_slot, write_order
from tradsys.book.pending import let_act, let_settle
from tradsys.reasons import Reason
from tradsys.records import EventKind, TimeInForce

_IOC = int(TimeInForce.IOC)
_ACCEPTED = int(EventKind.ACCEPTED)
_CANCELLED = int(EventKind.CANCELLED)
_RESTED = int(EventKind.RESTED)
_TRADE = int(EventKind.TRADE)

_PRICE_OUT_OF_RANGE = int(Reason.PRICE_OUT_OF_RANGE)
_ORDER_POOL_FULL = int(Reason.ORDER_POOL_FULL)
_LEVEL_POOL_FULL = int(Reason.LEVEL_POOL_FULL)
_UNKNOWN_SYMBOL = int(Reason.UNKNOWN_SYMBOL)
_IMMEDIATE_REST = int(Reason.IMMEDIATE_REST)


@kernel_entry
def _enter_carefully(shard: Shard, command: Any) -> bool:
    symbol = signed(command.symbol)
    if symbol >= len(shard.books):
        reject(shard, command, _UNKNOWN_SYMBOL)
        return True
    careful_new(shard, command)
    return let_settle(shard, symbol, symbol)


@kernel
def new_order(shard: Shard, command: Any) -> bool:
    """Accept, match and rest or end a new order, or refuse it. False when it waits for room in the event ring."""
    symbol = signed(command.symbol)
    books = shard.books
    book = books[symbol if symbol < len(books) else 0]
    # The one test for everything rare: of the order, and of the book that it comes to.
    rare = (
        signed(command.order_type)
        | (command.time_in_force & 0xFE)
        | command.flags
        | (command.side & 0xFE)
        | book.special
    )
    quantity = signed(command.quantity_lots)
    if rare != 0 or quantity < 1 or quantity > book.safe_lots:
        return _enter_carefully(shard, command)
    price = signed(command.price_ticks)
    if price < book.lowest_ticks or price > book.highest_ticks:
        reject(shard, command, _PRICE_OUT_OF_RANGE)
        return True

    side = signed(command.side)
    rests = command.time_in_force != _IOC
    own = shard.sides[2 * symbol + side]
    index = index_of(own, price)
    if rests and not has_level(shard, own, index):
        reject(shard, command, _LEVEL_POOL_FULL)
        return True
    slot = take_slot(shard)
    if slot == 0:
        reject(shard, command, _ORDER_POOL_FULL)
        return True

    write_order(shard, slot, command, command, price)
    opposite = shard.sides[2 * symbol + 1 - side]
    limit = index_of(opposite, price)
    rests_at_once = rests and opposite.best_index < limit
    emit(
        shard,
        command,
        _ACCEPTED,
        side | (RESTING | LAST if rests_at_once else 0),
        0,
        symbol,
        price,
        quantity,
        shard.orders[slot].order_id,
        command.account,
        signed(command.time_in_force) << 8,
        command.client_order_id,
    )
    if rests_at_once:
        append(shard, own, index, slot)
        return True
    return sweep(shard, command, slot, limit)


@kernel_entry
def _go_on_carefully(shard: Shard, slot: int, first_ticks: int, last_ticks: int, has_traded: bool) -> bool:
    """The sweep has met a rare order, or waits for room: what is left of it goes the careful way."""
    symbol = signed(shard.orders[slot].symbol)
    assert shard.orders[slot].leaves_lots > 0, "who goes on has something left"
    if has_traded:
        remember_price(shard.books[symbol], first_ticks)
        remember_price(shard.books[symbol], last_ticks)
    let_act(shard, slot)
    return let_settle(shard, symbol, symbol)


@kernel_entry
def _fire(shard: Shard, symbol: int, first_ticks: int, last_ticks: int) -> bool:
    """The sweep is over, and its first or its last price has reached a trigger."""
    remember_price(shard.books[symbol], first_ticks)
    remember_price(shard.books[symbol], last_ticks)
    return let_settle(shard, symbol, symbol)


@kernel
def sweep(shard: Shard, command: Any, slot: int, limit: int) -> bool:
    """Trade a plain order against the other side of a plain book down to index `limit`, then rest or end its rest.

    False when the event ring is full: the command is then pending.
    """
    orders = shard.orders
    order = orders[slot]
    symbol = signed(order.symbol)
    opposite = shard.sides[2 * symbol + 1 - signed(order.side)]
    leaves = order.leaves_lots
    filled = signed(0)
    first = signed(0)
    last = signed(0)
    while leaves > 0 and opposite.best_index >= limit:
        level = shard.levels[opposite.best_level]
        maker_slot = signed(level.head)
        maker = orders[maker_slot]
        if signed(maker.flags) & F_EXTRA or not has_room(shard):
            order.leaves_lots = leaves
            order.filled_lots += filled
            return _go_on_carefully(shard, slot, first, last, filled > 0)
        last = signed(maker.price_ticks)
        if filled == 0:
            first = last
        quantity = min(leaves, maker.leaves_lots)
        assert index_of(opposite, last) == level.index == opposite.best_index, "the best order has the best price"
        leaves -= quantity
        filled += quantity
        flags = signed(0)
        if leaves == 0:
            flags |= ORDER_DONE | LAST
        maker_done = quantity == maker.leaves_lots
        if maker_done:
            flags |= COUNTER_DONE
        shard.words[W_TRADES] += 1
        tell_pair(shard, command, order, maker, _TRADE, flags, maker.price_ticks, quantity)
        if maker_done:
            remove(shard, opposite, maker_slot)
            free_slot(shard, maker_slot)
        else:
            maker.leaves_lots -= quantity
            maker.filled_lots += quantity
            level.quantity_lots -= quantity
    assert leaves + filled == order.leaves_lots, "what is filled is what is no longer left"
    order.leaves_lots = leaves
    order.filled_lots += filled
    if leaves == 0:
        free_slot(shard, slot)
    else:
        assert opposite.best_index < limit, "who rests does not cross the book"
        _rest_or_end(shard, command, slot)
    if filled == 0:
        return True
    book = shard.books[symbol]
    book.last_ticks = last
    if max(first, last) >= book.next_above or min(first, last) <= book.next_below:
        return _fire(shard, symbol, first, last)
    return True


@kernel
def _rest_or_end(shard: Shard, command: Any, slot: int) -> None:
    """What a plain order has left rests, or ends when it is immediate-or-cancel."""
    order = shard.orders[slot]
    assert order.leaves_lots > 0, "an order that is filled has ended"
    if order.time_in_force == _IOC:
        tell(shard, command, order, _CANCELLED, LAST, _IMMEDIATE_REST)
        free_slot(shard, slot)
        return
    tell(shard, command, order, _RESTED, RESTING | LAST, 0)
    own = shard.sides[2 * signed(order.symbol) + signed(order.side)]
    append(shard, own, index_of(own, order.price_ticks), slot)


@kernel
def take_out(shard: Shard, command: Any, slot: int, flags: int, reason: int) -> None:
    """Take a plain resting order out of the book for `reason`."""
    order = shard.orders[slot]
    assert signed(order.flags) & F_EXTRA == 0, "a plain order"
    tell(shard, command, order, _CANCELLED, flags | WAS_RESTING, reason)
    remove(shard, shard.sides[2 * signed(order.symbol) + signed(order.side)], slot)
    free_slot(shard, slot)
