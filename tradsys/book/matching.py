"""Price-time matching: a new or amended order trades against the other side, and what is left rests or ends."""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel
from tradsys.book.events import (
    COUNTER_DONE,
    LAST,
    ORDER_DONE,
    RESTING,
    WAS_RESTING,
    cancelled,
    emit,
    has_room,
    reject,
)
from tradsys.book.layout import P_NONE, P_SWEEP, W_PENDING, W_PENDING_A, W_TRADES, Shard
from tradsys.book.levels import append, has_level, index_of, remove
from tradsys.book.orders import free_slot, take_slot
from tradsys.reasons import Reason
from tradsys.records import (
    QUANTITY_MAX,
    SLOT_BITS,
    CommandFlag,
    EventKind,
    MarketState,
    OrderType,
    TimeInForce,
)

_CONTINUOUS = int(MarketState.CONTINUOUS)
_HALT = int(MarketState.HALT)
_CLOSED = int(MarketState.CLOSED)
_MARKET = int(OrderType.MARKET)
_GTC = int(TimeInForce.GTC)
_FOK = int(TimeInForce.FOK)
_POST_ONLY = int(CommandFlag.POST_ONLY)
_ACCEPTED = int(EventKind.ACCEPTED)
_RESTED = int(EventKind.RESTED)
_TRADE = int(EventKind.TRADE)

_SYMBOL_NOT_OPEN = int(Reason.SYMBOL_NOT_OPEN)
_NOT_ALLOWED_IN_AUCTION = int(Reason.NOT_ALLOWED_IN_AUCTION)
_PRICE_OUT_OF_RANGE = int(Reason.PRICE_OUT_OF_RANGE)
_INVALID_QUANTITY = int(Reason.INVALID_QUANTITY)
_WOULD_CROSS = int(Reason.WOULD_CROSS)
_NOT_FILLABLE = int(Reason.NOT_FILLABLE)
_ORDER_POOL_FULL = int(Reason.ORDER_POOL_FULL)
_LEVEL_POOL_FULL = int(Reason.LEVEL_POOL_FULL)
_INVALID_ORDER = int(Reason.INVALID_ORDER)
_UNKNOWN_SYMBOL = int(Reason.UNKNOWN_SYMBOL)
_IMMEDIATE_REST = int(Reason.IMMEDIATE_REST)
_MARKET_REST = int(Reason.MARKET_REST)

NEVER = 1 << 40
"""An index that no best price reaches: an order with this limit does not match."""


@kernel
def limit_index(shard: Shard, symbol: int, side: int, price_ticks: int, is_market: bool) -> int:
    """The worst index of the opposite side that an order may trade at; NEVER outside continuous trading."""
    if shard.books[symbol].state != _CONTINUOUS:
        return NEVER
    if is_market:
        return 0
    return index_of(shard.sides[2 * symbol + 1 - side], price_ticks)


@kernel
def is_fillable(shard: Shard, symbol: int, side: int, limit: int, quantity_lots: int) -> bool:
    """Whether the opposite side down to index `limit` holds at least `quantity_lots`."""
    levels = shard.levels
    number = signed(shard.sides[2 * symbol + 1 - side].best_level)
    found = signed(0)
    while levels[number].index >= limit:
        found += levels[number].quantity_lots
        if found >= quantity_lots:
            return True
        number = signed(levels[number].worse)
    return False


@kernel
def _refusal(shard: Shard, command: Any, symbol: int) -> int:
    """Why an order that is not a plain limit order in continuous trading is refused; 0 when it is not."""
    book = shard.books[symbol]
    if book.defined == 0:
        return _UNKNOWN_SYMBOL
    state = book.state
    if state == _HALT or state == _CLOSED:
        return _SYMBOL_NOT_OPEN
    is_market = command.order_type == _MARKET
    post_only = command.flags & _POST_ONLY
    if (
        command.order_type > _MARKET
        or command.time_in_force > _FOK
        or command.side > 1
        or command.flags > _POST_ONLY
        or (post_only and (is_market or command.time_in_force != _GTC))
    ):
        return _INVALID_ORDER
    if command.quantity_lots < 1 or command.quantity_lots > QUANTITY_MAX:
        return _INVALID_QUANTITY
    if not is_market and (command.price_ticks < book.lowest_ticks or command.price_ticks > book.highest_ticks):
        return _PRICE_OUT_OF_RANGE
    if state != _CONTINUOUS:
        if is_market or post_only or command.time_in_force != _GTC:
            return _NOT_ALLOWED_IN_AUCTION
        return 0
    limit = limit_index(shard, symbol, command.side, command.price_ticks, is_market)
    if post_only and shard.sides[2 * symbol + 1 - command.side].best_index >= limit:
        return _WOULD_CROSS
    if command.time_in_force == _FOK and not is_fillable(shard, symbol, command.side, limit, command.quantity_lots):
        return _NOT_FILLABLE
    return 0


@kernel
def _plain_refusal(shard: Shard, command: Any, symbol: int) -> int:
    book = shard.books[symbol]
    if command.quantity_lots < 1 or command.quantity_lots > QUANTITY_MAX:
        return _INVALID_QUANTITY
    if command.price_ticks < book.lowest_ticks or command.price_ticks > book.highest_ticks:
        return _PRICE_OUT_OF_RANGE
    return 0


