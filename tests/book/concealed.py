"""Where a shard keeps the orders that its depth does not show: hidden ones, and those that wait outside the book."""

from __future__ import annotations

from typing import Any, NamedTuple

from tradsys.book.layout import (
    ABOVE,
    BELOW,
    F_EXTRA,
    FOR_AUCTION,
    HIDDEN_SIDES,
    IN_ABOVE,
    IN_BELOW,
    IN_BOOK,
    IN_HIDDEN,
    PARKED,
    PEGS,
    QUEUE,
    QUEUED,
    UNPRICED,
    W_USED_ORDERS,
    WAITING,
    Shard,
)
from tradsys.book.lists import first_of, following
from tradsys.records import TimeInForce
from tradsys.reference.orders import Order, Place
from tradsys.reference.venue import Venue

_PLACES = {
    IN_BOOK: Place.BOOK,
    IN_HIDDEN: Place.BOOK,
    IN_ABOVE: Place.TRIGGER,
    IN_BELOW: Place.TRIGGER,
    FOR_AUCTION: Place.PARKED,
    QUEUED: Place.QUEUE,
    WAITING: Place.BEHIND_ANOTHER,
    UNPRICED: Place.UNPRICED,
}


class Concealed(NamedTuple):
    """Order ids of a symbol's orders that are not displayed, in the order in which they come to their turn."""

    hidden: list[int]
    """Buyers, then sellers, each in price-time priority."""
    above: list[int]
    below: list[int]
    unpriced: list[int]
    parked: list[int]
    queue: list[int]


class Standing(NamedTuple):
    """What a live order is like, wherever it is. Linked orders by their ids, 0: none."""

    place: Place
    account: int
    side: int
    price_ticks: int
    leaves_lots: int
    shown_lots: int
    filled_lots: int
    client_order_id: int
    session: int
    order_type: int
    time_in_force: int
    trigger_ticks: int
    display_lots: int
    expires_ns: int
    partner: int
    followers: tuple[int, ...]


def concealed_in(shard: Shard, symbol: int) -> Concealed:
    """The shard's orders of a symbol that are not displayed."""
    hidden = [order_id for side in range(2) for order_id in _stood(shard, symbol, HIDDEN_SIDES + side)]
    unpriced = [slot for slot in _listed(shard, symbol, PEGS) if shard.extras[slot]["place"] == UNPRICED]
    return Concealed(
        hidden,
        _stood(shard, symbol, ABOVE),
        _stood(shard, symbol, BELOW),
        _ids(shard, unpriced),
        _ids(shard, _listed(shard, symbol, PARKED)),
        _ids(shard, _listed(shard, symbol, QUEUE)),
    )


def concealed_at(venue: Venue, symbol: int) -> Concealed:
    """The reference's orders of a symbol that are not displayed."""
    waiting = venue.waiting(symbol)
    groups = (venue.hidden_orders(symbol), waiting.above, waiting.below, waiting.unpriced, waiting.parked)
    return Concealed(*([order.order_id for order in group] for group in (*groups, waiting.queue)))


def standings_in(shard: Shard) -> dict[int, Standing]:
    """Every live order of the shard by its id."""
    slots = range(1, int(shard.words[W_USED_ORDERS]) + 1)
    return {int(shard.orders[slot]["order_id"]): _standing(shard, slot) for slot in slots if _id(shard, slot)}


def standings_at(venue: Venue) -> dict[int, Standing]:
    """Every live order of the reference by its id."""
    return {order_id: _reference_standing(order) for order_id, order in venue.orders.items()}


def _standing(shard: Shard, slot: int) -> Standing:
    order: Any = shard.orders[slot]
    is_rare = bool(order["flags"] & F_EXTRA)
    extra: Any = shard.extras[slot if is_rare else 0]
    leaves = int(order["leaves_lots"])
    return Standing(
        _PLACES[int(extra["place"])] if is_rare else Place.BOOK,
        int(order["account"]),
        int(order["side"]),
        int(order["price_ticks"]),
        leaves + int(extra["reserve_lots"]),
        leaves,
        int(order["filled_lots"]),
        int(order["client_order_id"]),
        int(order["session"]),
        int(order["order_type"]),
        int(order["time_in_force"]),
        int(extra["trigger_ticks"]) if is_rare else 0,
        int(extra["display_lots"]),
        int(extra["expires_ns"]) if order["time_in_force"] == TimeInForce.GTD else 0,
        _id(shard, int(extra["partner"])),
        tuple(sorted(_id(shard, int(extra[name])) for name in ("leg_1", "leg_2") if extra[name])),
    )


def _reference_standing(order: Order) -> Standing:
    return Standing(
        order.place,
        order.account,
        order.side,
        order.price_ticks,
        order.leaves_lots,
        order.shown_lots if order.place is Place.BOOK else order.leaves_lots,
        order.filled_lots,
        order.client_order_id,
        order.session,
        order.order_type,
        order.time_in_force,
        order.trigger_ticks,
        order.display_lots,
        order.expires_ns,
        order.partner.order_id if order.partner else 0,
        tuple(sorted(each.order_id for each in order.followers if each.place is not Place.GONE)),
    )


def _id(shard: Shard, slot: int) -> int:
    return int(shard.orders[slot]["order_id"])


def _ids(shard: Shard, slots: list[int]) -> list[int]:
    return [_id(shard, slot) for slot in slots]


def _stood(shard: Shard, symbol: int, number: int) -> list[int]:
    """The orders of a rare side, level by level."""
    found = []
    level = int(shard.rare_sides["best_level"][4 * symbol + number])
    while level != 0:
        slot = int(shard.levels["head"][level])
        while slot != 0:
            found.append(_id(shard, slot))
            slot = int(shard.orders[slot]["next"])
        level = int(shard.levels["worse"][level])
    return found


def _listed(shard: Shard, symbol: int, number: int) -> list[int]:
    found = []
    slot = int(first_of(shard, symbol, number))
    while slot != 0:
        found.append(slot)
        slot = int(following(shard, number, slot))
    return found
