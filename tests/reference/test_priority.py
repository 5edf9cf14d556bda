from __future__ import annotations

import pytest

from tests import factories as make
from tests.reference.desk import Desk, ended, kinds, refusal, told, trades
from tradsys.reasons import Reason
from tradsys.records import CommandFlag, EventFlag, EventKind, Link, MarketState, SelfTrade, Side, TimeInForce

BUY, SELL = Side.BUY, Side.SELL
ACCEPTED, TRADE, RESTED, DISPLAYED = EventKind.ACCEPTED, EventKind.TRADE, EventKind.RESTED, EventKind.DISPLAYED
CANCELLED, AMENDED, TERMS = EventKind.CANCELLED, EventKind.AMENDED, EventKind.TERMS
HIDDEN, POST_ONLY, SLIDE = CommandFlag.HIDDEN, CommandFlag.POST_ONLY, CommandFlag.SLIDE
RESTING, WAS_RESTING, KEPT = EventFlag.RESTING, EventFlag.WAS_RESTING, EventFlag.KEPT_PRIORITY


def test_hidden_orders_trade_after_displayed_ones_at_their_price_and_before_worse_prices(desk: Desk) -> None:
    hidden = desk.enter(make.sell(500, 5, account=2, flags=HIDDEN))
    shown = desk.enter(make.sell(500, 5, account=2))
    worse = desk.enter(make.sell(501, 5, account=2))
    assert desk.depth() == ([], [(500, 5), (501, 5)])
    assert trades(desk.send(make.buy(501, 15))) == [(500, 5, shown), (500, 5, hidden), (501, 5, worse)]


def test_a_hidden_order_is_told_as_resting_and_hidden(desk: Desk) -> None:
    (accepted,) = desk.send(make.sell(500, 5, account=2, flags=HIDDEN))
    assert accepted.flags == EventFlag.SELL | RESTING | EventFlag.HIDDEN | EventFlag.LAST
    (cancelled,) = desk.send(make.cancel(accepted.order_id, account=2))
    assert cancelled.flags == EventFlag.SELL | WAS_RESTING | EventFlag.HIDDEN | EventFlag.LAST
    desk.enter(make.sell(500, 5))
    accepted, _, rested = desk.send(make.buy(500, 8, flags=HIDDEN))
    assert accepted.flags == 0
    assert rested.flags == RESTING | EventFlag.HIDDEN | EventFlag.LAST


def test_an_iceberg_shows_slices_at_the_end_of_the_queue_until_nothing_is_left(desk: Desk) -> None:
    iceberg = desk.enter(*make.iceberg(SELL, 500, 10, 4, account=2))
    other = desk.enter(make.sell(500, 5, account=3))
    assert desk.depth() == ([], [(500, 9)])
    assert told(desk.send(make.buy(500, 4))) == [(ACCEPTED, 500, 4), (TRADE, 500, 4), (DISPLAYED, 500, 4)]
    events = desk.send(make.buy(500, 20))
    assert trades(events) == [(500, 5, other), (500, 4, iceberg), (500, 2, iceberg)]
    assert told(events)[1:] == [
        (TRADE, 500, 5),
        (TRADE, 500, 4),
        (DISPLAYED, 500, 2),
        (TRADE, 500, 2),
        (RESTED, 500, 9),
    ]
    assert events[-2].flags & EventFlag.COUNTER_DONE
    assert not events[2].flags & EventFlag.COUNTER_DONE


def test_a_partly_traded_slice_keeps_its_place(desk: Desk) -> None:
    iceberg = desk.enter(*make.iceberg(SELL, 500, 10, 4, account=2))
    desk.enter(make.sell(500, 5, account=3))
    assert trades(desk.send(make.buy(500, 3))) == [(500, 3, iceberg)]
    assert desk.depth() == ([], [(500, 6)])
    assert trades(desk.send(make.buy(500, 1))) == [(500, 1, iceberg)]


def test_an_iceberg_takes_with_its_whole_quantity_and_shows_a_slice_of_the_rest(desk: Desk) -> None:
    desk.enter(make.sell(500, 5, account=2))
    events = desk.send(*make.iceberg(BUY, 500, 20, 4))
    assert told(events) == [
        (ACCEPTED, 500, 20),
        (TERMS, 0, 4),
        (TRADE, 500, 5),
        (RESTED, 500, 15),
        (DISPLAYED, 500, 4),
    ]
    assert events[0].flags == 0
    assert events[3].flags == RESTING | EventFlag.HIDDEN
    assert desk.depth() == ([(500, 4)], [])


