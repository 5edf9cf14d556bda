"""Every order that the edge knows: the open ones, and the last that ended."""

from __future__ import annotations

from collections import deque

import msgspec

from gateway.events import SELL, Event
from tradsys.records import OrderType, TimeInForce

OPEN, FILLED, CANCELLED = "open", "filled", "cancelled"
_MARKET = int(OrderType.MARKET)
_TIMES_IN_FORCE = tuple(member.name.lower() for member in TimeInForce)


class Order(msgspec.Struct, gc=False):
    """One order as its events have left it. `reason` is why it ended, 0 otherwise."""

    order_id: int
    client_order_id: int
    account: int
    symbol: int
    side: int
    order_type: int
    time_in_force: int
    price_ticks: int
    quantity_lots: int
    filled_lots: int
    leaves_lots: int
    status: str
    reason: int
    timestamp_ns: int

    @property
    def is_open(self) -> bool:
        """Whether the order may still trade."""
        return self.status is OPEN

    @property
    def is_market(self) -> bool:
        """Whether the order has no price of its own."""
        return self.order_type == _MARKET

    @classmethod
    def accepted(cls, event: Event) -> Order:
        """The order that an ACCEPTED event tells of."""
        return cls(
            event.order_id,
            event.client_order_id,
            event.account,
            event.symbol,
            event.flags & SELL,
            event.counter_account & 0xFF,
            event.counter_account >> 8 & 0xFF,
            event.price_ticks,
            event.quantity_lots,
            0,
            event.quantity_lots,
            OPEN,
            0,
            event.timestamp_ns,
        )

    @property
    def time_in_force_name(self) -> str:
        """As clients write it."""
        return _TIMES_IN_FORCE[self.time_in_force]


class OrderTable:
    """Orders by id, by account, and by the client's own id; remembers the last `finished_max` that ended."""

    def __init__(self, finished_max: int) -> None:
        self._by_id: dict[int, Order] = {}
        self._open: dict[int, dict[int, Order]] = {}
        self._by_client_id: dict[tuple[int, int], Order] = {}
        self._finished: deque[int] = deque()
        # One trade can end two orders, and the answer of the first still has to find it.
        self._finished_max = max(finished_max, 2)
        self.get = self._by_id.get

    def add(self, order: Order) -> None:
        """A new open order. Its client order id leads to it from now on."""
        self._by_id[order.order_id] = order
        self._open.setdefault(order.account, {})[order.order_id] = order
        if order.client_order_id:
            self._by_client_id[order.account, order.client_order_id] = order

    def finish(self, order: Order, status: str, reason: int = 0) -> None:
        """The order has ended; the oldest of those that ended before it may be forgotten."""
        order.status = status
        order.reason = reason
        self._open[order.account].pop(order.order_id, None)
        self._finished.append(order.order_id)
        if len(self._finished) > self._finished_max:
            self._forget(self._by_id.pop(self._finished.popleft()))

    def of_account(self, account: int, symbol: int = 0) -> list[Order]:
        """The account's open orders, oldest first; with `symbol`, only those in it."""
        found = self._open.get(account, {}).values()
        # An order id begins with the order's place in the log.
        return sorted((order for order in found if symbol in (0, order.symbol)), key=lambda order: order.order_id)

    def of_client(self, account: int, client_order_id: int) -> Order | None:
        """The last order of the account that carried this client order id."""
        return self._by_client_id.get((account, client_order_id))

    def drop_open(self) -> None:
        """Forget every open order, and keep those that ended."""
        for orders in self._open.values():
            for order in orders.values():
                del self._by_id[order.order_id]
                self._forget(order)
        self._open.clear()

    def _forget(self, order: Order) -> None:
        key = order.account, order.client_order_id
        if self._by_client_id.get(key) is order:
            del self._by_client_id[key]
