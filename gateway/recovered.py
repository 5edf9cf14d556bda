"""The live orders that a shard's tables hold, as the edge keeps them: for a gateway that starts in the middle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gateway.orders import OPEN, WAITING, Order
from tradsys.book import layout
from tradsys.book.layout import F_EXTRA, F_POST_ONLY, IN_BOOK, IN_HIDDEN, W_USED_ORDERS
from tradsys.records import CommandFlag

POST_ONLY = int(CommandFlag.POST_ONLY)


def live_orders(shard: Any) -> Iterator[Order]:
    """The shard's live orders, oldest first; `shown_lots` is what the public sees of each."""
    used = np.asarray(shard.orders)[: int(shard.words[W_USED_ORDERS]) + 1]
    slots = np.flatnonzero(used["order_id"])
    for slot in slots[np.argsort(used["order_id"][slots])]:
        record = used[slot]
        order = _plain(record)
        if record["flags"] & F_POST_ONLY:
            order.flags = POST_ONLY
        if record["flags"] & F_EXTRA:
            _complete(order, np.asarray(shard.extras)[slot], used)
        yield order


def sessions(shard: Any) -> set[tuple[int, int]]:
    """Account and session number of the shard's live orders that came from a session."""
    used = np.asarray(shard.orders)[: int(shard.words[W_USED_ORDERS]) + 1]
    live = used[(used["order_id"] != 0) & (used["session"] != 0)]
    return {(int(order["account"]), int(order["session"])) for order in live}


def _plain(record: Any) -> Order:
    """An order of which there is no more to know than its ORDER record says."""
    leaves, filled, price = int(record["leaves_lots"]), int(record["filled_lots"]), int(record["price_ticks"])
    return Order(
        int(record["order_id"]),
        int(record["client_order_id"]),
        int(record["account"]),
        int(record["symbol"]),
        int(record["side"]),
        int(record["order_type"]),
        int(record["time_in_force"]),
        price,
        filled + leaves,
        filled,
        leaves,
        OPEN,
        0,
        0,
        shown_lots=leaves,
        limit_ticks=price,
    )


def _complete(order: Order, extra: Any, orders: Any) -> None:
    place = int(extra["place"])
    if place == IN_BOOK:
        # In the book an iceberg's leaves are its slice.
        order.leaves_lots += int(extra["reserve_lots"])
        order.quantity_lots = order.filled_lots + order.leaves_lots
    else:
        order.shown_lots = 0
        order.status = OPEN if place == IN_HIDDEN else WAITING
    order.flags |= int(extra["options"])
    order.trigger_ticks = int(extra["trigger_ticks"])
    order.display_lots = int(extra["display_lots"])
    order.distance = int(extra["distance"])
    order.expires_ns = int(extra["expires_ns"])
    if order.is_pegged:
        order.limit_ticks = int(extra["limit_ticks"])
    if place == layout.WAITING:
        order.waits_for = int(orders[int(extra["parent"])]["order_id"])
