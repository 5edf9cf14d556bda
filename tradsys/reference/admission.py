"""Why a new order is refused: the first reason that applies."""

from __future__ import annotations

from tradsys.reasons import Reason
from tradsys.records import (
    BPS,
    NOTIONAL_MAX,
    QUANTITY_MAX,
    MarketState,
    OrderType,
    TimeInForce,
)
from tradsys.reference.floor import Floor
from tradsys.reference.market import Market
from tradsys.reference.messages import Command
from tradsys.reference.orders import Order
from tradsys.reference.sweeping import fillable_lots
from tradsys.reference.terms import BASIS_POINTS, BUDGET, BUY, ENTERING, REFUSING, SLIDE, WITH_LIMIT, WITH_TRIGGER
from tradsys.reference.tickets import Ticket
from tradsys.reference.validation import is_valid


def why_closed(floor: Floor, symbol: int) -> int:
    """Why the symbol takes no orders at all."""
    market = floor.markets.get(symbol)
    if market is None:
        return Reason.UNKNOWN_SYMBOL
    if market.state in REFUSING:
        return Reason.SYMBOL_NOT_OPEN
    if market.state == MarketState.FROZEN:
        return Reason.AUCTION_FROZEN
    return Reason.NONE


def why_malformed(ticket: Ticket | None, market: Market, now_ns: int) -> int:
    """Why the symbol would never take such an order, whatever stands in its book. `ticket` None: a broken prelude."""
    if ticket is None or not is_valid(ticket, market):
        return Reason.INVALID_ORDER
    entries = [ticket.command, *ticket.legs]
    if not _has_quantities_in_range(ticket):
        return Reason.INVALID_QUANTITY
    for entry in entries:
        reason = why_not_these_prices(entry, market)
        if reason != Reason.NONE:
            return reason
    if ticket.command.time_in_force == TimeInForce.GTD and ticket.extension.expires_ns <= now_ns:
        return Reason.ALREADY_EXPIRED
    return Reason.NONE


def _has_quantities_in_range(ticket: Ticket) -> bool:
    command, extension = ticket.command, ticket.extension
    most = NOTIONAL_MAX if command.flags & BUDGET else QUANTITY_MAX
    return (
        1 <= command.quantity_lots <= most
        and 0 <= extension.display_lots <= command.quantity_lots
        and 0 <= extension.minimum_lots <= command.quantity_lots
        and all(1 <= leg.quantity_lots <= QUANTITY_MAX for leg in ticket.legs)
    )


def why_not_these_prices(entry: Command, market: Market) -> int:
    """Why the symbol does not take the limit, trigger or distance of an order or a leg."""
    if entry.order_type == OrderType.TRAILING_STOP:
        # A distance in ticks is at most what its field holds.
        most = BPS - 1 if entry.flags & BASIS_POINTS else entry.price_ticks
        if not 1 <= entry.price_ticks <= most:
            return Reason.PRICE_OUT_OF_RANGE
    elif entry.order_type in WITH_TRIGGER and not market.accepts_price(entry.trigger_ticks):
        return Reason.PRICE_OUT_OF_RANGE
    if entry.order_type in WITH_LIMIT:
        if not market.accepts_price(entry.price_ticks):
            return Reason.PRICE_OUT_OF_RANGE
        if abs(entry.price_ticks) * entry.quantity_lots > NOTIONAL_MAX:
            return Reason.NOTIONAL_TOO_LARGE
        if not market.is_in_collar(entry.price_ticks):
            return Reason.PRICE_COLLAR
    return Reason.NONE


def why_not_in_state(market: Market, order: Order) -> int:
    """Why the symbol's state does not take the order."""
    time = order.time_in_force
    if market.state in ENTERING:
        is_immediate = order.is_market or time in {TimeInForce.IOC, TimeInForce.FOK}
        if is_immediate or order.is_post_only or order.minimum_lots > 0:
            return Reason.NOT_ALLOWED_IN_AUCTION
    if time == TimeInForce.AT_OPEN and market.state not in {MarketState.PRE_OPEN, MarketState.OPENING_AUCTION}:
        return Reason.NOT_ALLOWED_IN_STATE
    return Reason.NONE


def why_not_now(floor: Floor, market: Market, orders: list[Order]) -> int:
    """Why an order and its legs cannot go to work now. A post-only order that may slide gets its price here."""
    order = orders[0]
    reason = why_not_in_state(market, order)
    if reason != Reason.NONE:
        return reason
    most, live = market.rules.orders_max, market.live_by_account.get(order.account, 0)
    if most != 0 and live + len(orders) > most:
        return Reason.TOO_MANY_ORDERS
    if order.is_post_only and market.book.would_trade(order.side, order.limit) and not _slides(market, order):
        return Reason.WOULD_CROSS
    if order.time_in_force == TimeInForce.FOK and fillable_lots(floor, order) < order.leaves_lots:
        return Reason.NOT_FILLABLE
    if order.minimum_lots > 0 and fillable_lots(floor, order) < order.minimum_lots:
        return Reason.MINIMUM_NOT_FILLABLE
    if floor.room() < len(orders):
        return Reason.ORDER_POOL_FULL
    return Reason.NONE


def _slides(market: Market, order: Order) -> bool:
    """Put a sliding order one tick behind the other side's best; False when it may not, or cannot."""
    best = market.book.opposite(order.side).best_price()
    assert best is not None, "it would trade"
    price = best - 1 if order.side == BUY else best + 1
    if not order.flags & SLIDE or not market.accepts_price(price):
        return False
    order.price_ticks = order.limit_ticks = price
    return True
