"""What an order does when it is its turn: wait for what it waits for, or trade, and rest or end."""

from __future__ import annotations

from tradsys.reasons import Reason
from tradsys.records import EventKind, MarketState, OrderType, TimeInForce
from tradsys.reference.endings import end, end_partner, leave
from tradsys.reference.floor import Floor
from tradsys.reference.market import Market
from tradsys.reference.orders import Order, Place
from tradsys.reference.sweeping import sweep
from tradsys.reference.terms import AUCTIONS, LASTING
from tradsys.reference.watching import TYPES_FIRED, first_reached, set_first_trigger


def will_trade(market: Market, order: Order) -> bool:
    """Whether the order would meet another if it acted now."""
    return market.state == MarketState.CONTINUOUS and market.book.would_trade(order.side, order.limit)


def has_to_wait(market: Market, order: Order) -> bool:
    """Whether the order first waits for something outside the book."""
    is_early = order.time_in_force == TimeInForce.AT_CLOSE and market.state != MarketState.CLOSING_AUCTION
    return order.has_trigger or order.is_pegged or is_early


def act(floor: Floor, order: Order, *, was_told: bool = False) -> None:
    """It is the order's turn. `was_told`: an event has said that it goes into the book without trading."""
    market = floor.market_of(order)
    if order.has_trigger:
        market.put_behind_trigger(order)
    elif order.is_pegged:
        order.place = Place.UNPRICED
    elif has_to_wait(market, order):
        order.place = Place.PARKED
        market.parked[order.order_id] = order
    else:
        trade_and_rest(floor, order, was_told=was_told)


def trade_and_rest(floor: Floor, order: Order, *, was_told: bool = False) -> None:
    """Trade what can trade; the rest goes into the book, or ends."""
    market = floor.market_of(order)
    is_interrupted = will_trade(market, order) and sweep(floor, order)
    if order.place is Place.GONE:
        pass
    elif order.leaves_lots == 0:
        leave(floor, order)
    elif is_interrupted:
        if _rests_through_interruption(market, order):
            rest(floor, order)
        else:
            end(floor, order, Reason.VOLATILITY)
    elif order.lasts:
        rest(floor, order, was_told=was_told)
    else:
        end(floor, order, Reason.MARKET_REST if order.is_market else Reason.IMMEDIATE_REST)
    if is_interrupted:
        market.enter_state(market.rules.breach_state)
        floor.events.state(market.number, market.state, reason=Reason.VOLATILITY)


def _rests_through_interruption(market: Market, order: Order) -> bool:
    is_patient = order.order_type in {OrderType.LIMIT, OrderType.PEGGED} and order.time_in_force in LASTING
    return is_patient and market.rules.breach_state in AUCTIONS


def rest(floor: Floor, order: Order, *, was_told: bool = False) -> None:
    """Put an order into the book."""
    floor.market_of(order).put_in_book(order)
    if not was_told:
        floor.events.rested(order)
    if order.is_iceberg:
        floor.events.displayed(order)


def act_next(floor: Floor, market: Market) -> bool:
    """The head of the symbol's queue acts; gives whether there was one."""
    order = next(iter(market.queue.values()), None)
    if order is None:
        return False
    market.take_out(order)
    if order.order_type == OrderType.TRAILING_STOP:
        # It follows from now on; where the market was when it was entered does not matter.
        set_first_trigger(market, order)
    act(floor, order)
    return True


def fire_next(floor: Floor, market: Market) -> bool:
    """The first order whose trigger was reached acts; gives whether there was one."""
    market.look()
    order = first_reached(market)
    if order is None:
        return False
    market.take_out(order)
    market.trailing.pop(order.order_id, None)
    order.order_type = int(TYPES_FIRED[OrderType(order.order_type)])
    floor.events.order(EventKind.TRIGGERED, order)
    end_partner(floor, order)
    trade_and_rest(floor, order)
    return True
