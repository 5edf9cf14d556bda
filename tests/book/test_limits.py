"""Everything that is limited, and what is said when it is exhausted."""

from __future__ import annotations

import pytest

from tests.book.harness import SMALL, Bench, kinds, open_bench, refusal, trades
from tests.factories import amend, buy, cancel, define_symbol, market, sell
from tradsys.book.audit import audit
from tradsys.book.bitmap import PAGES_MAX
from tradsys.book.layout import ShardSize
from tradsys.reasons import Reason
from tradsys.records import PRICE_MAX, PRICE_MIN, QUANTITY_MAX, SLOT_MASK, EventKind, MarketState, Side


def test_a_full_order_pool_refuses_even_what_would_trade_until_a_slot_is_free() -> None:
    bench = open_bench(size=SMALL._replace(orders=3))
    orders = [bench.enter(buy(400 + number)) for number in range(3)]
    assert refusal(bench.submit(buy(450))) == Reason.ORDER_POOL_FULL
    assert refusal(bench.submit(market(Side.SELL))) == Reason.ORDER_POOL_FULL
    audit(bench.shard)
    bench.submit(cancel(orders[1]))
    bench.enter(buy(450))
    assert refusal(bench.submit(buy(451))) == Reason.ORDER_POOL_FULL
    audit(bench.shard)


def test_a_full_level_pool_refuses_prices_on_new_pages_only() -> None:
    bench = open_bench(size=SMALL._replace(pages=2))
    first = bench.enter(buy(1))
    bench.enter(buy(200))
    assert refusal(bench.submit(buy(300))) == Reason.LEVEL_POOL_FULL
    assert refusal(bench.submit(sell(1000))) == Reason.LEVEL_POOL_FULL
    assert refusal(bench.submit(amend(first, price_ticks=300))) == Reason.LEVEL_POOL_FULL
    bench.enter(buy(2))
    bench.submit(amend(first, price_ticks=201))
    assert len(trades(bench.submit(market(Side.SELL, 10)))) == 1
    audit(bench.shard)


@pytest.mark.parametrize(("price_ticks", "fits"), [(1, True), (1000, True), (0, False), (1001, False), (-1, False)])
@pytest.mark.parametrize("side", list(Side))
def test_prices_outside_of_the_symbols_range_are_refused(side: Side, price_ticks: int, fits: bool) -> None:
    bench = open_bench()
    order = buy(price_ticks) if side == Side.BUY else sell(price_ticks)
    if fits:
        bench.enter(order)
    else:
        assert refusal(bench.submit(order)) == Reason.PRICE_OUT_OF_RANGE
    audit(bench.shard)


@pytest.mark.parametrize("quantity_lots", [0, -1, QUANTITY_MAX + 1, (1 << 63) - 1, -(1 << 63)])
def test_quantities_outside_of_the_range_are_refused(quantity_lots: int) -> None:
    bench = open_bench()
    assert refusal(bench.submit(buy(500, quantity_lots))) == Reason.INVALID_QUANTITY


def test_a_level_of_the_greatest_quantities_sums_up() -> None:
    bench = open_bench()
    for _ in range(1000):
        bench.enter(sell(500, QUANTITY_MAX))
    assert bench.depth() == ([], [(500, 1000 * QUANTITY_MAX, 1000)])


def test_a_range_too_wide_for_the_shards_directory_is_refused() -> None:
    bench = Bench(SMALL._replace(directory=8))
    assert refusal(bench.submit(define_symbol(lowest_ticks=0, highest_ticks=4 * 64))) == Reason.SYMBOL_RANGE_TOO_WIDE
    assert kinds(bench.submit(define_symbol(lowest_ticks=0, highest_ticks=4 * 64 - 1))) == [EventKind.SYMBOL]
    bench.enter(buy(4 * 64 - 1))
    audit(bench.shard)


def test_a_range_wider_than_the_bitmaps_is_refused_whatever_the_directory_holds() -> None:
    widest = 64 * PAGES_MAX
    bench = Bench(ShardSize(symbols_max=2, orders=10, pages=10, directory=3 * PAGES_MAX, summary=1 << 15))
    wide = {"lowest_ticks": 0, "highest_ticks": widest, "reference_ticks": 0}
    assert refusal(bench.submit(define_symbol(1, **wide))) == Reason.SYMBOL_RANGE_TOO_WIDE
    bench.submit(define_symbol(1, **wide | {"highest_ticks": widest - 1}))
    for price_ticks in (0, widest - 1, widest // 2, 64):
        bench.enter(buy(price_ticks))
    assert [price for price, _, _ in bench.depth()[0]] == [widest - 1, widest // 2, 64, 0]
    audit(bench.shard)


@pytest.mark.parametrize("lowest_ticks", [PRICE_MIN, -500, PRICE_MAX - 1000])
def test_prices_may_be_negative_and_as_large_as_the_record_holds(lowest_ticks: int) -> None:
    bench = Bench()
    bench.submit(
        define_symbol(lowest_ticks=lowest_ticks, highest_ticks=lowest_ticks + 1000, reference_ticks=lowest_ticks)
    )
    lowest, highest = bench.enter(sell(lowest_ticks, 1)), bench.enter(sell(lowest_ticks + 1000, 1))
    events = bench.submit(buy(lowest_ticks + 1000, 2))
    assert trades(events) == [(lowest_ticks, 1, lowest), (lowest_ticks + 1000, 1, highest)]
    audit(bench.shard)


def test_a_symbol_is_defined_once_and_within_the_shards_number_of_symbols() -> None:
    bench = open_bench()
    assert refusal(bench.submit(define_symbol())) == Reason.SYMBOL_EXISTS
    assert refusal(bench.submit(define_symbol(SMALL.symbols_max + 1))) == Reason.UNKNOWN_SYMBOL
    assert refusal(bench.submit(buy(500, symbol=2))) == Reason.UNKNOWN_SYMBOL
    bench.submit(define_symbol(SMALL.symbols_max, state=MarketState.PRE_OPEN))
    bench.enter(buy(500, symbol=SMALL.symbols_max))


@pytest.mark.parametrize("orders", [0, SLOT_MASK + 1])
def test_a_pool_that_order_ids_cannot_name_is_not_made(orders: int) -> None:
    with pytest.raises(ValueError, match=f"between 1 and {SLOT_MASK} orders, not {orders}"):
        Bench(SMALL._replace(orders=orders))
