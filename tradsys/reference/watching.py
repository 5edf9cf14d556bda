"""The prices that triggers watch, and the triggers that follow them."""

from __future__ import annotations

from tradsys.records import OrderType, TriggerSource
from tradsys.reference.market import Market
from tradsys.reference.orders import Order, Place
from tradsys.reference.terms import BASIS_POINTS, BUY, width_ticks


def watched_ticks(market: Market, order: Order) -> int | None:
    """The price that a trailing stop follows; None when there is none at the moment."""
    if market.rules.trigger_source == TriggerSource.LAST:
        return market.last_ticks
    bid, ask = market.book.best_displayed()
    return bid if order.waits_above else ask


def set_first_trigger(market: Market, order: Order) -> None:
    """Put a trailing stop's trigger at its distance from the market as it is now."""
    watched = watched_ticks(market, order)
    order.trigger_ticks = _trigger_at(market, order, market.last_ticks if watched is None else watched)


def _trigger_at(market: Market, order: Order, watched: int) -> int:
    distance = order.distance
    if order.flags & BASIS_POINTS:
        distance = max(width_ticks(watched, order.distance), 1)
    trigger = watched + distance if order.side == BUY else watched - distance
    return min(max(trigger, market.lowest_ticks), market.highest_ticks)


def follow(market: Market) -> bool:
    """Every trailing stop that waits follows the market, if that moved in its favour; gives whether one did."""
    has_moved = False
    for order in market.trailing.values():
        watched = watched_ticks(market, order)
        if order.place is not Place.TRIGGER or watched is None:
            continue
        trigger = _trigger_at(market, order, watched)
        is_nearer = trigger < order.trigger_ticks if order.side == BUY else trigger > order.trigger_ticks
        if is_nearer:
            market.take_out(order)
            order.trigger_ticks = trigger
            market.put_behind_trigger(order)
            has_moved = True
    return has_moved


def first_reached(market: Market) -> Order | None:
    """The order that fires next: those above the market before those below, the nearest trigger first."""
    above, below = market.above.first_price(), market.below.first_price()
    if above is not None and market.seen_high is not None and market.seen_high >= above:
        return market.above.first_at(above)
    if below is not None and market.seen_low is not None and market.seen_low <= below:
        return market.below.first_at(below)
    return None


TYPES_FIRED = {
    OrderType.STOP: OrderType.MARKET,
    OrderType.STOP_LIMIT: OrderType.LIMIT,
    OrderType.TRAILING_STOP: OrderType.MARKET,
    OrderType.TAKE_PROFIT: OrderType.MARKET,
    OrderType.TAKE_PROFIT_LIMIT: OrderType.LIMIT,
}
"""What an order with a trigger becomes when it fires."""
