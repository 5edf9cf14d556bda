"""The price of a call auction, found by trying every tick."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tradsys.reference.book import Book, Order


class Indication(NamedTuple):
    """What an uncrossing now would do; `surplus_lots` is what buyers want more than sellers offer at that price."""

    price_ticks: int
    volume_lots: int
    surplus_lots: int


NOTHING = Indication(0, 0, 0)


def candidates(book: Book) -> list[Indication]:
    """What would trade at each tick between the crossed prices, lowest price first; empty when nothing crosses."""
    if not book.is_crossed():
        return []
    bids, asks = book.bids.levels(), book.asks.levels()
    found = []
    for price in range(asks[0].price_ticks, bids[0].price_ticks + 1):
        bought = sum(level.quantity_lots for level in bids if level.price_ticks >= price)
        sold = sum(level.quantity_lots for level in asks if level.price_ticks <= price)
        found.append(Indication(price, min(bought, sold), bought - sold))
    return found


def indicate(book: Book, reference_ticks: int) -> Indication:
    """The greatest executable volume, then the smallest surplus, then the nearest to the reference, then the lowest."""

    def merit(at: Indication) -> tuple[int, int, int, int]:
        return -at.volume_lots, abs(at.surplus_lots), abs(at.price_ticks - reference_ticks), at.price_ticks

    return min(candidates(book), key=merit, default=NOTHING)


class Pair(NamedTuple):
    """A buyer and a seller of an uncrossing, and how much they trade."""

    buyer: Order
    seller: Order
    quantity_lots: int


def pairs(book: Book, at: Indication) -> Iterator[Pair]:
    """Walk both sides in price-time priority; each pair is to be traded before the next is asked for."""
    left = at.volume_lots
    while left > 0:
        buyer, seller = book.bids.best_order(), book.asks.best_order()
        quantity = min(left, buyer.leaves_lots, seller.leaves_lots)
        left -= quantity
        yield Pair(buyer, seller, quantity)
