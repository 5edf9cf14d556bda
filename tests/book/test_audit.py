"""The audit finds every kind of damage; a book that is whole passes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.book.harness import Bench, open_bench
from tests.factories import buy, cancel, define_symbol, sell
from tradsys.book import layout
from tradsys.book.audit import audit
from tradsys.book.layout import Shard
from tradsys.records import MarketState


@pytest.fixture
def bench() -> Bench:
    """Three bids of a queue, two offers on two pages, a free slot; orders lie in slots 1 to 6, slot 2 is free."""
    bench = open_bench()
    slots = [bench.enter(order) for order in (buy(500, 5), buy(500, 6), buy(500, 7), buy(499, 1), sell(510), sell(900))]
    bench.submit(cancel(slots[1]))
    bench.enter(buy(500, 6))
    bench.submit(cancel(bench.enter(buy(498, 6))), define_symbol(2, state=MarketState.PRE_OPEN))
    audit(bench.shard)
    return bench


def level_of(shard: Shard, slot: int) -> int:
    return int(shard.orders["level"][slot])


def _set(array: str, field: str, place: Callable[[Shard], int], value: int) -> Callable[[Shard], None]:
    def damage(shard: Shard) -> None:
        getattr(shard, array)[field][place(shard)] = value

    return damage


def _word(word: int, change: int) -> Callable[[Shard], None]:
    def damage(shard: Shard) -> None:
        shard.words[word] += change

    return damage


def _flip_summary(shard: Shard) -> None:
    shard.summary[0] ^= 1 << 40


def _flip_occupancy(shard: Shard) -> None:
    shard.directory["occupancy"][7] ^= 1 << 40


def _put(array: str, index: int, value: int) -> Callable[[Shard], None]:
    def damage(shard: Shard) -> None:
        getattr(shard, array)[index] = value

    return damage


DAMAGE: dict[str, tuple[Callable[[Shard], None], str]] = {
    "next": (_set("orders", "next", lambda _: 1, 0), "tail is"),
    "prev": (_set("orders", "prev", lambda _: 3, 7), "has prev"),
    "circle": (_set("orders", "next", lambda _: 3, 1), "met in level"),
    "leaves": (_set("orders", "leaves_lots", lambda _: 3, 8), "sums"),
    "no leaves": (_set("orders", "leaves_lots", lambda _: 3, 0), "rests with 0"),
    "account's price": (_set("orders", "price_ticks", lambda _: 3, 501), "says"),
    "id": (_set("orders", "order_id", lambda _: 3, 4), "lies in slot"),
    "lost order": (_set("levels", "worse", lambda shard: level_of(shard, 1), 0), "is in no queue"),
    "tail": (_set("levels", "tail", lambda shard: level_of(shard, 1), 1), "tail is"),
    "count": (_set("levels", "count", lambda shard: level_of(shard, 1), 2), "counts 2 orders of 3"),
    "sum": (_set("levels", "quantity_lots", lambda shard: level_of(shard, 1), 17), "sums 17 lots of 18"),
    "better": (_set("levels", "better", lambda shard: level_of(shard, 4), 0), "better is 0"),
    "index": (_set("levels", "index", lambda shard: level_of(shard, 4), 497), "not what the directory finds"),
    "null level": (_set("levels", "index", lambda _: 0, 5), "best index|null level"),
    "ghost": (_put("pages", 5, 1), "the pages name"),
    "free levels": (_word(layout.W_FREE_LEVEL, 1), "is free and linked|free levels lead"),
    "used levels": (_word(layout.W_USED_LEVELS, 1), "levels used"),
    "best index": (_set("sides", "best_index", lambda _: 2, 501), "best index is not"),
    "occupancy": (_flip_occupancy, "occupancy of entry"),
    "summary": (_flip_summary, "summary word 0"),
    "free list": (_word(layout.W_FREE_ORDER, -1), "free"),
    "used slots": (_word(layout.W_USED_ORDERS, 1), "live and"),
    "live orders": (_word(layout.W_LIVE_ORDERS, 1), "counted 6"),
    "used pages": (_word(layout.W_USED_PAGES, 1), "each used page once"),
    "auctions": (_word(layout.W_AUCTIONS, 1), "1 auctions"),
    "symbols": (_word(layout.W_SYMBOLS, 1), "highest symbol is not 3"),
    "pending": (_word(layout.W_PENDING, 1), "pending"),
}


@pytest.mark.parametrize("name", list(DAMAGE))
def test_the_audit_finds_damage(bench: Bench, name: str) -> None:
    damage, words = DAMAGE[name]
    damage(bench.shard)
    with pytest.raises(AssertionError, match=words):
        audit(bench.shard)


def test_the_audit_finds_a_crossed_book_only_where_it_may_not_be() -> None:
    bench = open_bench(MarketState.OPENING_AUCTION)
    bench.submit(buy(510), sell(490))
    audit(bench.shard)
    bench.shard.books["state"][1] = MarketState.CONTINUOUS
    bench.shard.words[layout.W_AUCTIONS] = 0
    with pytest.raises(AssertionError, match="symbol 1 is crossed in state 2: bid 510, offer 490"):
        audit(bench.shard)
