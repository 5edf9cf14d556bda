"""Cancels, of one order and of many."""

from __future__ import annotations

from tradsys.reasons import Reason
from tradsys.records import SLOT_MASK, EventKind, MarketState
from tradsys.reference.endings import end
from tradsys.reference.floor import Floor
from tradsys.reference.messages import Command
from tradsys.reference.orders import Order, Place
from tradsys.reference.terms import ONE_SIDE
from tradsys.risk.terms import Scope


def cancel(floor: Floor, command: Command) -> int:
    """Carry out a CANCEL; gives why it is refused."""
    order = floor.orders.get(command.order_id)
    if order is None or order.symbol != command.symbol:
        return Reason.UNKNOWN_ORDER
    if order.account != command.account:
        return Reason.NOT_YOUR_ORDER
    if floor.market_of(order).state == MarketState.FROZEN:
        return Reason.AUCTION_FROZEN
    end(floor, order, Reason.CANCELLED_BY_CLIENT)
    return Reason.NONE


def cancel_all(floor: Floor, command: Command) -> int:
    """Carry out a CANCEL_ALL; gives why it is refused."""
    market = floor.markets.get(command.symbol)
    if market is not None and market.state == MarketState.FROZEN:
        return Reason.AUCTION_FROZEN
    chosen = [order for order in floor.orders.values() if _is_asked_for(command, order)]
    _cancel(floor, command, chosen, Reason.CANCELLED_BY_MASS_CANCEL)
    return Reason.NONE


def kill(floor: Floor, command: Command) -> None:
    """Carry out a KILL that puts the switch on."""
    chosen = [order for order in floor.orders.values() if _is_in_scope(floor, command, order)]
    _cancel(floor, command, chosen, Reason.KILLED)


def _cancel(floor: Floor, command: Command, chosen: list[Order], reason: int) -> None:
    """End these orders, save those of the symbols that the command does not mean and those in a frozen auction."""
    count = 0
    for order in sorted(chosen, key=lambda order: order.order_id & SLOT_MASK):
        if command.symbol not in {0, order.symbol} or floor.market_of(order).state == MarketState.FROZEN:
            continue
        if order.place is not Place.GONE:  # a link may have ended it
            end(floor, order, reason)
            count += 1
    floor.events.write(EventKind.MASS_CANCELLED, 0, symbol=command.symbol, quantity_lots=count, account=command.account)


def _is_asked_for(command: Command, order: Order) -> bool:
    return (
        command.account in {0, order.account}
        and command.session in {0, order.session}
        and not (command.flags & ONE_SIDE and command.side != order.side)
    )


def _is_in_scope(floor: Floor, command: Command, order: Order) -> bool:
    kill = command.kill
    assert kill is not None, "a kill command needs its reading"
    match kill.scope:
        case Scope.VENUE:
            return True
        case Scope.GROUP:
            return kill.group != 0 and floor.groups.get(order.account, 0) == kill.group
        case Scope.ACCOUNT:
            return order.account == command.account
        case Scope.SYMBOL:
            return order.symbol == command.symbol
        case _:
            return False
