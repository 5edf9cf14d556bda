"""A taker against the other side: best price first, displayed before hidden, earliest first, at the makers' prices."""

from __future__ import annotations

from tradsys.reasons import Reason
from tradsys.records import SelfTrade
from tradsys.reference.endings import after_trade, end, end_partner, refresh
from tradsys.reference.events import KEPT_PRIORITY, RESTING, WAS_RESTING
from tradsys.reference.floor import Floor
from tradsys.reference.orders import Order, Place
from tradsys.reference.terms import is_within_limit


def sweep(floor: Floor, taker: Order) -> bool:
    """Trade as far as the limit, self-trade prevention, the budget and the bands allow.

    Gives whether a band interrupted it. The taker may be GONE afterwards, or have nothing left and yet to leave.
    """
    market = floor.market_of(taker)
    makers = market.book.opposite(taker.side)
    while taker.place is not Place.GONE and taker.leaves_lots > 0:
        maker = makers.best_order()
        if maker is None or not is_within_limit(taker.side, maker.price_ticks, taker.limit):
            return False
        if maker is taker.partner:
            end_partner(floor, taker)  # an order does not trade with the one that it cancels
            continue
        if taker.self_trade != SelfTrade.NONE and floor.is_own(taker, maker):
            _prevent(floor, taker, maker)
            continue
        wanted = _wanted_lots(taker, maker)
        if wanted == 0:
            end(floor, taker, Reason.BUDGET_REST)
            return False
        if not market.is_in_bands(maker.price_ticks, market.last_ticks):
            return True
        _trade(floor, taker, maker, min(wanted, maker.shown_lots))
    return False


def _wanted_lots(taker: Order, maker: Order) -> int:
    """How much the taker would take at this price: of a budget the whole lots that the rest of it pays."""
    return taker.leaves_lots // maker.price_ticks if taker.is_budget else taker.leaves_lots


def _trade(floor: Floor, taker: Order, maker: Order, quantity_lots: int) -> None:
    price = maker.price_ticks
    taker.fill(price, quantity_lots)
    maker.fill(price, quantity_lots)
    floor.market_of(maker).print_trade(price)
    floor.events.trade(taker, maker, price, quantity_lots, taker.side)
    after_trade(floor, maker)
    # The maker may have been the taker's own partner, and the taker has gone by that.
    if taker.place is not Place.GONE:
        end_partner(floor, taker)


def _prevent(floor: Floor, taker: Order, maker: Order) -> None:
    """The taker has met an order of its own; its mode says what becomes of both."""
    quantity = min(_wanted_lots(taker, maker), maker.shown_lots)
    floor.events.prevented(taker, maker, quantity)
    match taker.self_trade:
        case SelfTrade.CANCEL_TAKER:
            end(floor, taker, Reason.SELF_TRADE)
        case SelfTrade.CANCEL_MAKER:
            end(floor, maker, Reason.SELF_TRADE)
        case SelfTrade.CANCEL_BOTH:
            end(floor, maker, Reason.SELF_TRADE)
            if taker.place is not Place.GONE:  # they may have been partners
                end(floor, taker, Reason.SELF_TRADE)
        case _:
            _decrement(floor, taker, maker, quantity)


def _decrement(floor: Floor, taker: Order, maker: Order, quantity_lots: int) -> None:
    before = maker.leaves_lots
    taker.lose(quantity_lots)
    maker.lose(quantity_lots)
    if maker.leaves_lots == 0:
        end(floor, maker, Reason.SELF_TRADE, quantity_lots)
    elif maker.shown_lots == 0:
        refresh(floor, maker)
    else:
        floor.events.amended(maker, RESTING | WAS_RESTING | KEPT_PRIORITY, maker.price_ticks, before)
    if taker.place is not Place.GONE and taker.leaves_lots == 0:
        end(floor, taker, Reason.SELF_TRADE, quantity_lots)


def fillable_lots(floor: Floor, taker: Order) -> int:
    """How much an order that has not acted would trade at once, counted price by price."""
    market = floor.market_of(taker)
    makers = market.book.opposite(taker.side)
    passes_own = taker.self_trade == SelfTrade.CANCEL_MAKER
    total, last = 0, market.last_ticks
    for price in makers.prices_from_best():
        if not is_within_limit(taker.side, price, taker.limit):
            break
        displayed, hidden = makers.displayed.at(price), makers.hidden.at(price)
        found, meets_own = 0, False
        if not passes_own and any(_is_prevented(floor, taker, order) for order in displayed):
            # Slices that follow the first ones stand behind the own order.
            for order in displayed:
                if _is_prevented(floor, taker, order):
                    break
                found += order.shown_lots
            meets_own = True
        else:
            for order in (*displayed, *hidden):
                if not _is_prevented(floor, taker, order):
                    found += order.leaves_lots
                elif not passes_own:
                    meets_own = True
                    break
        if found > 0:
            if not market.is_in_bands(price, last):
                break
            total, last = total + found, price
        if meets_own:
            break
    return total


def _is_prevented(floor: Floor, taker: Order, maker: Order) -> bool:
    return taker.self_trade != SelfTrade.NONE and floor.is_own(taker, maker)
