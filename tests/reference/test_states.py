from __future__ import annotations

from typing import Any

import pytest

from tests import factories as make
from tests.reference.desk import Desk, ended, kinds, refusal, told, trades
from tradsys.reasons import Reason
from tradsys.records import CommandFlag, EventFlag, EventKind, MarketState, SelfTrade, Side, TimeInForce

BUY, SELL = Side.BUY, Side.SELL
ACCEPTED, TRADE, RESTED, STATE = EventKind.ACCEPTED, EventKind.TRADE, EventKind.RESTED, EventKind.STATE
CANCELLED = EventKind.CANCELLED
PRE_OPEN, OPENING, CONTINUOUS = MarketState.PRE_OPEN, MarketState.OPENING_AUCTION, MarketState.CONTINUOUS
CLOSING, FROZEN, HALT, CLOSED = (
    MarketState.CLOSING_AUCTION,
    MarketState.FROZEN,
    MarketState.HALT,
    MarketState.CLOSED,
)
AT_OPEN, AT_CLOSE, DAY = TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE, TimeInForce.DAY


def enter_state(desk: Desk, state: MarketState, **fields: Any) -> list[Any]:
    return desk.send(make.market_state(state, **fields))


@pytest.mark.parametrize("state", [PRE_OPEN, OPENING, CLOSING])
def test_collecting_states_refuse_what_cannot_wait(desk: Desk, state: MarketState) -> None:
    enter_state(desk, state)
    for records in (
        [make.buy(500, time_in_force=TimeInForce.IOC)],
        [make.buy(500, time_in_force=TimeInForce.FOK)],
        [make.buy(500, flags=CommandFlag.POST_ONLY)],
        make.extended(make.buy(500), minimum_lots=1),
        [make.market(BUY)],
        [make.market(BUY, 1000, flags=CommandFlag.BUDGET)],
    ):
        assert refusal(desk.send(*records)) == Reason.NOT_ALLOWED_IN_AUCTION
    for records in (
        [make.buy(500, flags=CommandFlag.HIDDEN)],
        make.iceberg(BUY, 500, 10, 2),
        [make.stop(BUY, 400)],
        [make.pegged(BUY, 500)],
    ):
        desk.enter(*records)


@pytest.mark.parametrize(
    ("state", "takes"),
    [(PRE_OPEN, True), (OPENING, True), (CONTINUOUS, False), (CLOSING, False)],
)
def test_orders_for_the_opening_are_taken_before_it_only(desk: Desk, state: MarketState, takes: bool) -> None:
    enter_state(desk, state)
    (event,) = desk.send(make.buy(500, time_in_force=AT_OPEN))
    assert (event.kind == ACCEPTED) == takes
    if not takes:
        assert event.reason == Reason.NOT_ALLOWED_IN_STATE


def test_a_market_order_for_an_auction_is_a_limit_order_at_the_end_of_the_range(desk: Desk) -> None:
    enter_state(desk, OPENING)
    (buyer,) = desk.send(make.market(BUY, 10, time_in_force=AT_OPEN))
    assert (buyer.price_ticks, buyer.flags) == (1000, EventFlag.RESTING | EventFlag.LAST)
    (seller,) = desk.send(make.market(SELL, 4, time_in_force=AT_OPEN))
    assert seller.price_ticks == 1
    events = enter_state(desk, CONTINUOUS)
    assert told(events) == [(TRADE, 500, 4), (STATE, 500, 4), (CANCELLED, 1000, 6)]
    assert ended(events) == [(buyer.order_id, Reason.AUCTION_REST, 6)]


