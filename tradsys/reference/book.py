"""One symbol's book with price-time priority: dictionaries and lists, nothing clever."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass

from tradsys.reference.orders import Order
from tradsys.reference.terms import BUY, SELL, is_within_limit

__all__ = ["Book", "BookSide", "Level", "Order", "Queues"]


@dataclass(slots=True)
class Level:
    """What stands at one price: quantity in lots, number of orders."""

    price_ticks: int
    quantity_lots: int
    orders: int


class Queues:
    """Orders by price (or trigger), at one price by time; `highest_first` says which price comes first."""

    def __init__(self, *, highest_first: bool) -> None:
        self._highest_first = highest_first
        # A dictionary keeps the order of insertion, which is time priority.
        self._queues: dict[int, dict[int, Order]] = {}
        self._prices: list[int] = []  # ascending

    def add(self, price_ticks: int, order: Order) -> None:
        """Put `order` at the end of the price's queue."""
        queue = self._queues.get(price_ticks)
        if queue is None:
            queue = self._queues[price_ticks] = {}
            insort(self._prices, price_ticks)
        queue[order.order_id] = order

    def remove(self, price_ticks: int, order: Order) -> None:
        """Take `order` out of the price's queue."""
        queue = self._queues[price_ticks]
        del queue[order.order_id]
        if not queue:
            del self._queues[price_ticks]
            del self._prices[bisect_left(self._prices, price_ticks)]

    def first_price(self) -> int | None:
        """The price that comes first; None when there are no orders."""
        if not self._prices:
            return None
        return self._prices[-1] if self._highest_first else self._prices[0]

    def at(self, price_ticks: int) -> list[Order]:
        """The orders of one price, the earliest first."""
        return list(self._queues.get(price_ticks, {}).values())

    def first_at(self, price_ticks: int) -> Order:
        """The earliest order of a price that has some."""
        return next(iter(self._queues[price_ticks].values()))

    def prices(self) -> Iterator[int]:
        """Every price that has orders, the first one first."""
        return reversed(self._prices) if self._highest_first else iter(self._prices)

    def orders(self) -> Iterator[Order]:
        """Every order, by price, then time."""
        for price in self.prices():
            yield from self._queues[price].values()

    def levels(self, count: int | None = None) -> list[Level]:
        """What the orders of the first `count` prices (all of them when None) show."""
        found: list[Level] = []
        for price in self.prices():
            if len(found) == count:
                break
            orders = self._queues[price].values()
            found.append(Level(price, sum(order.shown_lots for order in orders), len(orders)))
        return found


class BookSide:
    """The displayed and the hidden orders of one side: better prices first, at one price displayed ones first."""

    def __init__(self, side: int) -> None:
        self.side = side
        self.displayed = Queues(highest_first=side == BUY)
        self.hidden = Queues(highest_first=side == BUY)

    def _queues_of(self, order: Order) -> Queues:
        return self.hidden if order.is_hidden else self.displayed

    def add(self, order: Order) -> None:
        """Put `order` at the end of its price's queue."""
        self._queues_of(order).add(order.price_ticks, order)

    def remove(self, order: Order) -> None:
        """Take `order` out of its queue."""
        self._queues_of(order).remove(order.price_ticks, order)

    def best_price(self) -> int | None:
        """Highest bid or lowest offer in ticks, shown or hidden; None when the side is empty."""
        prices = [price for price in (self.displayed.first_price(), self.hidden.first_price()) if price is not None]
        if not prices:
            return None
        return max(prices) if self.side == BUY else min(prices)

    def best_order(self) -> Order | None:
        """The first order in priority; None when the side is empty."""
        price = self.best_price()
        if price is None:
            return None
        queues = self.displayed if self.displayed.first_price() == price else self.hidden
        return queues.first_at(price)

    def prices_from_best(self) -> list[int]:
        """Every price that has orders, shown or hidden, best first."""
        prices = {*self.displayed.prices(), *self.hidden.prices()}
        return sorted(prices, reverse=self.side == BUY)

    def totals(self) -> dict[int, int]:
        """The whole quantity at each price in lots, hidden orders and reserves included."""
        totals: dict[int, int] = {}
        for queues in (self.displayed, self.hidden):
            for order in queues.orders():
                totals[order.price_ticks] = totals.get(order.price_ticks, 0) + order.leaves_lots
        return totals


class Book:
    """Both sides of one symbol."""

    def __init__(self) -> None:
        self.bids = BookSide(BUY)
        self.asks = BookSide(SELL)

    def side(self, side: int) -> BookSide:
        """The side that an order of `side` rests on."""
        return self.bids if side == BUY else self.asks

    def opposite(self, side: int) -> BookSide:
        """The side that an order of `side` trades against."""
        return self.asks if side == BUY else self.bids

    def would_trade(self, side: int, limit_ticks: int | None) -> bool:
        """Whether an order with this limit (None: any price) meets the best of the other side, shown or hidden."""
        best = self.opposite(side).best_price()
        return best is not None and is_within_limit(side, best, limit_ticks)

    def best_displayed(self) -> tuple[int | None, int | None]:
        """Highest displayed bid and lowest displayed offer in ticks, None where there is none."""
        return self.bids.displayed.first_price(), self.asks.displayed.first_price()

    def is_crossed(self) -> bool:
        """Whether the best bid is at or above the best offer, shown or hidden."""
        bid, ask = self.bids.best_price(), self.asks.best_price()
        return bid is not None and ask is not None and bid >= ask
