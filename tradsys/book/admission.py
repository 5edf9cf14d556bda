"""Why a new order is refused, whatever its type and the book's state, and the price that an accepted one enters with.

docs/orders.md, "Order types", has the order of the refusals.
"""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.book.counts import counted_orders
from tradsys.book.crossing import NEVER, best_index, sweep_limit, tradeable_lots
from tradsys.book.layout import Shard
from tradsys.book.levels import price_of
from tradsys.book.placing import can_rest_at, can_wait_at, has_trigger, may_rest
from tradsys.book.prelude import trigger_of
from tradsys.book.states import is_collecting, takes_orders
from tradsys.book.validation import (
    can_cancel_each_other,
    is_in_range,
    is_valid_leg,
    is_valid_order,
    price_refusal,
    quantity_refusal,
    stays,
)
from tradsys.options import has_limit, link_of
from tradsys.reasons import Reason
from tradsys.records import (
    CommandFlag,
    Link,
    MarketState,
    OrderType,
    Side,
    TimeInForce,
)

_PRE_OPEN = int(MarketState.PRE_OPEN)
_OPENING = int(MarketState.OPENING_AUCTION)
_CONTINUOUS = int(MarketState.CONTINUOUS)
_HALT = int(MarketState.HALT)
_CLOSED = int(MarketState.CLOSED)
_FROZEN = int(MarketState.FROZEN)
_MARKET = int(OrderType.MARKET)
_TRAILING = int(OrderType.TRAILING_STOP)
_PEGGED = int(OrderType.PEGGED)
_BUY = int(Side.BUY)
_FOK = int(TimeInForce.FOK)
_GTD = int(TimeInForce.GTD)
_AT_OPEN = int(TimeInForce.AT_OPEN)
_POST_ONLY = int(CommandFlag.POST_ONLY)
_SLIDE = int(CommandFlag.SLIDE)
_HIDDEN = int(CommandFlag.HIDDEN)
_EXTENDED = int(CommandFlag.EXTENDED)
_OCO = int(Link.ONE_CANCELS_OTHER)
_UNKNOWN_SYMBOL = int(Reason.UNKNOWN_SYMBOL)
_SYMBOL_NOT_OPEN = int(Reason.SYMBOL_NOT_OPEN)
_AUCTION_FROZEN = int(Reason.AUCTION_FROZEN)
_INVALID_ORDER = int(Reason.INVALID_ORDER)
_INVALID_QUANTITY = int(Reason.INVALID_QUANTITY)
_ALREADY_EXPIRED = int(Reason.ALREADY_EXPIRED)
_NOT_ALLOWED_IN_AUCTION = int(Reason.NOT_ALLOWED_IN_AUCTION)
_NOT_ALLOWED_IN_STATE = int(Reason.NOT_ALLOWED_IN_STATE)
_TOO_MANY_ORDERS = int(Reason.TOO_MANY_ORDERS)
_WOULD_CROSS = int(Reason.WOULD_CROSS)
_NOT_FILLABLE = int(Reason.NOT_FILLABLE)
_MINIMUM_NOT_FILLABLE = int(Reason.MINIMUM_NOT_FILLABLE)


@kernel_entry
def _shape_refusal(shard: Shard, command: Any, lowest_ticks: int, extensions: int, legs: int) -> int:
    extension = shard.extensions[0]
    flags = signed(command.flags)
    if extensions != signed(flags & _EXTENDED != 0) or legs > 2:
        return _INVALID_ORDER
    expires, display, minimum = signed(0), signed(0), signed(0)
    if extensions == 1:
        expires, display, minimum = extension.expires_ns, extension.display_lots, extension.minimum_lots
        if extension.symbol != command.symbol:
            return _INVALID_ORDER
    shape_display = signed(0) if display == command.quantity_lots else display
    if not is_valid_order(command, lowest_ticks, expires, shape_display, minimum, legs):
        return _INVALID_ORDER
    for number in range(legs):
        if not is_valid_leg(shard.legs[number], command):
            return _INVALID_ORDER
    if link_of(flags) == _OCO and not can_cancel_each_other(command, shard.legs[0]):
        return _INVALID_ORDER
    if legs == 2 and not can_cancel_each_other(shard.legs[0], shard.legs[1]):
        return _INVALID_ORDER
    reason = quantity_refusal(command)
    if reason != 0:
        return reason
    if min(display, minimum) < 0 or max(display, minimum) > command.quantity_lots:
        return _INVALID_QUANTITY
    for number in range(legs):
        reason = quantity_refusal(shard.legs[number])
        if reason != 0:
            return reason
    return 0


@kernel
def _state_refusal(command: Any, state: int, minimum_lots: int) -> int:
    assert takes_orders(state), "a state in which orders come"
    time_in_force = signed(command.time_in_force)
    if time_in_force == _AT_OPEN and state != _PRE_OPEN and state != _OPENING:
        return _NOT_ALLOWED_IN_STATE
    if not is_collecting(state) or time_in_force >= _AT_OPEN:
        return 0
    immediate = command.order_type == _MARKET or not stays(time_in_force)
    if immediate or minimum_lots != 0 or signed(command.flags) & _POST_ONLY:
        return _NOT_ALLOWED_IN_AUCTION
    return 0


