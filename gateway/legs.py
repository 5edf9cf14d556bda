"""The orders that are linked to a new one, as the records that stand before it."""

from __future__ import annotations

from typing import NamedTuple

from gateway import commands, terms
from gateway.market import Market
from gateway.messages import LegBody, PlaceBody, Side
from gateway.terms import FOR_AUCTIONS, LASTING, SIDES, TIMES_IN_FORCE, conflict, named
from tradsys.records import LINK_SHIFT, Kind, Link, entry_word

_LEG = int(Kind.LEG)
_CANCELS = int(Link.ONE_CANCELS_OTHER) << LINK_SHIFT
_TRIGGERS = int(Link.ONE_TRIGGERS_OTHER) << LINK_SHIFT


class Legs(NamedTuple):
    """The records, the flag that says what they are to their order, and the client's own ids in them."""

    records: bytes
    link: int
    client_order_ids: tuple[int, ...]


NO_LEGS = Legs(b"", 0, ())


def legs_of(
    message: PlaceBody, market: Market, account: int, session: int, time_in_force: str, quantity_lots: int
) -> Legs:
    """The orders linked to this one, of that time in force and quantity. Raises ValidationError."""
    other, then = message.one_cancels_other, message.then
    if other is None and then is None:
        return NO_LEGS
    _check_links(message, time_in_force)
    bodies = [("one_cancels_other.", other)] if other is not None else []
    bodies += [(f"then[{number}].", leg) for number, leg in enumerate(then or ())]
    records, ids = b"", []
    for place, leg in bodies:
        side = leg.side or (message.side if other is not None else _opposite(message.side))
        leg_terms = terms.terms_of(leg, market, place)
        number = terms.client_order_id(leg, place)
        own_lots = quantity_lots
        if leg.quantity is not None:
            own_lots = named(market.parse_quantity, leg.quantity, f"{place}quantity")
        records += commands.command(
            _LEG,
            account,
            market.symbol.id,
            side=SIDES[side],
            order_type=leg_terms.order_type,
            time_in_force=TIMES_IN_FORCE[_time_in_force_of_leg(leg, message, time_in_force, place)],
            flags=leg_terms.flags | terms.self_trade_flags(leg, message, place),
            price_ticks=leg_terms.price_ticks,
            quantity_lots=own_lots,
            order_id=entry_word(leg_terms.trigger_ticks, session),
            client_order_id=number,
        )
        if number:
            ids.append(number)
    return Legs(records, _TRIGGERS if other is None else _CANCELS, tuple(ids))


def _check_links(message: PlaceBody, time_in_force: str) -> None:
    """What linked orders go with; of two that cancel each other not both may be limit orders of one side."""
    other, then = message.one_cancels_other, message.then
    field = "then" if other is None else "one_cancels_other"
    if other is not None and then is not None:
        raise conflict("then", "give one_cancels_other or then, not both")
    if message.amount is not None or message.type == "pegged" or time_in_force in FOR_AUCTIONS:
        raise conflict(field, "an order for an amount, a pegged order and one for an auction have no linked orders")
    if other is not None:
        if message.type == "market" or time_in_force not in LASTING:
            raise conflict(field, "orders that cancel each other are gtc, day or gtd")
        for option in ("post_only", "hidden", "display_quantity", "minimum_quantity"):
            if getattr(message, option):
                raise conflict(option, f"{option} does not go with one_cancels_other")
        pair = [(message.type, message.side), (other.type, other.side or message.side)]
    else:
        assert then is not None, "the caller has looked"
        if not 1 <= len(then) <= 2:
            raise conflict(field, "one or two orders can wait for another")
        pair = [(leg.type, leg.side or _opposite(message.side)) for leg in then]
    if len(pair) == 2 and pair[0] == pair[1] and pair[0][0] == "limit":
        raise conflict(field, "two limit orders of one side cannot cancel each other")


def _time_in_force_of_leg(leg: LegBody, message: PlaceBody, time_in_force: str, place: str) -> str:
    """What is asked for, or what the order has where it lasts."""
    if message.one_cancels_other is not None:
        if leg.time_in_force not in (None, time_in_force):
            raise conflict(f"{place}time_in_force", "orders that cancel each other have the same time in force")
        return time_in_force
    if leg.time_in_force is None:
        return time_in_force if time_in_force in LASTING else "gtc"
    if leg.time_in_force == "gtd" and time_in_force != "gtd":
        raise conflict(f"{place}time_in_force", "a leg is gtd only where its order is: they expire together")
    return leg.time_in_force


def _opposite(side: Side) -> Side:
    return "sell" if side == "buy" else "buy"
