from __future__ import annotations

from typing import Any

import pytest

from tests import factories as make
from tests.reference.desk import Desk, told
from tradsys.reasons import Reason
from tradsys.records import (
    QUANTITY_MAX,
    SLOT_BITS,
    CommandFlag,
    EventFlag,
    EventKind,
    MarketState,
    OrderType,
    Side,
    TimeInForce,
)
from tradsys.reference.messages import Event, events_of, records_of

ACCEPTED, RESTED, TRADE = EventKind.ACCEPTED, EventKind.RESTED, EventKind.TRADE
CANCELLED = EventKind.CANCELLED
SELL, LAST, RESTING = EventFlag.SELL, EventFlag.LAST, EventFlag.RESTING
ORDER_DONE, COUNTER_DONE = EventFlag.ORDER_DONE, EventFlag.COUNTER_DONE
WAS_RESTING, KEPT_PRIORITY = EventFlag.WAS_RESTING, EventFlag.KEPT_PRIORITY


def reason_of(events: list[Event]) -> Reason:
    """Why the command was refused; there must be that one event, and it must be the last."""
    (event,) = events
    assert event.kind == EventKind.REJECTED
    assert event.flags & LAST
    return Reason(event.reason)


def test_an_order_that_meets_nobody_rests(desk: Desk) -> None:
    (event,) = desk.send(make.sell(510, 7, client_order_id=99))
    assert told([event]) == [(ACCEPTED, 510, 7)]
    assert event.flags == SELL | RESTING | LAST
    assert event.order_id == 2 << SLOT_BITS | 1
    assert event.client_order_id == 99
    assert desk.depth() == ([], [(510, 7)])


def test_a_taker_trades_best_price_first_then_earliest_and_its_rest_goes_into_the_book(desk: Desk) -> None:
    early, late = desk.enter(make.sell(502, 5)), desk.enter(make.sell(502, 5))
    better = desk.enter(make.sell(501, 3))
    events = desk.send(make.buy(502, 20, account=2))
    trades = [(TRADE, 501, 3), (TRADE, 502, 5), (TRADE, 502, 5)]
    assert told(events) == [(ACCEPTED, 502, 20), *trades, (RESTED, 502, 7)]
    assert [event.counter_order_id for event in events[1:4]] == [better, early, late]
    assert [event.flags for event in events] == [0, COUNTER_DONE, COUNTER_DONE, COUNTER_DONE, RESTING | LAST]
    assert desk.depth() == ([(502, 7)], [])


def test_a_filled_taker_ends_with_its_last_trade(desk: Desk) -> None:
    maker = desk.enter(make.buy(500, 10))
    accepted, trade = desk.send(make.sell(499, 4, account=2))
    assert accepted.flags == SELL
    assert trade.flags == SELL | ORDER_DONE | LAST
    assert (trade.account, trade.counter_account, trade.counter_order_id) == (2, 1, maker)
    assert desk.depth() == ([(500, 6)], [])


@pytest.mark.parametrize(
    ("order", "rest"),
    [
        (make.buy(505, 10, time_in_force=TimeInForce.IOC), Reason.IMMEDIATE_REST),
        (make.market(Side.BUY, 10), Reason.MARKET_REST),
        (make.market(Side.BUY, 10, time_in_force=TimeInForce.GTC), Reason.MARKET_REST),
    ],
)
def test_the_rest_of_an_immediate_order_is_cancelled(desk: Desk, order: Any, rest: Reason) -> None:
    desk.enter(make.sell(505, 4))
    accepted, trade, cancelled = desk.send(order.copy())
    assert (trade.kind, trade.quantity_lots) == (TRADE, 4)
    assert (cancelled.kind, cancelled.quantity_lots, cancelled.reason) == (CANCELLED, 6, rest)
    assert cancelled.flags == LAST
    assert accepted.flags == 0
    assert desk.depth() == ([], [])


@pytest.mark.parametrize(("quantity", "fills"), [(9, True), (10, False)])
def test_fill_or_kill_takes_all_or_nothing_within_its_limit(desk: Desk, quantity: int, fills: bool) -> None:
    for price in (500, 501, 502):
        desk.enter(make.sell(price, 4 if price < 502 else 1))
    desk.enter(make.sell(503, 50))
    events = desk.send(make.buy(502, quantity, time_in_force=TimeInForce.FOK))
    if fills:
        assert sum(event.quantity_lots for event in events if event.kind == TRADE) == quantity
    else:
        assert reason_of(events) == Reason.NOT_FILLABLE