def test_the_displayed_slice_comes_after_the_legs_of_a_linked_iceberg(desk: Desk) -> None:
    extension, order = make.iceberg(BUY, 400, 20, 4)
    events = desk.send(extension, *make.linked(Link.ONE_TRIGGERS_OTHER, order, make.stop(SELL, 300)))
    assert kinds(events) == [ACCEPTED, TERMS, ACCEPTED, TERMS, DISPLAYED]
    assert events[0].flags & RESTING
    assert not events[2].flags & RESTING


def test_a_decrease_of_an_iceberg_comes_off_its_reserve_and_then_off_its_slice(desk: Desk) -> None:
    iceberg = desk.enter(*make.iceberg(BUY, 500, 20, 4))
    (event,) = desk.send(make.amend(iceberg, quantity_lots=6))
    assert event.flags == WAS_RESTING | RESTING | KEPT | EventFlag.HIDDEN | EventFlag.LAST
    assert (event.quantity_lots, event.previous_quantity_lots) == (6, 20)
    assert desk.depth() == ([(500, 4)], [])
    desk.send(make.amend(iceberg, quantity_lots=3))
    assert desk.depth() == ([(500, 3)], [])


def test_an_iceberg_that_loses_its_place_is_cut_into_slices_anew(desk: Desk) -> None:
    iceberg = desk.enter(*make.iceberg(BUY, 500, 20, 4, account=2))
    desk.send(make.sell(500, 3))
    assert desk.depth() == ([(500, 1)], [])
    amended, displayed = desk.send(make.amend(iceberg, price_ticks=499, account=2))
    assert (amended.kind, amended.price_ticks, amended.quantity_lots) == (AMENDED, 499, 17)
    assert (displayed.kind, displayed.price_ticks, displayed.quantity_lots) == (DISPLAYED, 499, 4)
    assert desk.depth() == ([(499, 4)], [])


def test_a_cancelled_iceberg_tells_its_whole_quantity(desk: Desk) -> None:
    iceberg = desk.enter(*make.iceberg(BUY, 500, 20, 4))
    assert ended(desk.send(make.cancel(iceberg))) == [(iceberg, Reason.CANCELLED_BY_CLIENT, 20)]


@pytest.mark.parametrize(("quantity", "fills"), [(29, True), (30, False)])
def test_fill_or_kill_counts_reserves_and_hidden_orders(desk: Desk, quantity: int, fills: bool) -> None:
    desk.enter(*make.iceberg(SELL, 500, 20, 4, account=2))
    desk.enter(make.sell(501, 9, account=2, flags=HIDDEN))
    desk.enter(make.sell(502, 9, account=2))
    events = desk.send(make.buy(501, quantity, time_in_force=TimeInForce.FOK))
    if fills:
        assert sum(lots for _, lots, _ in trades(events)) == quantity
    else:
        assert refusal(events) == Reason.NOT_FILLABLE


@pytest.mark.parametrize(
    ("mode", "fillable"),
    [
        # Before the own displayed order: a slice of 4 and 3; all others: 20 + 3 + 6 + 7.
        (SelfTrade.NONE, 41),
        (SelfTrade.CANCEL_TAKER, 7),
        (SelfTrade.CANCEL_BOTH, 7),
        (SelfTrade.DECREMENT, 7),
        (SelfTrade.CANCEL_MAKER, 36),
    ],
)
def test_fill_or_kill_counts_as_far_as_self_trade_prevention_lets_it_trade(mode: SelfTrade, fillable: int) -> None:
    for quantity, fills in ((fillable, True), (fillable + 1, False)):
        desk = Desk()
        desk.enter(*make.iceberg(SELL, 500, 20, 4, account=2))
        desk.enter(make.sell(500, 3, account=2))
        desk.enter(make.sell(500, 5, account=1))
        desk.enter(make.sell(500, 6, account=2, flags=HIDDEN))
        desk.enter(make.sell(501, 7, account=2))
        events = desk.send(make.buy(600, quantity, time_in_force=TimeInForce.FOK, self_trade=mode))
        if fills:
            assert sum(lots for _, lots, _ in trades(events)) == quantity
        else:
            assert refusal(events) == Reason.NOT_FILLABLE


def test_an_own_hidden_order_stops_the_count_after_all_displayed_ones_at_its_price(desk: Desk) -> None:
    desk.enter(make.sell(500, 5, account=1, flags=HIDDEN))
    desk.enter(*make.iceberg(SELL, 500, 20, 4, account=2))
    order = make.buy(600, 20, time_in_force=TimeInForce.FOK, self_trade=SelfTrade.CANCEL_TAKER)
    assert sum(lots for _, lots, _ in trades(desk.send(order))) == 20


