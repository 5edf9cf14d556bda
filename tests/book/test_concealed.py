from __future__ import annotations

from typing import Any

import pytest

from tests.book.concealed import concealed_in
from tests.book.harness import SMALL, Bench, ended, ids, kinds, open_bench, refusal, told, trades
from tests.factories import amend, buy, cancel, extended, iceberg, market, new_order, rules, sell
from tradsys.book.audit import audit
from tradsys.reasons import Reason
from tradsys.records import CommandFlag, EventFlag, EventKind, MarketState, SelfTrade, Side, TimeInForce

BUY, SELL = Side.BUY, Side.SELL
ACCEPTED, TRADE, RESTED, DISPLAYED = EventKind.ACCEPTED, EventKind.TRADE, EventKind.RESTED, EventKind.DISPLAYED
CANCELLED, AMENDED, TERMS, STATE = EventKind.CANCELLED, EventKind.AMENDED, EventKind.TERMS, EventKind.STATE
HIDDEN, FOK = CommandFlag.HIDDEN, TimeInForce.FOK


def test_an_iceberg_refreshes_to_the_end_and_each_slice_loses_its_place(bench: Bench) -> None:
    events = bench.submit(*iceberg(SELL, 500, 25, 10))
    assert told(events) == [(ACCEPTED, 500, 25), (TERMS, 0, 10), (DISPLAYED, 500, 10)]
    ice = int(events["order_id"][0])
    other = bench.enter(sell(500, 4, account=2))
    assert bench.depth() == ([], [(500, 14, 2)])
    events = bench.submit(buy(500, 12, account=3))
    assert told(events)[1:] == [(TRADE, 500, 10), (DISPLAYED, 500, 10), (TRADE, 500, 2)]
    assert trades(events) == [(500, 10, ice), (500, 2, other)]
    events = bench.submit(buy(500, 100, account=3, time_in_force=TimeInForce.IOC))
    assert trades(events) == [(500, 2, other), (500, 10, ice), (500, 5, ice)]
    assert ids(events, DISPLAYED) == [ice]
    assert events["quantity_lots"][events["kind"] == DISPLAYED].tolist() == [5]
    done = [bool(flags & EventFlag.COUNTER_DONE) for flags in events["flags"][events["kind"] == TRADE]]
    assert done == [True, False, True]
    assert bench.live_orders == 0


def test_a_partly_traded_slice_keeps_its_place_and_is_not_refreshed(bench: Bench) -> None:
    ice = bench.enter(*iceberg(SELL, 500, 25, 10))
    bench.enter(sell(500, 4, account=2))
    assert kinds(bench.submit(buy(500, 9, account=3))) == [ACCEPTED, TRADE]
    assert bench.depth() == ([], [(500, 5, 2)])
    assert trades(bench.submit(buy(500, 1, account=3))) == [(500, 1, ice)]


def test_a_decrease_of_an_iceberg_comes_off_what_it_does_not_show(bench: Bench) -> None:
    ice = bench.enter(*iceberg(SELL, 500, 25, 10))
    other = bench.enter(sell(500, 4, account=2))
    (event,) = bench.submit(amend(ice, quantity_lots=12))
    assert event["flags"] & EventFlag.KEPT_PRIORITY
    assert bench.depth() == ([], [(500, 14, 2)])
    events = bench.submit(buy(500, 16, account=3))
    assert trades(events) == [(500, 10, ice), (500, 4, other), (500, 2, ice)]


def test_a_hidden_order_matches_after_what_is_displayed_at_its_price_and_shows_nothing(bench: Bench) -> None:
    hidden = bench.enter(sell(500, 5, flags=HIDDEN))
    shown = bench.enter(sell(500, 3, account=2))
    better = bench.enter(sell(499, 2, flags=HIDDEN, account=2))
    assert bench.depth() == ([], [(500, 3, 1)])
    assert concealed_in(bench.shard, 1).hidden == [better, hidden]
    events = bench.submit(buy(500, 9, account=3))
    assert trades(events) == [(499, 2, better), (500, 3, shown), (500, 4, hidden)]
    assert trades(bench.submit(buy(500, 2, account=3))) == [(500, 1, hidden)]
    assert bench.depth() == ([(500, 1, 1)], [])


