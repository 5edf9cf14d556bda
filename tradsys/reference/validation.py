"""Which options of a new order go together; everything else is INVALID_ORDER."""

from __future__ import annotations

from tradsys.records import Link, OrderType, SelfTrade, TimeInForce
from tradsys.reference.market import Market
from tradsys.reference.messages import Command
from tradsys.reference.terms import (
    BASIS_POINTS,
    BUDGET,
    EVERY_FLAG,
    EXTENDED,
    FOR_AUCTIONS,
    GROUP,
    HIDE,
    LASTING,
    LINK_BITS,
    MIDPOINT,
    POST_ONLY,
    SELF_TRADE_BITS,
    SELL,
    SLIDE,
    WITH_TRIGGER,
    self_trade_of,
)
from tradsys.reference.tickets import Ticket


def is_valid(ticket: Ticket, market: Market) -> bool:
    """Whether the order's and its legs' options are among those that there are."""
    command = ticket.command
    return (
        _is_known(command)
        and _has_valid_time(ticket)
        and _has_valid_flags(ticket, market)
        and _has_valid_quantities(ticket)
        and _has_valid_links(ticket)
    )


def _is_known(command: Command) -> bool:
    """Side, type, time in force and self-trade prevention of an order or a leg, and no flag that there is not."""
    mode = self_trade_of(command.flags)
    return (
        command.side <= SELL
        and command.order_type <= OrderType.PEGGED
        and command.time_in_force <= TimeInForce.AT_CLOSE
        and mode <= SelfTrade.DECREMENT
        and not (command.flags & GROUP and mode == SelfTrade.NONE)
        and not command.flags & ~EVERY_FLAG
    )


def _has_valid_time(ticket: Ticket) -> bool:
    command = ticket.command
    time, is_market = command.time_in_force, command.order_type == OrderType.MARKET
    if time == TimeInForce.GTD:
        return not is_market and ticket.extension.expires_ns > 0
    if ticket.extension.expires_ns != 0:
        return False
    if time == TimeInForce.GTC:
        return True
    if time == TimeInForce.DAY:
        return not is_market
    if not is_market and command.order_type != OrderType.LIMIT:
        return False
    if time in FOR_AUCTIONS:
        return not command.flags & ~(SELF_TRADE_BITS | GROUP)
    return True  # immediate or cancel, fill or kill


def _has_valid_flags(ticket: Ticket, market: Market) -> bool:
    command, extension = ticket.command, ticket.extension
    flags, order_type = command.flags, command.order_type
    is_lasting_limit = order_type == OrderType.LIMIT and command.time_in_force in LASTING
    if flags & POST_ONLY and not (is_lasting_limit and extension.minimum_lots == 0):
        return False
    if flags & SLIDE and not flags & POST_ONLY:
        return False
    if flags & HIDE and order_type != OrderType.PEGGED and not (is_lasting_limit and ticket.display_lots == 0):
        return False
    if flags & BASIS_POINTS and order_type != OrderType.TRAILING_STOP:
        return False
    if flags & MIDPOINT and order_type != OrderType.PEGGED:
        return False
    if flags & BUDGET:
        return (
            order_type == OrderType.MARKET
            and command.time_in_force in {TimeInForce.GTC, TimeInForce.IOC}
            and extension.minimum_lots == 0
            and self_trade_of(flags) != SelfTrade.DECREMENT
            and ticket.link == Link.NONE
            and market.lowest_ticks > 0
        )
    return True


def _has_valid_quantities(ticket: Ticket) -> bool:
    command = ticket.command
    is_limit = command.order_type == OrderType.LIMIT
    if ticket.display_lots != 0 and not (is_limit and command.time_in_force in LASTING):
        return False
    if ticket.extension.minimum_lots != 0:
        is_plain = is_limit or command.order_type == OrderType.MARKET
        return is_plain and (command.time_in_force in LASTING or command.time_in_force == TimeInForce.IOC)
    return True


def _has_valid_links(ticket: Ticket) -> bool:
    command, legs = ticket.command, ticket.legs
    if not all(_is_valid_leg(leg, command) for leg in legs):
        return False
    if ticket.link == Link.ONE_CANCELS_OTHER:
        (leg,) = legs
        return (
            _can_be_linked(command, LINK_BITS | EXTENDED)
            and leg.time_in_force == command.time_in_force
            and ticket.display_lots == 0
            and ticket.extension.minimum_lots == 0
            and _can_cancel_each_other(command, leg)
        )
    if ticket.link == Link.ONE_TRIGGERS_OTHER:
        is_right_order = command.order_type != OrderType.PEGGED and command.time_in_force not in FOR_AUCTIONS
        return is_right_order and (len(legs) == 1 or _can_cancel_each_other(*legs))
    return True


def _is_valid_leg(leg: Command, command: Command) -> bool:
    return (
        _is_known(leg)
        and _can_be_linked(leg, 0)
        and leg.account == command.account
        and (leg.time_in_force != TimeInForce.GTD or command.time_in_force == TimeInForce.GTD)
    )


def _can_be_linked(command: Command, more_flags: int) -> bool:
    """Whether an order can be one of two that cancel each other, or wait for another."""
    order_type = command.order_type
    if command.flags & BASIS_POINTS and order_type != OrderType.TRAILING_STOP:
        return False
    return (
        (order_type == OrderType.LIMIT or order_type in WITH_TRIGGER)
        and command.time_in_force in LASTING
        and not command.flags & ~(SELF_TRADE_BITS | GROUP | BASIS_POINTS | more_flags)
    )


def _can_cancel_each_other(one: Command, other: Command) -> bool:
    are_limits = one.order_type == other.order_type == OrderType.LIMIT
    return not (are_limits and one.side == other.side)