def test_orders_for_the_closing_auction_wait_for_it_and_end_with_it(desk: Desk) -> None:
    (early,) = desk.send(make.buy(480, 10, time_in_force=AT_CLOSE))
    assert early.flags == EventFlag.LAST
    second = desk.enter(make.market(SELL, 4, account=2, time_in_force=AT_CLOSE))
    assert desk.depth() == ([], [])
    assert [order.order_id for order in desk.venue.waiting(1).parked] == [early.order_id, second]
    assert told(enter_state(desk, CLOSING)) == [(STATE, 0, 0), (RESTED, 480, 10), (RESTED, 1, 4)]
    late = desk.enter(make.buy(470, 3, time_in_force=AT_CLOSE))
    day = desk.enter(make.buy(470, 3, time_in_force=DAY))
    events = enter_state(desk, CLOSED)
    assert kinds(events) == [TRADE, STATE, CANCELLED, CANCELLED, CANCELLED]
    assert ended(events) == [
        (early.order_id, Reason.AUCTION_REST, 6),
        (late, Reason.AUCTION_REST, 3),
        (day, Reason.DAY_ENDED, 3),
    ]


def test_the_opening_leaves_orders_for_the_closing_alone(desk: Desk) -> None:
    enter_state(desk, PRE_OPEN)
    closing, opening = (desk.enter(make.buy(480, time_in_force=time)) for time in (AT_CLOSE, AT_OPEN))
    events = enter_state(desk, CONTINUOUS)
    assert ended(events) == [(opening, Reason.AUCTION_REST, 10)]
    assert closing in desk.venue.orders


def test_a_parked_order_is_amended_where_it_waits(desk: Desk) -> None:
    order = desk.enter(make.buy(480, 10, time_in_force=AT_CLOSE))
    (event,) = desk.send(make.amend(order, price_ticks=470))
    assert event.flags == EventFlag.KEPT_PRIORITY | EventFlag.LAST
    market = desk.enter(make.market(BUY, time_in_force=AT_CLOSE))
    assert refusal(desk.send(make.amend(market, price_ticks=470))) == Reason.NOT_AMENDABLE


def test_orders_of_the_day_end_when_the_symbol_closes_wherever_they_are(desk: Desk) -> None:
    orders = [
        desk.enter(make.buy(480, time_in_force=DAY)),
        desk.enter(make.stop(BUY, 600, time_in_force=DAY)),
        desk.enter(make.buy(480, time_in_force=AT_CLOSE)),
        desk.enter(make.pegged(SELL, 600, time_in_force=DAY)),
    ]
    keeper = desk.enter(make.buy(480))
    assert enter_state(desk, HALT)[-1].kind == STATE
    events = enter_state(desk, CLOSED)
    assert ended(events) == [(order, Reason.DAY_ENDED, 10) for order in orders]
    assert list(desk.venue.orders) == [keeper]


def test_a_frozen_auction_takes_nothing_not_even_cancels(desk: Desk) -> None:
    enter_state(desk, OPENING)
    order = desk.enter(make.buy(500))
    assert told(enter_state(desk, FROZEN)) == [(STATE, 0, 0)]
    for record in (make.buy(500), make.amend(order, quantity_lots=3), make.cancel(order), make.cancel_all(symbol=1)):
        assert refusal(desk.send(record)) == Reason.AUCTION_FROZEN
    (event,) = desk.send(make.cancel_all())
    assert (event.kind, event.quantity_lots) == (EventKind.MASS_CANCELLED, 0)
    assert order in desk.venue.orders


@pytest.mark.parametrize(("auction", "time"), [(OPENING, AT_OPEN), (PRE_OPEN, AT_OPEN), (CLOSING, AT_CLOSE)])
def test_a_frozen_auction_uncrosses_as_the_auction_before_it(
    desk: Desk, auction: MarketState, time: TimeInForce
) -> None:
    enter_state(desk, auction)
    buyer = desk.enter(make.buy(500, 10, time_in_force=time))
    seller = desk.enter(make.sell(500, 4, account=2))
    enter_state(desk, FROZEN)
    (indication,) = desk.send(make.tick())
    assert (indication.kind, indication.quantity_lots) == (EventKind.INDICATION, 4)
    events = enter_state(desk, CONTINUOUS)
    assert trades(events) == [(500, 4, seller)]
    assert ended(events) == [(buyer, Reason.AUCTION_REST, 6)]


