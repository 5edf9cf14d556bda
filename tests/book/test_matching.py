from __future__ import annotations

import pytest

from tests.book.harness import SMALL, kinds, open_bench, refusal, trades
from tests.factories import amend, buy, cancel, cancel_all, market, market_state, sell
from tradsys.book.audit import audit
from tradsys.reasons import Reason
from tradsys.records import CommandFlag, EventFlag, EventKind, MarketState, Side, TimeInForce

ACCEPTED, RESTED, TRADE, CANCELLED = EventKind.ACCEPTED, EventKind.RESTED, EventKind.TRADE, EventKind.CANCELLED


def test_an_order_that_meets_nobody_rests_with_one_event() -> None:
    bench = open_bench()
    (event,) = bench.submit(buy(500, 10, client_order_id=77))
    assert event["kind"] == ACCEPTED
    assert event["flags"] == EventFlag.RESTING | EventFlag.LAST
    assert event["client_order_id"] == 77
    assert bench.depth() == ([(500, 10, 1)], [])


def test_a_trade_is_priced_by_the_maker() -> None:
    bench = open_bench()
    maker = bench.enter(sell(490, 10))
    events = bench.submit(buy(500, 10))
    assert kinds(events) == [ACCEPTED, TRADE]
    assert trades(events) == [(490, 10, maker)]
    assert events["flags"][1] == EventFlag.ORDER_DONE | EventFlag.COUNTER_DONE | EventFlag.LAST


def test_better_prices_trade_first_and_earlier_orders_before_later_ones() -> None:
    bench = open_bench()
    late, worse, early = (bench.enter(order) for order in (sell(501, 1), sell(502, 1), sell(500, 1)))
    latest = bench.enter(sell(501, 1))
    assert trades(bench.submit(buy(502, 4))) == [(500, 1, early), (501, 1, late), (501, 1, latest), (502, 1, worse)]


def test_what_a_crossing_limit_order_has_left_rests_at_its_own_price() -> None:
    bench = open_bench()
    bench.enter(sell(490, 4))
    events = bench.submit(buy(500, 10))
    assert kinds(events) == [ACCEPTED, TRADE, RESTED]
    assert events["quantity_lots"].tolist() == [10, 4, 6]
    assert bench.depth() == ([(500, 6, 1)], [])


@pytest.mark.parametrize("resting", [0, 4])
def test_the_rest_of_an_immediate_order_is_not_left_in_the_book(resting: int) -> None:
    bench = open_bench()
    if resting:
        bench.enter(sell(500, resting))
    events = bench.submit(buy(500, 10, time_in_force=TimeInForce.IOC))
    assert kinds(events)[-1] == CANCELLED
    assert events["reason"][-1] == Reason.IMMEDIATE_REST
    assert events["quantity_lots"][-1] == 10 - resting
    assert not events["flags"][-1] & EventFlag.WAS_RESTING
    assert bench.depth() == ([], [])
    assert bench.live_orders == 0


def test_an_immediate_order_does_not_trade_beyond_its_limit() -> None:
    bench = open_bench()
    maker = bench.enter(sell(500, 4))
    bench.enter(sell(501, 4))
    assert trades(bench.submit(buy(500, 10, time_in_force=TimeInForce.IOC))) == [(500, 4, maker)]
    assert bench.depth() == ([], [(501, 4, 1)])


@pytest.mark.parametrize(("quantity", "limit", "fills"), [(10, 502, True), (11, 502, False), (10, 501, False)])
def test_a_fill_or_kill_order_fills_whole_or_not_at_all(quantity: int, limit: int, fills: bool) -> None:
    bench = open_bench()
    for price_ticks, lots in ((500, 3), (501, 2), (501, 2), (502, 3)):
        bench.enter(sell(price_ticks, lots))
    before = bench.depth()
    events = bench.submit(buy(limit, quantity, time_in_force=TimeInForce.FOK))
    if fills:
        assert sum(lots for _, lots, _ in trades(events)) == quantity
        assert bench.depth() == ([], [])
    else:
        assert refusal(events) == Reason.NOT_FILLABLE
        assert bench.depth() == before


@pytest.mark.parametrize("time_in_force", [TimeInForce.GTC, TimeInForce.IOC])
def test_the_rest_of_a_market_order_never_rests(time_in_force: TimeInForce) -> None:
    bench = open_bench()
    bench.enter(buy(1, 4))
    events = bench.submit(market(Side.SELL, 10, time_in_force=time_in_force))
    assert kinds(events) == [ACCEPTED, TRADE, CANCELLED]
    assert events["reason"][-1] == Reason.MARKET_REST
    assert bench.depth() == ([], [])


def test_a_market_order_takes_whatever_price_there_is() -> None:
    bench = open_bench()
    far = bench.enter(sell(1000, 5))
    assert trades(bench.submit(market(Side.BUY, 5))) == [(1000, 5, far)]