def test_a_hidden_taker_trades_and_rests_unseen(bench: Bench) -> None:
    maker = bench.enter(sell(500, 4, account=2))
    events = bench.submit(buy(501, 10, flags=HIDDEN))
    assert told(events) == [(ACCEPTED, 501, 10), (TRADE, 500, 4), (RESTED, 501, 6)]
    assert trades(events) == [(500, 4, maker)]
    assert events["flags"][-1] == EventFlag.RESTING | EventFlag.HIDDEN | EventFlag.LAST
    assert bench.depth() == ([], [])
    assert trades(bench.submit(market(SELL, 6, account=3))) == [(501, 6, ids(events, ACCEPTED)[0])]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_cancelling_a_hidden_order_loses_none_of_its_queue(bench: Bench, place: int) -> None:
    orders = [bench.enter(sell(500, 1 + number, flags=HIDDEN)) for number in range(3)]
    (event,) = bench.submit(cancel(orders[place]))
    assert event["flags"] == EventFlag.SELL | EventFlag.WAS_RESTING | EventFlag.HIDDEN | EventFlag.LAST
    left = [(500, 1 + number, order) for number, order in enumerate(orders) if number != place]
    assert trades(bench.submit(market(BUY, 9, account=2))) == left


def test_no_phantom_price_is_left_when_the_best_hidden_order_is_cancelled(bench: Bench) -> None:
    best, worse = bench.enter(sell(499, 1, flags=HIDDEN)), bench.enter(sell(503, 1, flags=HIDDEN))
    bench.submit(cancel(best))
    assert trades(bench.submit(buy(502, 1, account=2))) == []
    assert trades(bench.submit(buy(503, 1, account=2))) == [(503, 1, worse)]


def test_a_hidden_order_amended_into_a_cross_trades_and_does_not_rest_crossed(bench: Bench) -> None:
    seller = bench.enter(sell(505, 3, account=2))
    mover = bench.enter(buy(490, 10, flags=HIDDEN))
    events = bench.submit(amend(mover, price_ticks=506))
    assert told(events) == [(AMENDED, 506, 10), (TRADE, 505, 3), (RESTED, 506, 7)]
    assert trades(events) == [(505, 3, seller)]
    assert refusal(bench.submit(sell(506, 1, account=2, flags=CommandFlag.POST_ONLY))) == Reason.WOULD_CROSS


def test_an_iceberg_amended_into_a_cross_trades_more_than_its_slice(bench: Bench) -> None:
    seller = bench.enter(sell(505, 8, account=2))
    mover = bench.enter(*iceberg(BUY, 490, 20, 5))
    events = bench.submit(amend(mover, price_ticks=505))
    assert told(events) == [(AMENDED, 505, 20), (TRADE, 505, 8), (RESTED, 505, 12), (DISPLAYED, 505, 5)]
    assert trades(events) == [(505, 8, seller)]
    assert bench.depth() == ([(505, 5, 1)], [])


# All or none: 10 offered openly at 500, 5 hidden at 501, an iceberg of 20 that shows 4 at 502; 7 at 520.


@pytest.fixture
def offers(bench: Bench) -> list[int]:
    return [
        bench.enter(sell(500, 10, account=2)),
        bench.enter(sell(501, 5, account=2, flags=HIDDEN)),
        bench.enter(*iceberg(SELL, 502, 20, 4, account=3)),
        bench.enter(sell(520, 7, account=3)),
    ]


@pytest.mark.parametrize(
    ("limit", "quantity", "fills"),
    [(500, 10, True), (500, 11, False), (501, 15, True), (501, 16, False), (502, 35, True), (502, 36, False)],
)
def test_fill_or_kill_counts_hidden_orders_and_reserves_and_never_fills_in_part(
    bench: Bench, offers: list[int], limit: int, quantity: int, fills: bool
) -> None:
    before = bench.depth()
    events = bench.submit(buy(limit, quantity, time_in_force=FOK))
    if fills:
        assert sum(lots for _, lots, _ in trades(events)) == quantity
        assert max(price for price, _, _ in trades(events)) <= limit, "all or none at the limit or better"
        assert CANCELLED not in kinds(events)
    else:
        assert refusal(events) == Reason.NOT_FILLABLE
        assert bench.depth() == before
        assert bench.live_orders == 4