@pytest.mark.parametrize("before", [CONTINUOUS, HALT, CLOSED])
def test_freezing_without_an_auction_belongs_to_the_opening(desk: Desk, before: MarketState) -> None:
    order = desk.enter(make.buy(500, time_in_force=AT_CLOSE)) if before != CLOSED else 0
    enter_state(desk, CLOSING)
    enter_state(desk, OPENING)
    enter_state(desk, before)
    enter_state(desk, FROZEN)
    assert told(enter_state(desk, CONTINUOUS)) == [(STATE, 0, 0)]
    assert (order in desk.venue.orders) == (before != CLOSED)


def test_there_is_no_self_trade_prevention_and_no_band_in_an_uncrossing(desk: Desk) -> None:
    desk.send(make.rules(static_band_bps=1))
    enter_state(desk, OPENING)
    mode = SelfTrade.CANCEL_BOTH
    seller = desk.enter(make.sell(600, 5, self_trade=mode))
    desk.enter(make.buy(600, 5, self_trade=mode))
    assert trades(enter_state(desk, CONTINUOUS)) == [(600, 5, seller)]


def test_there_is_no_such_state(desk: Desk) -> None:
    assert refusal(enter_state(desk, 7)) == Reason.INVALID_STATE  # type: ignore[arg-type]
    assert refusal(enter_state(desk, HALT, symbol=2)) == Reason.UNKNOWN_SYMBOL


@pytest.fixture
def banded(desk: Desk) -> Desk:
    """Offers of 5 at 500, 505 and 515; trades may print up to 2 % from the reference price of 500."""
    for price in (500, 505, 515):
        desk.enter(make.sell(price, 5, account=2))
    desk.send(make.rules(static_band_bps=200, breach_state=OPENING))
    return desk


def test_a_trade_outside_the_static_band_does_not_print(banded: Desk) -> None:
    events = banded.send(make.buy(520, 20))
    assert told(events) == [
        (ACCEPTED, 520, 20),
        (TRADE, 500, 5),
        (TRADE, 505, 5),
        (RESTED, 520, 10),
        (STATE, 0, 0),
    ]
    state = events[-1]
    assert (state.reason, state.counter_account, state.order_id) == (Reason.VOLATILITY, OPENING, 0)
    assert told(enter_state(banded, CONTINUOUS)) == [(TRADE, 515, 5), (STATE, 515, 5)]


@pytest.mark.parametrize(
    ("order", "state", "rests"),
    [
        (make.buy(520, 6, time_in_force=DAY), CLOSING, True),
        (make.buy(520, 6, flags=CommandFlag.HIDDEN), OPENING, True),
        (make.buy(520, 6), HALT, False),
        (make.buy(520, 6, time_in_force=TimeInForce.IOC), OPENING, False),
        (make.market(BUY, 6), OPENING, False),
        (make.market(BUY, 5000, flags=CommandFlag.BUDGET), OPENING, False),
    ],
)
def test_which_taker_rests_through_an_interruption(order: Any, state: MarketState, rests: bool) -> None:
    desk = Desk()
    desk.enter(make.sell(515, 5, account=2))
    desk.send(make.rules(static_band_bps=200, breach_state=state))
    events = desk.send(order)
    assert kinds(events) == [ACCEPTED, RESTED if rests else CANCELLED, STATE]
    if not rests:
        assert events[1].reason == Reason.VOLATILITY
    assert desk.venue.markets[1].state == state


def test_the_dynamic_band_follows_the_last_price_through_a_sweep(desk: Desk) -> None:
    for price in (505, 510, 515, 530):
        desk.enter(make.sell(price, 1, account=2))
    desk.send(make.rules(dynamic_band_bps=100, breach_state=HALT))
    fill_or_kill = make.buy(600, 4, time_in_force=TimeInForce.FOK)
    assert refusal(desk.send(fill_or_kill)) == Reason.NOT_FILLABLE
    events = desk.send(make.market(BUY, 4))
    assert [price for price, _, _ in trades(events)] == [505, 510, 515]
    assert kinds(events)[-2:] == [CANCELLED, STATE]