def test_post_only_rests_beside_the_touch_and_is_refused_across_it(desk: Desk) -> None:
    desk.enter(make.sell(500))
    assert reason_of(desk.send(make.buy(500, flags=CommandFlag.POST_ONLY))) == Reason.WOULD_CROSS
    (event,) = desk.send(make.buy(499, flags=CommandFlag.POST_ONLY))
    assert event.flags & RESTING


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (make.buy(500, symbol=9), Reason.UNKNOWN_SYMBOL),
        (make.buy(500, reason=Reason.UNKNOWN_ACCOUNT), Reason.UNKNOWN_ACCOUNT),
        (make.new_order(order_type=8), Reason.INVALID_ORDER),  # type: ignore[arg-type]
        (make.new_order(time_in_force=7), Reason.INVALID_ORDER),  # type: ignore[arg-type]
        (make.new_order(side=2), Reason.INVALID_ORDER),  # type: ignore[arg-type]
        (make.market(Side.BUY, flags=CommandFlag.POST_ONLY), Reason.INVALID_ORDER),
        (make.buy(500, 0), Reason.INVALID_QUANTITY),
        (make.buy(500, QUANTITY_MAX + 1), Reason.INVALID_QUANTITY),
        (make.buy(0), Reason.PRICE_OUT_OF_RANGE),
        (make.buy(1001), Reason.PRICE_OUT_OF_RANGE),
    ],
)
def test_a_bad_order_is_refused_and_leaves_no_trace(desk: Desk, order: Any, reason: Reason) -> None:
    assert reason_of(desk.send(order.copy())) == reason
    assert desk.depth() == ([], [])
    assert desk.enter(make.buy(500)) & ((1 << SLOT_BITS) - 1) == 1


@pytest.mark.parametrize("state", [MarketState.HALT, MarketState.CLOSED])
def test_a_closed_market_takes_cancels_only(desk: Desk, state: MarketState) -> None:
    order = desk.enter(make.buy(500))
    desk.send(make.market_state(state))
    assert reason_of(desk.send(make.buy(500))) == Reason.SYMBOL_NOT_OPEN
    assert reason_of(desk.send(make.amend(order, price_ticks=501))) == Reason.SYMBOL_NOT_OPEN
    assert desk.send(make.cancel(order))[0].kind == CANCELLED


def test_a_slot_is_taken_again_last_freed_first(desk: Desk) -> None:
    orders = [desk.enter(make.buy(500)) for _ in range(3)]
    desk.send(make.cancel(orders[0]))
    desk.send(make.cancel(orders[1]))
    assert [desk.enter(make.buy(500)) & 0xFF for _ in range(3)] == [2, 1, 4]


def test_a_full_pool_refuses_orders_until_one_is_gone() -> None:
    desk = Desk(orders_max=1)
    order = desk.enter(make.buy(500))
    assert reason_of(desk.send(make.buy(500))) == Reason.ORDER_POOL_FULL
    desk.send(make.cancel(order))
    assert desk.enter(make.buy(500))


def test_a_cancel_needs_the_right_order_account_and_symbol(desk: Desk) -> None:
    order = desk.enter(make.buy(500, 8, client_order_id=5))
    assert reason_of(desk.send(make.cancel(order + 1))) == Reason.UNKNOWN_ORDER
    assert reason_of(desk.send(make.cancel(order, symbol=2))) == Reason.UNKNOWN_ORDER
    assert reason_of(desk.send(make.cancel(order, account=2))) == Reason.NOT_YOUR_ORDER
    (event,) = desk.send(make.cancel(order))
    assert (event.quantity_lots, event.reason, event.client_order_id) == (8, Reason.CANCELLED_BY_CLIENT, 5)
    assert event.flags == WAS_RESTING | LAST
    assert reason_of(desk.send(make.cancel(order))) == Reason.UNKNOWN_ORDER


