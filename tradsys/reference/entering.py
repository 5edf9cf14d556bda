"""A new order, from its command to its first place."""

from __future__ import annotations

from tradsys.reasons import Reason
from tradsys.records import Link, OrderType, TimeInForce
from tradsys.reference.acting import act, has_to_wait, will_trade
from tradsys.reference.admission import why_closed, why_malformed, why_not_now
from tradsys.reference.floor import Floor
from tradsys.reference.market import Market
from tradsys.reference.messages import Command
from tradsys.reference.orders import Order
from tradsys.reference.tickets import orders_of, ticket_of
from tradsys.reference.watching import set_first_trigger


def enter(floor: Floor, command: Command, prelude: list[Command]) -> int:
    """Carry out a NEW; gives why it is refused."""
    reason = why_closed(floor, command.symbol)
    if reason != Reason.NONE:
        return reason
    market = floor.markets[command.symbol]
    ticket = ticket_of(command, prelude)
    reason = why_malformed(ticket, market, command.timestamp_ns)
    if reason != Reason.NONE:
        return reason
    assert ticket is not None, "or it is malformed"
    orders = orders_of(ticket, market)
    reason = why_not_now(floor, market, orders)
    if reason != Reason.NONE:
        return reason
    for order in orders:
        floor.enter(order, command.sequence)
        _register(market, order)
    goes_to_rest = _goes_to_rest(market, orders[0])
    for order in orders:
        _tell(floor, order, rests=goes_to_rest and order is orders[0])
    if ticket.link == Link.ONE_CANCELS_OTHER:
        floor.join_queue(orders[1])
    act(floor, orders[0], was_told=goes_to_rest)
    return Reason.NONE


def _register(market: Market, order: Order) -> None:
    """Put the order on the lists of its kind, and a trailing stop's trigger to its distance."""
    if order.is_pegged:
        market.pegs[order.order_id] = order
    if order.order_type == OrderType.TRAILING_STOP:
        market.trailing[order.order_id] = order
        set_first_trigger(market, order)


def _goes_to_rest(market: Market, order: Order) -> bool:
    """Whether the order goes into the book at once without trading."""
    return order.lasts and not has_to_wait(market, order) and not will_trade(market, order)


def _tell(floor: Floor, order: Order, *, rests: bool) -> None:
    floor.events.accepted(order, rests=rests)
    if order.has_trigger or order.is_iceberg or order.time_in_force == TimeInForce.GTD:
        floor.events.terms(order)
