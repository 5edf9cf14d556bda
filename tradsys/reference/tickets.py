"""A new order as it was sent: the NEW, and the prelude of EXTENSION and LEGs before it."""

from __future__ import annotations

from dataclasses import dataclass, field

from tradsys.records import Kind, Link, OrderType, TimeInForce
from tradsys.reference.market import Market
from tradsys.reference.messages import Command, Extension
from tradsys.reference.orders import Order, Place
from tradsys.reference.terms import BUY, EXTENDED, FOR_AUCTIONS, link_of


class Prelude:
    """The EXTENSIONs and LEGs that stand directly before the next record, all of one source."""

    def __init__(self) -> None:
        self._commands: list[Command] = []

    def add(self, command: Command) -> None:
        """An EXTENSION or a LEG comes."""
        self._commands = [*self._before(command), command]

    def take(self, command: Command) -> list[Command]:
        """What stands before `command`; it is used up."""
        found = self._before(command)
        self._commands = []
        return found

    def drop(self) -> None:
        """Another record comes."""
        self._commands = []

    def _before(self, command: Command) -> list[Command]:
        if not self._commands:
            return []
        last = self._commands[-1]
        is_next = last.sequence + 1 == command.sequence and last.source == command.source
        return self._commands if is_next else []


@dataclass(slots=True)
class Ticket:
    """A NEW command with what belongs to it."""

    command: Command
    extension: Extension = field(default_factory=Extension)
    legs: list[Command] = field(default_factory=list)

    @property
    def link(self) -> int:
        """What the legs are to the order: a Link, or 3, which is none."""
        return link_of(self.command.flags)

    @property
    def display_lots(self) -> int:
        """The display quantity that makes the order an iceberg, 0 when it is none."""
        display = self.extension.display_lots
        return 0 if display == self.command.quantity_lots else display


_LEGS_ANNOUNCED: dict[int, tuple[int, ...]] = {
    int(Link.NONE): (0,),
    int(Link.ONE_CANCELS_OTHER): (1,),
    int(Link.ONE_TRIGGERS_OTHER): (1, 2),
}


def ticket_of(command: Command, prelude: list[Command]) -> Ticket | None:
    """A NEW with its prelude; None when that is not what the NEW announces."""
    # What the NEW does not announce is passed over.
    is_extended, is_linked = bool(command.flags & EXTENDED), link_of(command.flags) != Link.NONE
    extensions = [each for each in prelude if each.kind == Kind.EXTENSION and is_extended]
    legs = [each for each in prelude if each.kind == Kind.LEG and is_linked]
    if len(legs) not in _LEGS_ANNOUNCED.get(link_of(command.flags), ()):
        return None
    if len(extensions) != int(is_extended):
        return None
    if any(each.symbol != command.symbol for each in [*extensions, *legs]):
        return None
    extension = extensions[0].extension if extensions else Extension()
    assert extension is not None, "an extension command needs its reading"
    return Ticket(command, extension, legs)


def orders_of(ticket: Ticket, market: Market) -> list[Order]:
    """The order, then its legs, linked as they should be; they have no ids yet."""
    order = _order_of(ticket.command, market)
    order.display_lots = ticket.display_lots
    order.minimum_lots = ticket.extension.minimum_lots
    order.expires_ns = ticket.extension.expires_ns
    legs = [_order_of(leg, market) for leg in ticket.legs]
    for leg in legs:
        leg.expires_ns = order.expires_ns if leg.time_in_force == TimeInForce.GTD else 0
    if ticket.link == Link.ONE_CANCELS_OTHER:
        _make_partners(order, legs[0])
    if ticket.link == Link.ONE_TRIGGERS_OTHER:
        order.followers = legs
        for leg in legs:
            leg.place = Place.BEHIND_ANOTHER
        if len(legs) == 2:
            _make_partners(*legs)
    return [order, *legs]


def _make_partners(one: Order, other: Order) -> None:
    one.partner, other.partner = other, one


def _order_of(command: Command, market: Market) -> Order:
    order = Order(
        0,
        command.account,
        command.symbol,
        command.side,
        0,
        command.quantity_lots,
        command.client_order_id,
        command.order_type,
        command.time_in_force,
        command.flags,
        command.session,
    )
    if order.has_limit:
        order.price_ticks = order.limit_ticks = command.price_ticks
    elif order.order_type == OrderType.MARKET and order.time_in_force in FOR_AUCTIONS:
        order.price_ticks = market.highest_ticks if order.side == BUY else market.lowest_ticks
    elif order.order_type == OrderType.TRAILING_STOP:
        order.distance = command.price_ticks
    if order.has_trigger:
        order.trigger_ticks = command.trigger_ticks
    return order