def test_fill_or_kill_counts_as_far_as_the_bands_let_it_trade(banded: Desk) -> None:
    assert refusal(banded.send(make.buy(600, 11, time_in_force=TimeInForce.FOK))) == Reason.NOT_FILLABLE
    assert len(trades(banded.send(make.buy(600, 10, time_in_force=TimeInForce.FOK)))) == 2


def test_a_price_at_the_edge_of_a_band_prints(banded: Desk) -> None:
    banded.enter(make.sell(510, 1, account=2))
    assert trades(banded.send(make.buy(510, 11)))[-1][0] == 510


def test_own_orders_are_prevented_before_a_band_is_looked_at(banded: Desk) -> None:
    mode = SelfTrade.CANCEL_MAKER
    events = banded.send(make.buy(520, 20, account=2, self_trade=mode))
    assert kinds(events) == [ACCEPTED, *[EventKind.PREVENTED, CANCELLED] * 3, RESTED]


def test_a_reference_of_zero_has_no_band_and_no_collar(desk: Desk) -> None:
    desk.send(make.define_symbol(2, lowest_ticks=-100, highest_ticks=100, reference_ticks=0))
    desk.send(make.rules(symbol=2, static_band_bps=1, dynamic_band_bps=1, collar_bps=1))
    desk.enter(make.sell(50, 5, account=2, symbol=2))
    assert trades(desk.send(make.buy(50, 1, symbol=2)))
    # The last price is 50 now, and half a basis point of it is nothing.
    desk.enter(make.sell(49, 1, account=2, symbol=2))
    assert kinds(desk.send(make.buy(49, 1, symbol=2))) == [ACCEPTED, CANCELLED, STATE]


def test_an_interruption_in_a_cascade_stops_it_until_the_market_trades_again(desk: Desk) -> None:
    desk.enter(make.buy(490, 1, account=2))
    desk.enter(make.buy(470, 5, account=2))
    first, second = desk.enter(make.stop(SELL, 490, 3)), desk.enter(make.stop_limit(SELL, 489, 900))
    desk.send(make.rules(static_band_bps=400, breach_state=OPENING))
    desk.send(make.amend(first, quantity_lots=2))
    events = desk.send(make.sell(490, 1, account=3))
    assert kinds(events) == [ACCEPTED, TRADE, EventKind.TRIGGERED, CANCELLED, STATE]
    assert ended(events) == [(first, Reason.VOLATILITY, 2)]
    assert second in desk.venue.orders


def test_rules_are_told_as_they_are_from_now_on(desk: Desk) -> None:
    (event,) = desk.send(
        make.rules(
            static_band_bps=300,
            dynamic_band_bps=200,
            collar_bps=1000,
            orders_max=50,
            trigger_source=1,
            breach_state=CLOSING,
        )
    )
    assert (event.kind, event.symbol) == (EventKind.RULES, 1)
    assert event.order_id == 300 << 32 | 200
    assert (event.price_ticks, event.quantity_lots) == (1000, 50)
    assert event.counter_account == 1 | CLOSING << 8
    assert (event.account, event.counter_order_id) == (0, 0)


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ({"symbol": 9}, Reason.UNKNOWN_SYMBOL),
        ({"trigger_source": 2}, Reason.INVALID_RULES),
        ({"static_band_bps": 1_000_001}, Reason.INVALID_RULES),
        ({"dynamic_band_bps": 1_000_001}, Reason.INVALID_RULES),
        ({"collar_bps": 1_000_001}, Reason.INVALID_RULES),
        ({"breach_state": CONTINUOUS}, Reason.INVALID_RULES),
        ({"breach_state": FROZEN}, Reason.INVALID_RULES),
        ({"breach_state": 0, "static_band_bps": 1}, Reason.INVALID_RULES),
        ({"breach_state": 0, "dynamic_band_bps": 1}, Reason.INVALID_RULES),
    ],
)
def test_rules_that_make_no_sense_are_refused(desk: Desk, rules: dict[str, Any], reason: Reason) -> None:
    assert refusal(desk.send(make.rules(**rules))) == reason
    assert kinds(desk.send(make.rules(breach_state=0, collar_bps=1_000_000))) == [EventKind.RULES]
