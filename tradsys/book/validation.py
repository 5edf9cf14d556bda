"""Whether a new order is one: which options go with which type, and the limits of prices and quantities.

docs/orders.md, "Order types", has the rules and the order of the refusals.
"""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.book.layout import Shard
from tradsys.book.placing import has_trigger
from tradsys.book.rules import breaches_collar
from tradsys.options import has_limit, link_of, self_trade_mode
from tradsys.reasons import Reason
from tradsys.records import (
    BPS,
    LINK_MASK,
    LINK_SHIFT,
    NOTIONAL_MAX,
    QUANTITY_MAX,
    SELF_TRADE_MASK,
    SELF_TRADE_SHIFT,
    CommandFlag,
    Link,
    OrderType,
    SelfTrade,
    TimeInForce,
)

_LIMIT = int(OrderType.LIMIT)
_MARKET = int(OrderType.MARKET)
_STOP_LIMIT = int(OrderType.STOP_LIMIT)
_TRAILING = int(OrderType.TRAILING_STOP)
_TAKE_PROFIT_LIMIT = int(OrderType.TAKE_PROFIT_LIMIT)
_PEGGED = int(OrderType.PEGGED)
_GTC = int(TimeInForce.GTC)
_IOC = int(TimeInForce.IOC)
_DAY = int(TimeInForce.DAY)
_GTD = int(TimeInForce.GTD)
_AT_OPEN = int(TimeInForce.AT_OPEN)
_AT_CLOSE = int(TimeInForce.AT_CLOSE)
_POST_ONLY = int(CommandFlag.POST_ONLY)
_SLIDE = int(CommandFlag.SLIDE)
_HIDDEN = int(CommandFlag.HIDDEN)
_EXTENDED = int(CommandFlag.EXTENDED)
_GROUP = int(CommandFlag.GROUP)
_BUDGET = int(CommandFlag.BUDGET)
_BASIS_POINTS = int(CommandFlag.BASIS_POINTS)
_MIDPOINT = int(CommandFlag.MIDPOINT)
_DECREMENT = int(SelfTrade.DECREMENT)
_OCO = int(Link.ONE_CANCELS_OTHER)
_OTO = int(Link.ONE_TRIGGERS_OTHER)
_SELF_TRADE = SELF_TRADE_MASK << SELF_TRADE_SHIFT
_LINK = LINK_MASK << LINK_SHIFT
_KNOWN = _POST_ONLY | _SLIDE | _HIDDEN | _EXTENDED | _GROUP | _BUDGET | _BASIS_POINTS | _MIDPOINT | _SELF_TRADE | _LINK
_PREVENTION = _SELF_TRADE | _GROUP
_LEG_FLAGS = _PREVENTION | _BASIS_POINTS

_INVALID_QUANTITY = int(Reason.INVALID_QUANTITY)
_PRICE_OUT_OF_RANGE = int(Reason.PRICE_OUT_OF_RANGE)
_NOTIONAL_TOO_LARGE = int(Reason.NOTIONAL_TOO_LARGE)
_PRICE_COLLAR = int(Reason.PRICE_COLLAR)


@kernel
def stays(time_in_force: int) -> bool:
    """Whether an order stays until it is filled, cancelled or expires."""
    return time_in_force == _GTC or time_in_force == _DAY or time_in_force == _GTD


@kernel
def _fits_type(order_type: int, time_in_force: int) -> bool:
    """Whether the time in force goes with the type."""
    if order_type == _LIMIT:
        return time_in_force <= _AT_CLOSE
    if order_type == _MARKET:
        return time_in_force <= _AT_CLOSE and time_in_force != _DAY and time_in_force != _GTD
    return order_type <= _PEGGED and stays(time_in_force)


@kernel
def _prevention_is_valid(flags: int) -> bool:
    mode = self_trade_mode(flags)
    return mode <= _DECREMENT and (mode != 0 or flags & _GROUP == 0)


@kernel
def _budget_is_valid(command: Any, lowest_ticks: int, minimum_lots: int) -> bool:
    flags = signed(command.flags)
    return (
        command.order_type == _MARKET
        and (command.time_in_force == _GTC or command.time_in_force == _IOC)
        and minimum_lots == 0
        and self_trade_mode(flags) != _DECREMENT
        and flags & _LINK == 0
        and lowest_ticks > 0
    )


