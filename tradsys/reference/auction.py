"""The price of a call auction, found by trying every tick."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tradsys.reference.book import Book
from tradsys.reference.orders import Order
from tradsys.reference.terms import BUY, SELL, is_within_limit


class Indication(NamedTuple):
    """What an uncrossing now would do; `surplus_lots` is what buyers want more than sellers offer at that price."""

    price_ticks: int
    volume_lots: int
    surplus_lots: int


NOTHING = Indication(0, 0, 0)


def candidates(book: Book) -> list[Indication]:
    """What would trade at each tick between the crossed prices, lowest price first; empty when nothing crosses."""
    bid, ask = book.bids.best_price(), book.asks.best_price()
    if bid is None or ask is None or bid < ask:
        return []
    bids, asks = book.bids.totals(), book.asks.totals()
    bought = sum(lots for price, lots in bids.items() if price >= ask)
    sold = 0
    found = []
    for price in range(ask, bid + 1):
        sold += asks.get(price, 0)
        found.append(Indication(price, min(bought, sold), bought - sold))
        bought -= bids.get(price, 0)  # they do not pay the next price
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


def pairs(book: Book, price_ticks: int) -> Iterator[Pair]:
    """Walk both sides in priority as far as they accept the price; each pair must trade before the next is asked for.

    What a trade means for linked orders may take orders away, so that less trades than was indicated.
    """
    while True:
        buyer, seller = book.bids.best_order(), book.asks.best_order()
        if buyer is None or seller is None:
            return
        if not is_within_limit(BUY, price_ticks, buyer.price_ticks):
            return
        if not is_within_limit(SELL, price_ticks, seller.price_ticks):
            return
        yield Pair(buyer, seller, min(buyer.shown_lots, seller.shown_lots))
