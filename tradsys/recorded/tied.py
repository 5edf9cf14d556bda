"""Which of several equally good prices the Shanghai exchange gives a call auction.

The venue breaks such a tie by the nearest price to a reference, which the recorded files do not hold. The
exchange's trading rules ask besides that every buyer above and every seller below the price
be filled, so a surplus of buyers makes it the highest of the tied prices and one of sellers the lowest; only what
is then still tied is settled in the middle. That price, given to the venue as the reference, breaks ties alike.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tradsys.records import Side


class Standing:
    """What is left of one order in the book, in lots."""

    __slots__ = ("leaves_lots", "price_ticks", "side")

    def __init__(self, side: int, price_ticks: int, leaves_lots: int) -> None:
        self.side = side
        self.price_ticks = price_ticks
        self.leaves_lots = leaves_lots


def settling_price(orders: Iterable[Standing]) -> int:
    """The price in ticks that the exchange gives an auction of these orders; 0 when nothing crosses."""
    live = [order for order in orders if order.leaves_lots > 0]
    bids = [order for order in live if order.side == Side.BUY]
    asks = [order for order in live if order.side == Side.SELL]
    if not bids or not asks:
        return 0
    lowest = min(order.price_ticks for order in asks)
    highest = max(order.price_ticks for order in bids)
    if lowest > highest:
        return 0
    wanted = np.zeros(highest - lowest + 1, np.int64)
    offered = np.zeros_like(wanted)
    for order in bids:
        if order.price_ticks >= lowest:
            wanted[order.price_ticks - lowest] += order.leaves_lots
    for order in asks:
        if order.price_ticks <= highest:
            offered[order.price_ticks - lowest] += order.leaves_lots
    bought = wanted[::-1].cumsum()[::-1]
    sold = offered.cumsum()
    volume = np.minimum(bought, sold)
    surplus = bought - sold
    best = volume == volume.max()
    best &= np.abs(surplus) == np.abs(surplus[best]).min()
    prices = np.flatnonzero(best) + lowest
    if (surplus[best] > 0).all():
        return int(prices[-1])
    if (surplus[best] < 0).all():
        return int(prices[0])
    return int(prices[0] + prices[-1] + 1) // 2