def test_a_decrease_keeps_the_place_in_the_queue_and_an_increase_loses_it(desk: Desk) -> None:
    first, second = desk.enter(make.buy(500, 10)), desk.enter(make.buy(500, 10))
    (event,) = desk.send(make.amend(first, quantity_lots=6))
    assert event.flags == KEPT_PRIORITY | WAS_RESTING | RESTING | LAST
    assert (event.quantity_lots, event.previous_quantity_lots, event.previous_price_ticks) == (6, 10, 500)
    assert [order.order_id for order in desk.venue.open_orders(1)] == [first, second]
    (event,) = desk.send(make.amend(first, quantity_lots=7))
    assert event.flags == WAS_RESTING | RESTING | LAST
    assert [order.order_id for order in desk.venue.open_orders(1)] == [second, first]


def test_an_amended_quantity_is_the_total_unless_it_says_leaves(desk: Desk) -> None:
    order = desk.enter(make.buy(500, 10))
    desk.send(make.sell(500, 4))
    (event,) = desk.send(make.amend(order, quantity_lots=9))
    assert event.quantity_lots == 5
    (event,) = desk.send(make.amend(order, quantity_lots=3, flags=CommandFlag.QUANTITY_IS_LEAVES))
    assert event.quantity_lots == 3
    (event,) = desk.send(make.amend(order, quantity_lots=4))
    assert (event.kind, event.reason, event.quantity_lots) == (CANCELLED, Reason.AMENDED_BELOW_FILLED, 3)


def test_an_amend_that_crosses_trades_as_an_aggressor_and_keeps_its_id(desk: Desk) -> None:
    maker = desk.enter(make.sell(505, 4, account=2))
    order = desk.enter(make.buy(500, 10))
    amended, trade, rested = desk.send(make.amend(order, price_ticks=505))
    assert amended.flags == WAS_RESTING
    assert (trade.order_id, trade.counter_order_id, trade.price_ticks) == (order, maker, 505)
    assert (rested.order_id, rested.quantity_lots, rested.flags) == (order, 6, RESTING | LAST)
    assert desk.depth() == ([(505, 6)], [])


def test_an_amend_is_refused_for_the_first_thing_that_is_wrong(desk: Desk) -> None:
    desk.enter(make.sell(505, account=2))
    order = desk.enter(make.buy(500, 10, flags=CommandFlag.POST_ONLY))
    refusals = [
        (make.amend(order + 1), Reason.UNKNOWN_ORDER),
        (make.amend(order, account=2), Reason.NOT_YOUR_ORDER),
        (make.amend(order), Reason.NOTHING_TO_AMEND),
        (make.amend(order, quantity_lots=0, price_ticks=0), Reason.INVALID_QUANTITY),
        (make.amend(order, quantity_lots=1, price_ticks=0), Reason.PRICE_OUT_OF_RANGE),
        (make.amend(order, price_ticks=505), Reason.WOULD_CROSS),
    ]
    for record, reason in refusals:
        assert reason_of(desk.send(record)) == reason
    assert desk.depth()[0] == [(500, 10)]


def test_a_mass_cancel_takes_an_accounts_orders_in_slot_order(desk: Desk) -> None:
    mine = [desk.enter(make.buy(price)) for price in (490, 495, 485)]
    desk.enter(make.buy(480, account=2))
    *cancels, last = desk.send(make.cancel_all(account=1))
    assert [event.order_id for event in cancels] == mine
    assert all(event.flags == WAS_RESTING and event.reason == Reason.CANCELLED_BY_MASS_CANCEL for event in cancels)
    assert (last.kind, last.quantity_lots, last.flags) == (EventKind.MASS_CANCELLED, 3, LAST)
    assert desk.depth() == ([(480, 10)], [])


def test_a_symbol_is_defined_once(desk: Desk) -> None:
    (event,) = desk.defined
    assert (event.kind, event.price_ticks, event.counter_account) == (EventKind.SYMBOL, 500, MarketState.CONTINUOUS)
    assert reason_of(desk.send(make.define_symbol())) == Reason.SYMBOL_EXISTS


def test_events_survive_the_way_through_their_records(desk: Desk) -> None:
    desk.enter(make.sell(500, 3))
    events = desk.send(make.buy(501, 5))
    assert events_of(records_of(events)) == events
    (amended,) = desk.send(make.amend(events[-1].order_id, price_ticks=499))
    assert records_of([amended])[0]["previous_price_ticks"] == amended.previous_price_ticks == 501


def test_order_types_are_told_as_they_were_sent(desk: Desk) -> None:
    accepted, _ = desk.send(make.market(Side.SELL))
    assert accepted.counter_account == OrderType.MARKET | TimeInForce.IOC << 8