@kernel_entry
def _crossing_refusal(shard: Shard, command: Any, symbol: int, minimum_lots: int, limit: int) -> int:
    """Why an order that must trade at once, or must not, is refused in continuous trading."""
    side = signed(command.side)
    flags = signed(command.flags)
    assert shard.books[symbol].state == _CONTINUOUS, "only in continuous trading an order trades when it comes"
    would_cross = flags & _POST_ONLY != 0 and best_index(shard, symbol, 1 - side) >= limit
    if would_cross and (flags & _SLIDE == 0 or not is_in_range(shard.books[symbol], _slid_price(shard, symbol, side))):
        return _WOULD_CROSS
    needed = command.quantity_lots if command.time_in_force == _FOK else minimum_lots
    if needed > 0:
        lots = tradeable_lots(shard, symbol, side, limit, needed, flags, signed(command.account))
        assert lots >= 0, "nobody can trade less than nothing"
        if lots < needed:
            return _NOT_FILLABLE if command.time_in_force == _FOK else _MINIMUM_NOT_FILLABLE
    return 0


@kernel
def _slid_price(shard: Shard, symbol: int, side: int) -> int:
    """One tick behind the best price of the other side, which has orders."""
    index = best_index(shard, symbol, 1 - side)
    assert index >= 0, "the other side has orders"
    best = price_of(shard.sides[2 * symbol + 1 - side], index)
    return best - 1 if side == _BUY else best + 1


@kernel
def _limit(shard: Shard, command: Any) -> int:
    """The worst index of the other side that the order may trade at when it comes; NEVER if it does not trade then."""
    if command.order_type > _MARKET or command.time_in_force >= _AT_OPEN:
        return NEVER
    return sweep_limit(shard, command, signed(command.price_ticks))


@kernel_entry
def refusal(shard: Shard, command: Any, symbol: int, extensions: int, legs: int) -> int:
    """Why the order is refused; 0 when it is not."""
    assert command.symbol == symbol, "the order comes to its own book"
    assert 0 <= symbol < len(shard.books), "the shard has a place for the book"
    book = shard.books[symbol]
    state = signed(book.state)
    if book.defined == 0:
        return _UNKNOWN_SYMBOL
    if state == _HALT or state == _CLOSED:
        return _SYMBOL_NOT_OPEN
    if state == _FROZEN:
        return _AUCTION_FROZEN
    reason = _shape_refusal(shard, command, signed(book.lowest_ticks), extensions, legs)
    if reason != 0:
        return reason
    reason = price_refusal(shard, symbol, command, trigger_of(command))
    for number in range(legs):
        if reason == 0:
            reason = price_refusal(shard, symbol, shard.legs[number], trigger_of(shard.legs[number]))
    if reason != 0:
        return reason
    minimum = signed(0)
    if extensions == 1:
        extension = shard.extensions[0]
        minimum = extension.minimum_lots
        if command.time_in_force == _GTD and extension.expires_ns <= command.timestamp_ns:
            return _ALREADY_EXPIRED
    reason = _state_refusal(command, state, minimum)
    if reason != 0:
        return reason
    if book.orders_max != 0:
        live = counted_orders(shard, symbol, signed(command.account))
        if live + 1 + legs > book.orders_max:
            return _TOO_MANY_ORDERS
    if state == _CONTINUOUS:
        reason = _crossing_refusal(shard, command, symbol, minimum, _limit(shard, command))
    assert reason != 0 or command.quantity_lots > 0, "who comes wants to trade something"
    return reason


@kernel_entry
def has_room_in_book(shard: Shard, command: Any, symbol: int, price_ticks: int) -> bool:
    """Whether the order has a level to rest at, or a trigger level to wait at."""
    order_type = signed(command.order_type)
    if has_trigger(order_type):
        return order_type == _TRAILING or can_wait_at(shard, command, trigger_of(command))
    if order_type == _PEGGED or not may_rest(signed(command.time_in_force)):
        return True
    if order_type == _MARKET and command.time_in_force < _AT_OPEN:
        return True
    return can_rest_at(shard, symbol, signed(command.side), signed(command.flags) & _HIDDEN != 0, price_ticks)


@kernel_entry
def entry_price(shard: Shard, command: Any, symbol: int) -> int:
    """The price that the order enters with: its limit, or what the rules make of it."""
    book = shard.books[symbol]
    side = signed(command.side)
    if command.order_type == _MARKET and command.time_in_force >= _AT_OPEN:
        return signed(book.highest_ticks) if side == _BUY else signed(book.lowest_ticks)
    if not has_limit(signed(command.order_type)):
        return signed(0)
    price = signed(command.price_ticks)
    if signed(command.flags) & _SLIDE and best_index(shard, symbol, 1 - side) >= _limit(shard, command):
        price = _slid_price(shard, symbol, side)
    assert is_in_range(book, price), "an order enters at a price that the symbol has"
    return price
