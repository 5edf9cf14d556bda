"""Every order that the edge knows: the open ones, and the last that ended."""

from __future__ import annotations

from collections import deque

import msgspec

from gateway.events import RESTING, SELL, Event
from tradsys.records import (
    LINK_MASK,
    LINK_SHIFT,
    SELF_TRADE_MASK,
    SELF_TRADE_SHIFT,
    SLOT_BITS,
    CommandFlag,
    Link,
    OrderType,
    SelfTrade,
    TimeInForce,
)

WAITING, OPEN, FILLED, CANCELLED = "waiting", "open", "filled", "cancelled"
"""An order that waits is live too, and not in the book: for a trigger, a price, an auction, or another order."""

_LIMIT, _MARKET = int(OrderType.LIMIT), int(OrderType.MARKET)
_TRAILING, _PEGGED = int(OrderType.TRAILING_STOP), int(OrderType.PEGGED)
_FIRED = {
    int(OrderType.STOP): _MARKET,
    int(OrderType.STOP_LIMIT): _LIMIT,
    int(OrderType.TRAILING_STOP): _MARKET,
    int(OrderType.TAKE_PROFIT): _MARKET,
    int(OrderType.TAKE_PROFIT_LIMIT): _LIMIT,
}
"""What an order with a trigger is once that is reached."""
WITH_LIMIT = frozenset(map(int, (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT, OrderType.PEGGED)))
_BUDGET = int(CommandFlag.BUDGET)
_AT_CLOSE = int(TimeInForce.AT_CLOSE)
_TRIGGERS_OTHER = int(Link.ONE_TRIGGERS_OTHER)
_DECREMENT = int(SelfTrade.DECREMENT)
_TIMES_IN_FORCE = tuple(member.name.lower() for member in TimeInForce)


class Order(msgspec.Struct, gc=False):
    """One order as its events have left it; of an order for an amount, the quantity and what is left are money.

    `reason` is why it ended, 0 otherwise. `price_ticks` is where it stands or would stand, of a pegged order not
    its limit. Only `shown_lots` of it are in the public depth.
    """

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
    flags: int = 0
    shown_lots: int = 0
    limit_ticks: int = 0
    trigger_ticks: int = 0
    display_lots: int = 0
    distance: int = 0
    expires_ns: int = 0
    waits_for: int = 0
    """Id of the order whose end this one waits for, 0 when it waits for none."""

    @property
    def is_open(self) -> bool:
        """Whether the order may still trade."""
        return self.status is OPEN or self.status is WAITING

    @property
    def has_limit(self) -> bool:
        """Whether the order has a price that its client has named."""
        return self.order_type in WITH_LIMIT

    @property
    def has_trigger(self) -> bool:
        """Whether the order waits, or will wait, for a trigger; one that has fired does not."""
        return self.order_type in _FIRED

    @property
    def is_pegged(self) -> bool:
        """Whether the order's price follows the market."""
        return self.order_type == _PEGGED

    @property
    def is_trailing(self) -> bool:
        """Whether the order's trigger follows the market."""
        return self.order_type == _TRAILING

    @property
    def is_budget(self) -> bool:
        """Whether the order is one for an amount of money."""
        return bool(self.flags & _BUDGET)

    @property
    def decrements(self) -> bool:
        """Whether a self-trade of this order as a taker takes its quantity off both."""
        return self.flags >> SELF_TRADE_SHIFT & SELF_TRADE_MASK == _DECREMENT

    @property
    def triggers_others(self) -> bool:
        """Whether other orders wait for the end of this one."""
        return self.flags >> LINK_SHIFT & LINK_MASK == _TRIGGERS_OTHER

    @property
    def log_sequence(self) -> int:
        """The place in the log of the command that the order came with; linked orders have the same."""
        return self.order_id >> SLOT_BITS

    @classmethod
    def accepted(cls, event: Event) -> Order:
        """The order that an ACCEPTED event tells of."""
        what = event.counter_account
        order = cls(
            event.order_id,
            event.client_order_id,
            event.account,
            event.symbol,
            event.flags & SELL,
            what & 0xFF,
            what >> 8 & 0xFF,
            event.price_ticks,
            event.quantity_lots,
            0,
            event.quantity_lots,
            OPEN,
            0,
            event.timestamp_ns,
            what >> 16,
            limit_ticks=event.price_ticks,
        )
        if order.order_type > _MARKET or (order.time_in_force == _AT_CLOSE and not event.flags & RESTING):
            order.status = WAITING
        return order

    def fire(self) -> None:
        """The trigger has been reached: from now on it is a market or a limit order."""
        self.order_type = _FIRED[self.order_type]
        self.status = OPEN

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
        # One trade can end two orders, and the report of the first still has to find it.
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