def test_a_minimum_is_for_the_moment_of_entry_only(desk: Desk) -> None:
    desk.enter(make.sell(500, 5, account=2))
    order = make.buy(500, 10)
    assert refusal(desk.send(*make.extended(order, minimum_lots=6))) == Reason.MINIMUM_NOT_FILLABLE
    events = desk.send(*make.extended(order, minimum_lots=5))
    assert told(events) == [(ACCEPTED, 500, 10), (TRADE, 500, 5), (RESTED, 500, 5)]
    assert trades(desk.send(make.sell(500, 1, account=2))) == [(500, 1, events[0].order_id)]


def test_post_only_minds_hidden_orders_too(desk: Desk) -> None:
    desk.enter(make.sell(500, 5, account=2, flags=HIDDEN))
    assert refusal(desk.send(make.buy(500, 5, flags=POST_ONLY))) == Reason.WOULD_CROSS


def test_a_sliding_order_rests_one_tick_behind_the_other_sides_best(desk: Desk) -> None:
    desk.enter(make.sell(500, 5, account=2))
    (accepted,) = desk.send(make.buy(510, 5, flags=POST_ONLY | SLIDE))
    assert (accepted.price_ticks, accepted.flags & RESTING) == (499, RESTING)
    (accepted,) = desk.send(make.buy(480, 5, flags=POST_ONLY | SLIDE))
    assert accepted.price_ticks == 480
    assert refusal(desk.send(make.amend(accepted.order_id, price_ticks=500))) == Reason.WOULD_CROSS


def test_a_sliding_order_does_not_leave_the_symbols_range(desk: Desk) -> None:
    desk.enter(make.buy(1000, 5, account=2))
    assert refusal(desk.send(make.sell(990, 5, flags=POST_ONLY | SLIDE))) == Reason.WOULD_CROSS


def test_a_market_order_of_money_buys_whole_lots(desk: Desk) -> None:
    for price in (500, 600):
        desk.enter(make.sell(price, 1, account=2))
    events = desk.send(make.market(BUY, 1300, flags=CommandFlag.BUDGET))
    assert told(events) == [
        (ACCEPTED, 0, 1300),
        (TRADE, 500, 1),
        (TRADE, 600, 1),
        (CANCELLED, 0, 200),
    ]
    assert events[-1].reason == Reason.MARKET_REST


def test_a_budget_that_no_lot_fits_into_any_more_ends(desk: Desk) -> None:
    desk.enter(make.sell(500, 5, account=2))
    events = desk.send(make.market(BUY, 1300, flags=CommandFlag.BUDGET))
    assert told(events) == [(ACCEPTED, 0, 1300), (TRADE, 500, 2), (CANCELLED, 0, 300)]
    assert events[-1].reason == Reason.BUDGET_REST
    assert desk.depth() == ([], [(500, 3)])


def test_a_budget_that_is_spent_is_done(desk: Desk) -> None:
    desk.enter(make.sell(500, 5, account=2))
    _, trade = desk.send(make.market(BUY, 1500, flags=CommandFlag.BUDGET))
    assert trade.flags & EventFlag.ORDER_DONE
    assert trade.quantity_lots == 3


def test_a_sell_budget_receives_at_most_the_amount(desk: Desk) -> None:
    desk.enter(make.buy(400, 5, account=2))
    assert trades(desk.send(make.market(SELL, 1000, flags=CommandFlag.BUDGET)))[0][:2] == (400, 2)


def test_hidden_orders_and_icebergs_collect_in_auctions_as_they_trade(desk: Desk) -> None:
    desk.send(make.market_state(MarketState.OPENING_AUCTION))
    iceberg = desk.enter(*make.iceberg(SELL, 500, 10, 4, account=2))
    hidden = desk.enter(make.sell(500, 5, account=2, flags=HIDDEN))
    shown = desk.enter(make.sell(500, 5, account=3))
    desk.enter(make.buy(500, 18))
    (indication,) = desk.send(make.tick())
    assert (indication.price_ticks, indication.quantity_lots, indication.order_id) == (500, 18, -2)
    events = desk.send(make.market_state(MarketState.CONTINUOUS))
    assert trades(events) == [
        (500, 4, iceberg),
        (500, 5, shown),
        (500, 4, iceberg),
        (500, 2, iceberg),
        (500, 3, hidden),
    ]
    assert kinds(events) == [TRADE, DISPLAYED, TRADE, TRADE, DISPLAYED, TRADE, TRADE, EventKind.STATE]
    assert (events[-1].price_ticks, events[-1].quantity_lots) == (500, 18)
