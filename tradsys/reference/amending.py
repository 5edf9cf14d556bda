"""Amendments: of price and quantity, in the book or where an order waits, and of triggers."""

from __future__ import annotations

from tradsys.reasons import Reason
from tradsys.records import NOTIONAL_MAX, QUANTITY_MAX, MarketState, OrderType
from tradsys.reference.acting import trade_and_rest
from tradsys.reference.endings import end
from tradsys.reference.events import KEPT_PRIORITY, RESTING, WAS_RESTING
from tradsys.reference.floor import Floor
from tradsys.reference.market import Market
from tradsys.reference.messages import Command
from tradsys.reference.orders import Order, Place
from tradsys.reference.terms import (
    LOSE_PRIORITY,
    NEW_PRICE,
    NEW_QUANTITY,
    NEW_TRIGGER,
    QUANTITY_IS_LEAVES,
    REFUSING,
)


def amend(floor: Floor, command: Command) -> int:
    """Carry out an AMEND; gives why it is refused."""
    order = floor.orders.get(command.order_id)
    if order is None or order.symbol != command.symbol:
        return Reason.UNKNOWN_ORDER
    market = floor.market_of(order)
    reason = _why_not(market, order, command)
    if reason != Reason.NONE:
        return reason
    price = command.price_ticks if command.flags & NEW_PRICE else order.price_ticks
    leaves = _amended_leaves(order, command)
    if leaves <= 0:
        end(floor, order, Reason.AMENDED_BELOW_FILLED)
        return Reason.NONE
    limit = order.limit_ticks if order.is_pegged else price
    if order.has_limit and abs(limit) * leaves > NOTIONAL_MAX:
        return Reason.NOTIONAL_TOO_LARGE
    if order.place is Place.BOOK:
        return _amend_in_book(floor, order, command, price, leaves)
    _amend_outside(floor, order, command, price, leaves)
    return Reason.NONE


def _why_not(market: Market, order: Order, command: Command) -> int:
    flags, price = command.flags, command.price_ticks
    if order.account != command.account:
        return Reason.NOT_YOUR_ORDER
    if not flags & (NEW_PRICE | NEW_QUANTITY | NEW_TRIGGER):
        return Reason.NOTHING_TO_AMEND
    if market.state in REFUSING:
        return Reason.SYMBOL_NOT_OPEN
    if market.state == MarketState.FROZEN:
        return Reason.AUCTION_FROZEN
    if not _is_amendable(order, flags):
        return Reason.NOT_AMENDABLE
    if flags & NEW_QUANTITY and not 1 <= command.quantity_lots <= QUANTITY_MAX:
        return Reason.INVALID_QUANTITY
    if flags & (NEW_PRICE | NEW_TRIGGER) and not market.accepts_price(price):
        return Reason.PRICE_OUT_OF_RANGE
    if flags & NEW_PRICE and not market.is_in_collar(price):
        return Reason.PRICE_COLLAR
    return Reason.NONE


def _is_amendable(order: Order, flags: int) -> bool:
    if flags & NEW_PRICE and flags & NEW_TRIGGER:
        return False
    if flags & NEW_PRICE:
        return order.has_limit and not order.is_pegged
    if flags & NEW_TRIGGER:
        return order.has_trigger and order.order_type != OrderType.TRAILING_STOP
    return True


def _amended_leaves(order: Order, command: Command) -> int:
    """The leaves that the amendment asks for; they may come out at or below zero."""
    if not command.flags & NEW_QUANTITY:
        return order.leaves_lots
    if command.flags & QUANTITY_IS_LEAVES:
        return command.quantity_lots
    return command.quantity_lots - order.filled_lots


def _amend_in_book(floor: Floor, order: Order, command: Command, price: int, leaves: int) -> int:
    market = floor.market_of(order)
    previous_price, previous_leaves = order.price_ticks, order.leaves_lots
    keeps = price == previous_price and leaves <= previous_leaves and not command.flags & LOSE_PRIORITY
    trades = not keeps and market.state == MarketState.CONTINUOUS and market.book.would_trade(order.side, price)
    if trades and order.is_post_only:
        return Reason.WOULD_CROSS
    if keeps:
        # It comes off an iceberg's reserve first.
        order.slice_lots = min(order.slice_lots, leaves)
    else:
        market.take_out(order)
    order.price_ticks, order.leaves_lots = price, leaves
    flags = WAS_RESTING | (0 if trades else RESTING) | (KEPT_PRIORITY if keeps else 0)
    floor.events.amended(order, flags, previous_price, previous_leaves)
    if not keeps:
        trade_and_rest(floor, order, was_told=not trades)
    return Reason.NONE


def _amend_outside(floor: Floor, order: Order, command: Command, price: int, leaves: int) -> None:
    market = floor.market_of(order)
    previous_price, previous_leaves = order.price_ticks, order.leaves_lots
    order.price_ticks, order.leaves_lots = price, leaves
    if order.has_limit and not order.is_pegged:
        order.limit_ticks = price
    floor.events.amended(order, KEPT_PRIORITY, previous_price, previous_leaves)
    if not command.flags & NEW_TRIGGER:
        return
    is_waiting = order.place is Place.TRIGGER
    if is_waiting:
        market.take_out(order)
    order.trigger_ticks = command.price_ticks
    if is_waiting:
        market.put_behind_trigger(order)
    floor.events.terms(order)
