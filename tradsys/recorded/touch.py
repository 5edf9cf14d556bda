"""The best bid and offer as the events tell them, to see whether a book was ever shown crossed."""

from __future__ import annotations

import heapq

from tradsys.records import Side


class Touch:
    """Quantities by price and side, and the best price of each; prices in ticks, quantities in lots."""

    def __init__(self) -> None:
        self._quantities: tuple[dict[int, int], dict[int, int]] = ({}, {})
        # Smallest first, so bids are negated. A price may be there twice or be empty by now: `best` drops those.
        self._prices: tuple[list[int], list[int]] = ([], [])

    def add(self, side: int, price_ticks: int, quantity_lots: int) -> None:
        """An order, or more of one, stands at this price."""
        quantities = self._quantities[side]
        if price_ticks not in quantities:
            heapq.heappush(self._prices[side], price_ticks if side == Side.SELL else -price_ticks)
        quantities[price_ticks] = quantities.get(price_ticks, 0) + quantity_lots

    def take(self, side: int, price_ticks: int, quantity_lots: int) -> None:
        """An order, or a part of one, has left this price."""
        quantities = self._quantities[side]
        left = quantities.get(price_ticks, 0) - quantity_lots
        if left > 0:
            quantities[price_ticks] = left
        else:
            quantities.pop(price_ticks, None)

    def best(self, side: int) -> int | None:
        """Best price of a side, None when it is empty."""
        prices, quantities = self._prices[side], self._quantities[side]
        while prices:
            price = prices[0] if side == Side.SELL else -prices[0]
            if price in quantities:
                return price
            heapq.heappop(prices)
        return None

    def is_crossed(self) -> bool:
        """Whether the best bid is at or above the best offer."""
        bid, ask = self.best(Side.BUY), self.best(Side.SELL)
        return bid is not None and ask is not None and bid >= ask