def test_a_post_only_order_is_refused_when_it_would_take() -> None:
    bench = open_bench()
    bench.enter(sell(500, 5))
    assert refusal(bench.submit(buy(500, 5, flags=CommandFlag.POST_ONLY))) == Reason.WOULD_CROSS
    bench.enter(buy(499, 5, flags=CommandFlag.POST_ONLY))
    assert bench.depth() == ([(499, 5, 1)], [(500, 5, 1)])


def test_a_partially_filled_maker_keeps_its_place() -> None:
    bench = open_bench()
    first, second = bench.enter(sell(500, 10)), bench.enter(sell(500, 10))
    assert trades(bench.submit(buy(500, 4))) == [(500, 4, first)]
    assert trades(bench.submit(buy(500, 8))) == [(500, 6, first), (500, 2, second)]


@pytest.mark.parametrize("place", range(4))
def test_cancelling_an_order_loses_none_of_its_queue(place: int) -> None:
    bench = open_bench()
    queue = [bench.enter(sell(500, 10)) for _ in range(4)]
    bench.submit(cancel(queue.pop(place)))
    assert bench.depth() == ([], [(500, 30, 3)])
    assert [maker for _, _, maker in trades(bench.submit(buy(500, 30)))] == queue


def test_no_phantom_price_is_left_when_the_best_level_is_cancelled() -> None:
    bench = open_bench()
    best = bench.enter(sell(500, 10))
    next_best = bench.enter(sell(700, 10))
    bench.submit(cancel(best))
    assert bench.depth() == ([], [(700, 10, 1)])
    assert kinds(bench.submit(buy(699, 10))) == [ACCEPTED]
    assert trades(bench.submit(buy(700, 10))) == [(700, 10, next_best)]
    audit(bench.shard)


def test_a_level_between_two_far_ones_finds_its_neighbours() -> None:
    bench = open_bench()
    for price_ticks in (1000, 1, 500, 300, 301, 64, 65, 63):
        bench.enter(sell(price_ticks, 1))
    assert [price for price, _, _ in bench.depth()[1]] == [1, 63, 64, 65, 300, 301, 500, 1000]
    audit(bench.shard)


@pytest.mark.parametrize("fate", ["filled", "cancelled"])
def test_the_id_of_a_done_order_is_never_found_again(fate: str) -> None:
    bench = open_bench()
    gone = bench.enter(sell(500, 10))
    bench.submit(buy(500, 10) if fate == "filled" else cancel(gone))
    heir = bench.enter(sell(500, 10))
    assert refusal(bench.submit(cancel(gone))) == Reason.UNKNOWN_ORDER
    assert refusal(bench.submit(amend(gone, quantity_lots=5))) == Reason.UNKNOWN_ORDER
    assert [order.order_id for order in bench.resting()] == [heir]


def test_an_order_is_cancelled_by_its_account_and_in_its_symbol_only() -> None:
    bench = open_bench()
    order_id = bench.enter(buy(500, account=1))
    assert refusal(bench.submit(cancel(order_id, account=2))) == Reason.NOT_YOUR_ORDER
    assert refusal(bench.submit(cancel(order_id, symbol=2))) == Reason.UNKNOWN_ORDER
    assert kinds(bench.submit(cancel(order_id))) == [CANCELLED]


def test_five_thousand_makers_are_swept_by_one_order() -> None:
    bench = open_bench(size=SMALL._replace(orders=6000))
    makers = [bench.enter(sell(400 + number // 10, 1 + number % 3)) for number in range(5000)]
    events = bench.submit(market(Side.BUY, 100_000))
    assert [maker for _, _, maker in trades(events)] == makers
    assert [price for price, _, _ in trades(events)] == [400 + number // 10 for number in range(5000)]
    assert kinds(events)[-1] == CANCELLED
    assert bench.live_orders == 0
    audit(bench.shard)


@pytest.mark.parametrize("state", [MarketState.HALT, MarketState.CLOSED])
def test_a_halt_binds_new_orders_and_amends_but_not_cancels(state: MarketState) -> None:
    bench = open_bench()
    order_id = bench.enter(buy(500, 10))
    bench.submit(market_state(state))
    for order in (buy(500), sell(500), market(Side.SELL), buy(500, time_in_force=TimeInForce.IOC)):
        assert refusal(bench.submit(order)) == Reason.SYMBOL_NOT_OPEN
    assert refusal(bench.submit(amend(order_id, quantity_lots=5))) == Reason.SYMBOL_NOT_OPEN
    assert kinds(bench.submit(cancel(order_id))) == [CANCELLED]


def test_a_mass_cancel_takes_the_accounts_orders_and_says_how_many() -> None:
    bench = open_bench()
    mine = [bench.enter(buy(400 + number, account=1)) for number in range(3)]
    theirs = bench.enter(buy(450, account=2))
    events = bench.submit(cancel_all(account=1))
    assert events["order_id"][:-1].tolist() == mine
    assert kinds(events)[-1] == EventKind.MASS_CANCELLED
    assert events["quantity_lots"][-1] == 3
    assert [order.order_id for order in bench.resting()] == [theirs]
