from __future__ import annotations

from typing import Any

import pytest

from tests.book.harness import Bench, kinds, open_bench, refusal, trades
from tests.factories import amend, buy, cancel, define_symbol, market, market_state, sell, tick
from tradsys.book.audit import audit
from tradsys.reasons import Reason
from tradsys.records import CommandFlag, EventFlag, EventKind, MarketState, Side, TimeInForce

COLLECTING = [MarketState.PRE_OPEN, MarketState.OPENING_AUCTION, MarketState.CLOSING_AUCTION]


def uncrossed(*orders: Any, reference_ticks: int = 0) -> tuple[int, int]:
    """Price and volume of an auction of these orders; the reference price is 500 unless given."""
    bench = open_bench(MarketState.OPENING_AUCTION)
    for order in orders:
        bench.enter(order)
    events = bench.submit(market_state(MarketState.CONTINUOUS, price_ticks=reference_ticks))
    audit(bench.shard)
    price, volume = int(events["price_ticks"][-1]), int(events["quantity_lots"][-1])
    assert all(paid == price for paid, _, _ in trades(events))
    assert sum(lots for _, lots, _ in trades(events)) == volume
    return price, volume


def test_the_greatest_volume_makes_the_price() -> None:
    # 5 would trade at 510 and above, 15 at 505 to 509, 10 below.
    assert uncrossed(buy(520, 5), buy(509, 10), sell(490, 10), sell(505, 10), reference_ticks=515) == (509, 15)


def test_of_equal_volumes_the_smallest_surplus_makes_the_price() -> None:
    # 10 trade from 490 to 510: 10 sellers too many at 505 and above, none below.
    assert uncrossed(buy(510, 10), sell(490, 10), sell(505, 10), reference_ticks=510) == (504, 10)


def test_surpluses_of_buyers_and_of_sellers_count_alike() -> None:
    # At 500 to 504 there are 4 buyers too many, at 506 and above 3 sellers.
    orders = (buy(510, 10), buy(504, 4), sell(490, 10), sell(506, 3))
    assert uncrossed(*orders, reference_ticks=490) == (505, 10)
    assert uncrossed(*orders, buy(505, 1), reference_ticks=490) == (505, 10)
    assert uncrossed(*orders, buy(505, 3), reference_ticks=490) == (505, 10)
    assert uncrossed(*orders, buy(505, 4), reference_ticks=490) == (506, 10)


@pytest.mark.parametrize(
    ("reference_ticks", "price_ticks"), [(480, 490), (490, 490), (500, 500), (510, 510), (900, 510)]
)
def test_of_equal_surpluses_the_price_nearest_to_the_reference_is_made(reference_ticks: int, price_ticks: int) -> None:
    assert uncrossed(buy(510, 5), sell(490, 5), reference_ticks=reference_ticks) == (price_ticks, 5)


def test_nothing_trades_when_nothing_crosses() -> None:
    assert uncrossed(buy(499), sell(500)) == (0, 0)
    assert uncrossed(buy(499)) == (0, 0)
    assert uncrossed() == (0, 0)


def test_orders_are_paired_in_price_time_order_of_both_sides() -> None:
    bench = open_bench(MarketState.OPENING_AUCTION)
    second, first, third = (bench.enter(order) for order in (buy(505, 4), buy(510, 4), buy(505, 4)))
    sellers = [bench.enter(sell(495, 6)), bench.enter(sell(495, 6))]
    events = bench.submit(market_state(MarketState.CONTINUOUS))
    buyers = events["order_id"][:-1].tolist()
    assert buyers == [first, second, second, third]
    assert [(lots, seller) for _, lots, seller in trades(events)] == [
        (4, sellers[0]),
        (2, sellers[0]),
        (2, sellers[1]),
        (4, sellers[1]),
    ]
    assert all(events["flags"][:-1] & EventFlag.AUCTION)
    assert kinds(events)[-1] == EventKind.STATE
    assert bench.live_orders == 0


def test_what_an_auction_leaves_rests_in_its_place() -> None:
    bench = open_bench(MarketState.CLOSING_AUCTION)
    first, second = bench.enter(buy(500, 10)), bench.enter(buy(500, 10))
    bench.enter(sell(500, 4))
    bench.submit(market_state(MarketState.CONTINUOUS))
    assert [(order.order_id, order.leaves_lots) for order in bench.resting()] == [(first, 6), (second, 10)]


@pytest.mark.parametrize("state", COLLECTING)
def test_a_market_that_collects_takes_orders_that_can_wait_only(state: MarketState) -> None:
    bench = open_bench(state)
    bench.enter(buy(510))
    bench.enter(sell(490))
    for order in (
        market(Side.BUY),
        buy(500, time_in_force=TimeInForce.IOC),
        buy(500, time_in_force=TimeInForce.FOK),
        buy(500, flags=CommandFlag.POST_ONLY),
    ):
        assert refusal(bench.submit(order)) == Reason.NOT_ALLOWED_IN_AUCTION
    assert bench.depth() == ([(510, 10, 1)], [(490, 10, 1)])


def test_from_one_collecting_state_to_another_nothing_trades() -> None:
    bench = open_bench(MarketState.PRE_OPEN)
    bench.enter(buy(510))
    bench.enter(sell(490))
    assert kinds(bench.submit(market_state(MarketState.OPENING_AUCTION))) == [EventKind.STATE]
    assert len(trades(bench.submit(market_state(MarketState.CLOSED)))) == 1


def test_the_reference_price_becomes_the_price_of_an_auction_that_traded() -> None:
    bench = open_bench(MarketState.OPENING_AUCTION)
    bench.enter(buy(300))
    bench.enter(sell(300))
    bench.submit(market_state(MarketState.CLOSING_AUCTION))
    bench.submit(market_state(MarketState.CONTINUOUS))
    bench.submit(market_state(MarketState.CLOSING_AUCTION))
    bench.enter(buy(400))
    bench.enter(sell(290))
    assert trades(bench.submit(market_state(MarketState.CONTINUOUS)))[0][0] == 300


def indications(bench: Bench) -> list[tuple[int, int, int]]:
    events = bench.submit(tick())
    return list(zip(*(events[name].tolist() for name in ("price_ticks", "quantity_lots", "order_id")), strict=True))


def test_a_tick_tells_the_indicative_price_when_it_has_changed() -> None:
    bench = open_bench(MarketState.OPENING_AUCTION)
    assert indications(bench) == []
    bench.enter(buy(510, 10))
    seller = bench.enter(sell(490, 4))
    assert indications(bench) == [(500, 4, 6)]
    assert indications(bench) == []
    bench.submit(amend(seller, quantity_lots=14))
    assert indications(bench) == [(500, 10, -4)]
    bench.submit(cancel(seller))
    assert indications(bench) == [(0, 0, 0)]


def test_only_the_last_indication_of_a_tick_is_flagged_last() -> None:
    bench = open_bench(MarketState.OPENING_AUCTION)
    for symbol in (2, 3, 4):
        bench.submit(define_symbol(symbol, state=MarketState.CLOSING_AUCTION))
    for symbol in (1, 3, 4):
        bench.enter(buy(510, symbol=symbol))
        bench.enter(sell(490, symbol=symbol))
    events = bench.submit(tick())
    assert events["symbol"].tolist() == [1, 3, 4]
    assert events["flags"].tolist() == [0, 0, EventFlag.LAST]


def test_continuous_trading_and_pre_open_tell_no_indications() -> None:
    bench = open_bench(MarketState.PRE_OPEN)
    bench.enter(buy(510))
    bench.enter(sell(490))
    assert indications(bench) == []