@kernel
def new_order(shard: Shard, command: Any) -> bool:
    """Accept, match and rest or end a new order, or refuse it. False when it waits for room in the event ring."""
    symbol = signed(command.symbol)
    if symbol >= len(shard.books):
        reject(shard, command, _UNKNOWN_SYMBOL)
        return True
    rare = signed(command.order_type) | command.time_in_force | command.flags | (command.side & 0xFE)
    if rare == 0 and shard.books[symbol].state == _CONTINUOUS:
        reason = _plain_refusal(shard, command, symbol)
    else:
        reason = _refusal(shard, command, symbol)
    if reason != 0:
        reject(shard, command, reason)
        return True

    side = signed(command.side)
    is_market = command.order_type == _MARKET
    price = signed(0) if is_market else signed(command.price_ticks)
    may_rest = not is_market and command.time_in_force == _GTC
    own = shard.sides[2 * symbol + side]
    if may_rest and not has_level(shard, own, index_of(own, price)):
        reject(shard, command, _LEVEL_POOL_FULL)
        return True
    slot = take_slot(shard)
    if slot == 0:
        reject(shard, command, _ORDER_POOL_FULL)
        return True

    order = shard.orders[slot]
    order_id = (command.sequence << SLOT_BITS) | slot
    order.order_id = order_id
    order.leaves_lots = command.quantity_lots
    order.filled_lots = 0
    order.client_order_id = command.client_order_id
    order.price_ticks = price
    order.account = command.account
    order.symbol = symbol
    order.side = side
    order.order_type = command.order_type
    order.time_in_force = command.time_in_force
    order.flags = command.flags

    limit = limit_index(shard, symbol, side, price, is_market)
    rests_at_once = may_rest and shard.sides[2 * symbol + 1 - side].best_index < limit
    emit(
        shard,
        command,
        _ACCEPTED,
        side | (RESTING | LAST if rests_at_once else 0),
        0,
        symbol,
        price,
        command.quantity_lots,
        order_id,
        command.account,
        signed(command.order_type) | signed(command.time_in_force) << 8,
        command.client_order_id,
    )
    if rests_at_once:
        append(shard, own, index_of(own, price), slot)
        return True
    return sweep(shard, command, slot, limit)


@kernel
def sweep(shard: Shard, command: Any, slot: int, limit: int) -> bool:
    """Trade the order in `slot` against the other side down to index `limit`, then rest or end what is left.

    False when the event ring is full: the sweep is then pending and goes on with resume_sweep().
    """
    orders = shard.orders
    order = orders[slot]
    opposite = shard.sides[2 * signed(order.symbol) + 1 - signed(order.side)]
    leaves = order.leaves_lots
    filled = signed(0)
    while leaves > 0 and opposite.best_index >= limit:
        if not has_room(shard):
            order.leaves_lots = leaves
            order.filled_lots += filled
            shard.words[W_PENDING] = P_SWEEP
            shard.words[W_PENDING_A] = slot
            return False
        level = shard.levels[opposite.best_level]
        maker_slot = signed(level.head)
        maker = orders[maker_slot]
        quantity = min(leaves, maker.leaves_lots)
        leaves -= quantity
        filled += quantity
        flags = signed(order.side)
        if leaves == 0:
            flags |= ORDER_DONE | LAST
        maker_done = quantity == maker.leaves_lots
        if maker_done:
            flags |= COUNTER_DONE
        shard.words[W_TRADES] += 1
        emit(
            shard,
            command,
            _TRADE,
            flags,
            0,
            order.symbol,
            maker.price_ticks,
            quantity,
            order.order_id,
            order.account,
            maker.account,
            maker.order_id,
        )
        if maker_done:
            remove(shard, opposite, maker_slot)
            free_slot(shard, maker_slot)
        else:
            maker.leaves_lots -= quantity
            maker.filled_lots += quantity
            level.quantity_lots -= quantity
    order.leaves_lots = leaves
    order.filled_lots += filled
    shard.words[W_PENDING] = P_NONE
    if leaves == 0:
        free_slot(shard, slot)
    else:
        _rest_or_end(shard, command, slot)
    return True


@kernel
def _rest_or_end(shard: Shard, command: Any, slot: int) -> None:
    """What an aggressive order has left rests when it is good till cancelled, and ends otherwise."""
    order = shard.orders[slot]
    if order.order_type == _MARKET:
        cancelled(shard, command, order, LAST, _MARKET_REST)
        free_slot(shard, slot)
        return
    if order.time_in_force != _GTC:
        cancelled(shard, command, order, LAST, _IMMEDIATE_REST)
        free_slot(shard, slot)
        return
    emit(
        shard,
        command,
        _RESTED,
        signed(order.side) | RESTING | LAST,
        0,
        order.symbol,
        order.price_ticks,
        order.leaves_lots,
        order.order_id,
        order.account,
        0,
        order.client_order_id,
    )
    own = shard.sides[2 * signed(order.symbol) + signed(order.side)]
    append(shard, own, index_of(own, order.price_ticks), slot)


@kernel
def resume_sweep(shard: Shard, command: Any) -> bool:
    """Go on with a sweep that waited for room in the event ring; False when it must wait again."""
    slot = shard.words[W_PENDING_A]
    shard.words[W_PENDING_A] = 0  # see end_phase(), which is not worth its stores after every sweep
    order = shard.orders[slot]
    limit = limit_index(shard, order.symbol, order.side, order.price_ticks, order.order_type == _MARKET)
    return sweep(shard, command, slot, limit)


@kernel
def take_out(shard: Shard, command: Any, slot: int, flags: int, reason: int) -> None:
    """Take a resting order out of the book for `reason`."""
    order = shard.orders[slot]
    cancelled(shard, command, order, flags | WAS_RESTING, reason)
    remove(shard, shard.sides[2 * signed(order.symbol) + signed(order.side)], slot)
    free_slot(shard, slot)