@kernel
def _flags_fit(command: Any, lowest_ticks: int, display_lots: int, minimum_lots: int) -> bool:
    """Whether options that only some types have are those of this type."""
    flags = signed(command.flags)
    order_type, time_in_force = signed(command.order_type), signed(command.time_in_force)
    rests = order_type == _LIMIT and stays(time_in_force)
    if flags & _POST_ONLY and (not rests or minimum_lots != 0):
        return False
    if flags & _SLIDE and flags & _POST_ONLY == 0:
        return False
    if flags & _HIDDEN and (not (rests or order_type == _PEGGED) or display_lots != 0):
        return False
    if display_lots != 0 and not rests:
        return False
    immediate = order_type <= _MARKET and (stays(time_in_force) or time_in_force == _IOC)
    if minimum_lots != 0 and not immediate:
        return False
    if flags & _BUDGET and not _budget_is_valid(command, lowest_ticks, minimum_lots):
        return False
    if flags & _BASIS_POINTS and order_type != _TRAILING:
        return False
    return flags & _MIDPOINT == 0 or order_type == _PEGGED


@kernel_entry
def is_valid_order(
    command: Any, lowest_ticks: int, expires_ns: int, display_lots: int, minimum_lots: int, legs: int
) -> bool:
    """Whether the options of a NEW go together, and `legs` is the number of legs that it announces."""
    flags = signed(command.flags)
    order_type, time_in_force = signed(command.order_type), signed(command.time_in_force)
    if command.side > 1 or not _fits_type(order_type, time_in_force):
        return False
    if flags & ~_KNOWN or not _prevention_is_valid(flags):
        return False
    if (time_in_force == _GTD) != (expires_ns > 0) or expires_ns < 0:
        return False
    if time_in_force >= _AT_OPEN and flags & ~_PREVENTION:
        return False
    if not _flags_fit(command, lowest_ticks, display_lots, minimum_lots):
        return False
    link = link_of(flags)
    if link == 0:
        return legs == 0
    if link == _OCO:
        plain = flags & ~(_LEG_FLAGS | _EXTENDED | _LINK) == 0 and display_lots == 0 and minimum_lots == 0
        return legs == 1 and plain and is_leg_type(order_type) and stays(time_in_force)
    return link == _OTO and (legs == 1 or legs == 2) and order_type != _PEGGED and time_in_force < _AT_OPEN


@kernel
def is_leg_type(order_type: int) -> bool:
    """Whether orders of this type can be linked to others."""
    return order_type == _LIMIT or has_trigger(order_type)


@kernel_entry
def is_valid_leg(leg: Any, command: Any) -> bool:
    """Whether a LEG can be one of the NEW."""
    flags = signed(leg.flags)
    time_in_force = signed(leg.time_in_force)
    if leg.side > 1 or not is_leg_type(signed(leg.order_type)) or not stays(time_in_force):
        return False
    if flags & ~_LEG_FLAGS or not _prevention_is_valid(flags):
        return False
    if flags & _BASIS_POINTS and leg.order_type != _TRAILING:
        return False
    if leg.symbol != command.symbol or leg.account != command.account:
        return False
    if link_of(signed(command.flags)) == _OCO:
        return time_in_force == command.time_in_force
    return time_in_force != _GTD or command.time_in_force == _GTD


@kernel
def can_cancel_each_other(one: Any, other: Any) -> bool:
    """Whether two orders of which one cancels the other are not both limit orders of the same side."""
    return one.order_type != _LIMIT or other.order_type != _LIMIT or one.side != other.side


@kernel
def quantity_refusal(command: Any) -> int:
    """INVALID_QUANTITY, or 0."""
    most = NOTIONAL_MAX if signed(command.flags) & _BUDGET else QUANTITY_MAX
    return _INVALID_QUANTITY if command.quantity_lots < 1 or command.quantity_lots > most else 0


@kernel
def is_in_range(book: Any, price_ticks: int) -> bool:
    """Whether the symbol has this price."""
    return price_ticks >= book.lowest_ticks and price_ticks <= book.highest_ticks


@kernel
def is_notional_too_large(price_ticks: int, quantity_lots: int) -> bool:
    """Whether price times quantity is more than the venue can hold."""
    return price_ticks != 0 and quantity_lots > NOTIONAL_MAX // abs(signed(price_ticks))


@kernel_entry
def price_refusal(shard: Shard, symbol: int, command: Any, trigger_ticks: int) -> int:
    """Why the limit, the trigger or the distance of a NEW or LEG is refused; 0 when they are not."""
    book = shard.books[symbol]
    order_type = signed(command.order_type)
    price = signed(command.price_ticks)
    if order_type == _TRAILING:
        most = BPS - 1 if signed(command.flags) & _BASIS_POINTS else (1 << 31) - 1
        return _PRICE_OUT_OF_RANGE if price < 1 or price > most else 0
    if has_limit(order_type) and not is_in_range(book, price):
        return _PRICE_OUT_OF_RANGE
    if has_trigger(order_type) and not is_in_range(book, trigger_ticks):
        return _PRICE_OUT_OF_RANGE
    if not has_limit(order_type):
        return 0
    if is_notional_too_large(price, command.quantity_lots):
        return _NOTIONAL_TOO_LARGE
    return _PRICE_COLLAR if breaches_collar(book, price) else 0
