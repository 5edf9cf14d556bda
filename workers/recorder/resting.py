"""The live orders that a shard's tables hold, as rows: for a history that begins in the middle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tradsys.book import layout
from tradsys.book.layout import F_EXTRA, F_POST_ONLY, IN_BOOK, IN_HIDDEN, W_USED_ORDERS
from tradsys.records import CommandFlag
from workers.recorder.orders import OPEN, SIDES, TIMES_IN_FORCE, TYPES, WAITING, Order


def resting_orders(shard: Any, sequence: int, time_ns: int) -> Iterator[Order]:
    """The shard's live orders, as of log sequence `sequence` and the log's time there; when they came is not known."""
    assert sequence > 0, "an order that rests has come with some record"
    used = np.asarray(shard.orders)[: int(shard.words[W_USED_ORDERS]) + 1]
    slots = np.flatnonzero(used["order_id"])
    for slot in slots[np.argsort(used["order_id"][slots])]:
        order = _plain(used[slot], sequence, time_ns)
        if used[slot]["flags"] & F_EXTRA:
            _complete(order, np.asarray(shard.extras)[slot], used)
        order.quantity_lots = order.filled_lots + order.leaves_lots
        assert order.leaves_lots > 0, "what rests is not done"
        yield order


def _plain(record: Any, sequence: int, time_ns: int) -> Order:
    """An order of which there is no more to know than its ORDER record says."""
    assert record["order_id"] > 0, "the slot is in use"
    return Order(
        order_id=int(record["order_id"]),
        client_order_id=int(record["client_order_id"]),
        account=int(record["account"]),
        symbol=int(record["symbol"]),
        side=SIDES[int(record["side"])],
        order_type=TYPES[int(record["order_type"])],
        time_in_force=TIMES_IN_FORCE[int(record["time_in_force"])],
        flags=int(CommandFlag.POST_ONLY) if record["flags"] & F_POST_ONLY else 0,
        price_ticks=int(record["price_ticks"]),
        trigger_ticks=0,
        expires_ns=0,
        quantity_lots=0,
        filled_lots=int(record["filled_lots"]),
        leaves_lots=int(record["leaves_lots"]),
        status=OPEN,
        reason=None,
        waits_for=0,
        placed_sequence=sequence,
        placed_ns=0,
        changed_sequence=sequence,
        changed_ns=time_ns,
    )


def _complete(order: Order, extra: Any, orders: Any) -> None:
    place = int(extra["place"])
    assert place != layout.QUEUED, "between two commands nobody waits for its turn"
    if place == IN_BOOK:
        order.leaves_lots += int(extra["reserve_lots"])  # in the book an iceberg's leaves are its slice
    elif place != IN_HIDDEN:
        order.status = WAITING
    order.flags |= int(extra["options"])
    order.trigger_ticks = int(extra["trigger_ticks"])
    order.expires_ns = int(extra["expires_ns"])
    if place == layout.WAITING:
        order.waits_for = int(orders[int(extra["parent"])]["order_id"])
