"""One symbol's book with price-time priority: dictionaries and lists, nothing clever."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass

from tradsys.records import Side

BUY, SELL = int(Side.BUY), int(Side.SELL)


@dataclass(slots=True)
class Order:
    """An order of the venue, in the book or on its way into it."""

    order_id: int
    account: int
    symbol: int
    side: int
    price_ticks: int
    leaves_lots: int
    client_order_id: int
    post_only: bool = False
    filled_lots: int = 0


@dataclass(slots=True)
class Level:
    """What stands at one price: quantity in lots, number of orders."""

    price_ticks: int
    quantity_lots: int
    orders: int


class Queue(dict[int, Order]):
    """The orders of one price by order id; a dictionary keeps the order of insertion, which is time priority."""


class BookSide:
    """One side's queues by price, and its prices in ascending order."""

    def __init__(self, side: int) -> None:
        self.side = side
        self.queues: dict[int, Queue] = {}
        self.prices: list[int] = []

    def add(self, order: Order) -> None:
        """Put `order` at the end of its price's queue."""
        queue = self.queues.get(order.price_ticks)
        if queue is None:
            queue = self.queues[order.price_ticks] = Queue()
            insort(self.prices, order.price_ticks)
        queue[order.order_id] = order

    def remove(self, order: Order) -> None:
        """Take `order` out of its queue."""
        queue = self.queues[order.price_ticks]
        del queue[order.order_id]
        if not queue:
            del self.queues[order.price_ticks]
            del self.prices[bisect_left(self.prices, order.price_ticks)]

    def best_price(self) -> int | None:
        """Highest bid or lowest offer in ticks; None when the side is empty."""
        if not self.prices:
            return None
        return self.prices[-1] if self.side == BUY else self.prices[0]

    def best_order(self) -> Order:
        """The first order of the best price. The side must not be empty."""
        price = self.best_price()
        assert price is not None
        return next(iter(self.queues[price].values()))

    def prices_from_best(self) -> Iterator[int]:
        """Every price that has orders, best first."""
        return reversed(self.prices) if self.side == BUY else iter(self.prices)

    def orders_from_best(self) -> Iterator[Order]:
        """Every order in price-time priority."""
        for price in self.prices_from_best():
            yield from self.queues[price].values()

    def levels(self, count: int | None = None) -> list[Level]:
        """The best `count` levels, all of them when None."""
        found: list[Level] = []
        for price in self.prices_from_best():
            if len(found) == count:
                break
            orders = self.queues[price].values()
            found.append(Level(price, sum(order.leaves_lots for order in orders), len(orders)))
        return found


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
        """Whether an order with this limit (None: any price) meets the best of the other side."""
        best = self.opposite(side).best_price()
        return best is not None and within_limit(side, best, limit_ticks)

    def available_lots(self, side: int, limit_ticks: int | None) -> int:
        """How much an order with this limit could trade at once."""
        total = 0
        for level in self.opposite(side).levels():
            if not within_limit(side, level.price_ticks, limit_ticks):
                break
            total += level.quantity_lots
        return total

    def is_crossed(self) -> bool:
        """Whether the best bid is at or above the best offer."""
        bid, ask = self.bids.best_price(), self.asks.best_price()
        return bid is not None and ask is not None and bid >= ask


def within_limit(side: int, price_ticks: int, limit_ticks: int | None) -> bool:
    """Whether an order of `side` with this limit (None: any price) accepts `price_ticks`."""
    if limit_ticks is None:
        return True
    return price_ticks <= limit_ticks if side == BUY else price_ticks >= limit_ticks
