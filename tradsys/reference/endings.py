"""The end of orders, and what it means for the orders linked to them."""

from __future__ import annotations

from tradsys.reasons import Reason
from tradsys.records import EventKind
from tradsys.reference.floor import Floor
from tradsys.reference.orders import Order, Place


def end(floor: Floor, order: Order, reason: int, quantity_lots: int | None = None) -> None:
    """Cancel an order wherever it is; `quantity_lots` is told as taken out, by default what is left."""
    was_resting = floor.market_of(order).take_out(order)
    floor.events.cancelled(order, reason, was_resting=was_resting, quantity_lots=quantity_lots)
    leave(floor, order)


def leave(floor: Floor, order: Order) -> None:
    """An order that is out of the book has ended, and it was told: linked orders learn of it."""
    floor.forget(order)
    end_partner(floor, order)
    for follower in order.followers:
        if follower.place is Place.BEHIND_ANOTHER:
            _follow(floor, order, follower)


def end_partner(floor: Floor, order: Order) -> None:
    """The order has traded, fired or ended: the one that it cancels ends."""
    partner = order.partner
    # One of which nothing is left has just been filled, perhaps by this very trade, and is about to leave.
    if partner is None or partner.place is Place.GONE or partner.leaves_lots == 0:
        return
    order.partner = partner.partner = None
    end(floor, partner, Reason.LINKED_ORDER)


def _follow(floor: Floor, order: Order, follower: Order) -> None:
    """`order` has ended; `follower` waited for that."""
    if order.filled_lots == 0:
        end(floor, follower, Reason.LINKED_ORDER)
        return
    follower.leaves_lots = min(follower.leaves_lots, order.filled_lots)
    floor.events.order(EventKind.TRIGGERED, follower)
    floor.join_queue(follower)


def after_trade(floor: Floor, order: Order) -> None:
    """An order in the book has traded, and it was told: it leaves, or shows its next slice; then its links."""
    market = floor.market_of(order)
    if order.leaves_lots == 0:
        market.take_out(order)
        leave(floor, order)
        return
    refresh(floor, order)
    end_partner(floor, order)


def refresh(floor: Floor, order: Order) -> None:
    """An iceberg whose slice is gone shows the next one, at the end of the queue."""
    if order.is_iceberg and order.slice_lots == 0:
        market = floor.market_of(order)
        market.take_out(order)
        market.put_in_book(order)
        floor.events.displayed(order)