@pytest.mark.parametrize(
    ("mode", "quantity", "fills"),
    [
        (SelfTrade.CANCEL_MAKER, 37, True),
        (SelfTrade.CANCEL_MAKER, 38, False),
        (SelfTrade.CANCEL_TAKER, 10, True),
        (SelfTrade.CANCEL_TAKER, 11, False),
        (SelfTrade.CANCEL_BOTH, 11, False),
        (SelfTrade.DECREMENT, 11, False),
    ],
)
def test_fill_or_kill_does_not_count_what_it_may_not_trade_with(
    bench: Bench, offers: list[int], mode: SelfTrade, quantity: int, fills: bool
) -> None:
    """The hidden order in the second place belongs to the taker's account, here 2 with what is first of account 4."""
    first = bench.enter(sell(499, 10, account=4))
    bench.submit(cancel(offers[0], account=2))
    events = bench.submit(buy(520, quantity, account=2, time_in_force=FOK, self_trade=mode))
    if fills:
        assert trades(events)[0] == (499, 10, first)
        assert sum(lots for _, lots, _ in trades(events)) == quantity
    else:
        assert refusal(events) == Reason.NOT_FILLABLE
        assert bench.live_orders == 4


@pytest.mark.parametrize(("quantity", "fills"), [(35, True), (36, False)])
def test_fill_or_kill_counts_as_far_as_a_band_lets_it_trade(
    bench: Bench, offers: list[int], quantity: int, fills: bool
) -> None:
    bench.submit(rules(static_band_bps=100, breach_state=MarketState.HALT))  # up to 505
    events = bench.submit(buy(600, quantity, time_in_force=FOK))
    assert (refusal(events) == Reason.NOT_FILLABLE) if not fills else STATE not in kinds(events)
    assert sum(lots for _, lots, _ in trades(events)) == (quantity if fills else 0)


@pytest.mark.parametrize(("minimum", "fills"), [(35, True), (36, False)])
def test_a_minimum_is_traded_at_once_or_the_order_is_refused(
    bench: Bench, offers: list[int], minimum: int, fills: bool
) -> None:
    events = bench.submit(*extended(buy(502, 50), minimum_lots=minimum))
    if fills:
        assert sum(lots for _, lots, _ in trades(events)) == 35
        assert told(events)[-1] == (RESTED, 502, 15)
    else:
        assert refusal(events) == Reason.MINIMUM_NOT_FILLABLE
        assert bench.live_orders == 4


@pytest.mark.parametrize("careful", [False, True])
def test_a_sweep_of_five_thousand_fills_is_whole_also_through_a_small_ring(careful: bool) -> None:
    count = 5000
    bench = open_bench(size=SMALL._replace(orders=count + 10), ring=64, drain=5)
    if careful:  # one rare order, and the sweep is another piece of code
        bench.enter(sell(500, 1, account=9, flags=HIDDEN))
        bench.submit(rules(static_band_bps=9_000, breach_state=MarketState.HALT))
    bench.submit(*(sell(500 + number // 100, 2, account=2) for number in range(count)))
    events = bench.submit(market(BUY, 2 * count + careful, account=3))
    assert kinds(events) == [ACCEPTED, *[TRADE] * (count + careful)]
    expected = [500 + number // 100 for number in range(count)]
    if careful:
        expected.insert(100, 500)
    assert events["price_ticks"][1:].tolist() == expected
    assert bench.waits > count // 64
    assert bench.live_orders == 0
    audit(bench.shard)


@pytest.mark.parametrize(
    "rest", [{"order_type": 1, "price_ticks": 0}, {"order_type": 1, "price_ticks": 0, "time_in_force": 1}]
)
def test_the_rest_of_a_market_order_is_not_left_resting_beside_rare_orders(bench: Bench, rest: dict[str, Any]) -> None:
    maker = bench.enter(sell(500, 3, account=2, flags=HIDDEN))
    events = bench.submit(new_order(BUY, quantity_lots=10, **rest))
    assert trades(events) == [(500, 3, maker)]
    assert ended(events) == [(ids(events, ACCEPTED)[0], Reason.MARKET_REST, 7)]
    assert bench.live_orders == 0
