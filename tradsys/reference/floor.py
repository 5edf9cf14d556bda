"""What all parts of the reference venue work on: markets, live orders, their slots, and the events."""

from __future__ import annotations

from heapq import heappop, heappush

from tradsys.records import SLOT_BITS, SLOT_MASK, TimeInForce
from tradsys.reference.events import EventWriter
from tradsys.reference.market import Market
from tradsys.reference.orders import Order, Place


class Floor:
    """Every symbol and every live order; `orders_max` orders can be live at once."""

    def __init__(self, orders_max: int) -> None:
        self.markets: dict[int, Market] = {}
        self.orders: dict[int, Order] = {}
        self.groups: dict[int, int] = {}
        """The trade group of accounts, 0: none."""
        self.events = EventWriter()
        self._orders_max = orders_max
        self._free_slots: list[int] = []
        self._used_slots = 0
        self._expiries: list[tuple[int, int]] = []

    def market_of(self, order: Order) -> Market:
        """The order's symbol."""
        return self.markets[order.symbol]

    def room(self) -> int:
        """How many more orders can be live."""
        return len(self._free_slots) + self._orders_max - self._used_slots

    def enter(self, order: Order, sequence: int) -> None:
        """Make an order live under the id that the command of this log sequence gives it."""
        slot = self._free_slots.pop() if self._free_slots else self._new_slot()
        order.order_id = sequence << SLOT_BITS | slot
        market = self.market_of(order)
        self.orders[order.order_id] = market.orders[order.order_id] = order
        market.live_by_account[order.account] = market.live_by_account.get(order.account, 0) + 1
        if order.time_in_force == TimeInForce.GTD:
            heappush(self._expiries, (order.expires_ns, order.order_id))

    def _new_slot(self) -> int:
        self._used_slots += 1
        return self._used_slots

    def forget(self, order: Order) -> None:
        """An order, taken out already, is live no more: its slot is the next to be given out."""
        market = self.market_of(order)
        del self.orders[order.order_id], market.orders[order.order_id]
        market.pegs.pop(order.order_id, None)
        market.trailing.pop(order.order_id, None)
        market.live_by_account[order.account] -= 1
        order.place = Place.GONE
        self._free_slots.append(order.order_id & SLOT_MASK)

    def join_queue(self, order: Order) -> None:
        """It is the order's turn to act, as soon as the symbol comes to rest in a state that lets it."""
        order.place = Place.QUEUE
        self.market_of(order).queue[order.order_id] = order

    def next_expired(self, now_ns: int) -> Order | None:
        """The live order that expires first (of several the one with the lowest id), if that is not after `now_ns`."""
        while self._expiries and self._expiries[0][0] <= now_ns:
            _, order_id = heappop(self._expiries)
            if order_id in self.orders:
                return self.orders[order_id]
        return None

    def is_own(self, taker: Order, maker: Order) -> bool:
        """Whether self-trade prevention keeps these two from trading, if the taker asks for it."""
        if taker.account == maker.account:
            return True
        group = self.groups.get(taker.account, 0)
        return taker.minds_group and group != 0 and group == self.groups.get(maker.account, 0)
