"""Pegged orders: their prices follow the touch."""

from __future__ import annotations

from tradsys.records import MarketState
from tradsys.reference.acting import trade_and_rest, will_trade
from tradsys.reference.events import RESTING, WAS_RESTING
from tradsys.reference.floor import Floor
from tradsys.reference.market import Market
from tradsys.reference.orders import Order, Place
from tradsys.reference.terms import BUY, MIDPOINT


def peg_price(market: Market, order: Order) -> int | None:
    """The price in ticks that belongs to a pegged order now; None: it has none."""
    if market.state != MarketState.CONTINUOUS:
        return None
    bid, ask = market.book.best_displayed()
    if order.flags & MIDPOINT:
        if bid is None or ask is None:
            return None
        # Rounded away from trading.
        price = (bid + ask) // 2 if order.side == BUY else -((bid + ask) // -2)
    else:
        own = bid if order.side == BUY else ask
        if own is None:
            return None
        price = own
    return min(price, order.limit_ticks) if order.side == BUY else max(price, order.limit_ticks)


def price_next_peg(floor: Floor, market: Market) -> bool:
    """The first pegged order with a wrong price gets the one that belongs to it; gives whether there was one."""
    for order in market.pegs.values():
        price = peg_price(market, order)
        if price != (order.price_ticks if order.place is Place.BOOK else None):
            _reprice(floor, market, order, price)
            return True
    return False


def _reprice(floor: Floor, market: Market, order: Order, price: int | None) -> None:
    previous = order.price_ticks
    flags = WAS_RESTING if market.take_out(order) else 0
    order.price_ticks = order.limit_ticks if price is None else price
    goes_to_rest = price is not None and not will_trade(market, order)
    floor.events.amended(order, flags | (RESTING if goes_to_rest else 0), previous, order.leaves_lots)
    if price is None:
        order.place = Place.UNPRICED
    else:
        trade_and_rest(floor, order, was_told=goes_to_rest)
