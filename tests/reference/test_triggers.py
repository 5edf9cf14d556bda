from __future__ import annotations

from typing import Any

import pytest

from tests import factories as make
from tests.reference.desk import Desk, ended, kinds, refusal, told, trades
from tradsys.reasons import Reason
from tradsys.records import (
    CommandFlag,
    EventFlag,
    EventKind,
    MarketState,
    OrderType,
    Side,
    TimeInForce,
    TriggerSource,
)

BUY, SELL = Side.BUY, Side.SELL
ACCEPTED, TERMS, TRADE, RESTED = EventKind.ACCEPTED, EventKind.TERMS, EventKind.TRADE, EventKind.RESTED
CANCELLED, AMENDED, TRIGGERED = EventKind.CANCELLED, EventKind.AMENDED, EventKind.TRIGGERED
TOUCH = TriggerSource.TOUCH


def fired(desk: Desk, price_ticks: int) -> list[int]:
    """The orders that fire when a trade prints at this price."""
    desk.send(make.sell(price_ticks, 1, account=8))
    events = desk.send(make.buy(price_ticks, 1, account=9))
    return [event.order_id for event in events if event.kind == TRIGGERED]


@pytest.mark.parametrize(
    ("order", "waits_at", "fires_at"),
    [
        (make.stop(BUY, 510), 509, 510),
        (make.stop(SELL, 490), 491, 490),
        (make.take_profit(BUY, 490), 491, 490),
        (make.take_profit(SELL, 510), 509, 511),
    ],
)
def test_a_trigger_fires_when_the_last_price_has_reached_it_from_its_side(
    desk: Desk, order: Any, waits_at: int, fires_at: int
) -> None:
    order_id = desk.enter(order)
    assert fired(desk, waits_at) == []
    assert fired(desk, fires_at) == [order_id]


def test_a_fired_stop_is_a_market_order_whose_trades_are_told(desk: Desk) -> None:
    accepted, terms = desk.send(make.stop(BUY, 510, 8))
    assert (accepted.flags, accepted.price_ticks) == (0, 0)
    assert (terms.price_ticks, terms.flags) == (510, EventFlag.LAST)
    seller = desk.enter(make.sell(511, 5, account=2))
    desk.send(make.sell(510, 1, account=2))
    events = desk.send(make.buy(510, 1, account=3))
    assert told(events) == [
        (ACCEPTED, 510, 1),
        (TRADE, 510, 1),
        (TRIGGERED, 0, 8),
        (TRADE, 511, 5),
        (CANCELLED, 0, 3),
    ]
    assert (events[3].order_id, events[3].counter_order_id) == (accepted.order_id, seller)
    assert events[-1].reason == Reason.MARKET_REST


def test_a_fired_stop_limit_order_rests_at_its_limit(desk: Desk) -> None:
    order = desk.enter(make.stop_limit(SELL, 490, 495, 5))
    desk.send(make.sell(490, 1, account=8))
    events = desk.send(make.buy(490, 1, account=9))
    assert told(events)[2:] == [(TRIGGERED, 495, 5), (RESTED, 495, 5)]
    assert desk.depth() == ([], [(495, 5)])
    assert refusal(desk.send(make.amend(order, price_ticks=496, flags=CommandFlag.NEW_TRIGGER))) == (
        Reason.NOT_AMENDABLE
    )
    assert kinds(desk.send(make.amend(order, price_ticks=496))) == [AMENDED]


def test_stops_fire_by_trigger_not_by_limit_and_then_by_time(desk: Desk) -> None:
    far = desk.enter(make.stop_limit(BUY, 520, 900))
    near_late_limit = desk.enter(make.stop_limit(BUY, 510, 520))
    near_second = desk.enter(make.stop_limit(BUY, 510, 999))
    assert fired(desk, 520) == [near_late_limit, near_second, far]


def test_those_above_fire_before_those_below(desk: Desk) -> None:
    below, above = desk.enter(make.stop_limit(SELL, 490, 900)), desk.enter(make.stop_limit(BUY, 510, 100))
    for price in (510, 490):
        desk.enter(make.buy(price, 1, account=8))
    events = desk.send(make.market(SELL, 2, account=9))
    assert [price for price, _, _ in trades(events)] == [510, 490]
    assert [event.order_id for event in events if event.kind == TRIGGERED] == [above, below]


def test_below_the_market_the_highest_trigger_fires_first(desk: Desk) -> None:
    low, high = desk.enter(make.stop_limit(SELL, 480, 900)), desk.enter(make.stop_limit(SELL, 490, 900))
    assert fired(desk, 470) == [high, low]


def test_a_trigger_that_is_already_reached_fires_on_entry(desk: Desk) -> None:
    assert kinds(desk.send(make.stop(BUY, 500))) == [ACCEPTED, TERMS, TRIGGERED, CANCELLED]
    assert kinds(desk.send(make.stop(SELL, 499))) == [ACCEPTED, TERMS]


def test_a_cascade_is_carried_out_in_one_command_and_ends(desk: Desk) -> None:
    for price in (495, 490, 485):
        desk.enter(make.buy(price, 1, account=2))
    stops = [desk.enter(make.stop(SELL, trigger, 1)) for trigger in (495, 490, 485)]
    events = desk.send(make.sell(495, 1, account=3))
    assert kinds(events) == [ACCEPTED, TRADE, TRIGGERED, TRADE, TRIGGERED, TRADE, TRIGGERED, CANCELLED]
    assert [event.order_id for event in events if event.kind == TRIGGERED] == stops
    assert [event.flags & EventFlag.LAST for event in events].count(EventFlag.LAST) == 1


def test_a_waiting_stop_can_be_cancelled(desk: Desk) -> None:
    order = desk.enter(make.stop(BUY, 510, 8))
    (event,) = desk.send(make.cancel(order))
    assert (event.kind, event.quantity_lots, event.flags) == (CANCELLED, 8, EventFlag.LAST)
    assert fired(desk, 600) == []


def test_nothing_fires_while_the_market_does_not_trade_and_what_was_reached_fires_afterwards(desk: Desk) -> None:
    order = desk.enter(make.stop_limit(BUY, 510, 400))
    desk.send(make.market_state(MarketState.OPENING_AUCTION))
    desk.enter(make.sell(515, 1, account=8))
    desk.enter(make.buy(515, 1, account=9))
    assert kinds(desk.send(make.market_state(MarketState.HALT))) == [TRADE, EventKind.STATE]
    events = desk.send(make.market_state(MarketState.CONTINUOUS))
    assert kinds(events) == [EventKind.STATE, TRIGGERED, RESTED]
    assert events[1].order_id == order


def test_on_the_touch_a_spread_that_only_widens_fires_nothing(desk: Desk) -> None:
    desk.send(make.rules(trigger_source=TOUCH))
    bid = desk.enter(make.buy(495, 1, account=8))
    desk.enter(make.sell(505, 1, account=8))
    above, below = desk.enter(make.stop_limit(BUY, 510, 400)), desk.enter(make.stop_limit(SELL, 490, 900))
    desk.enter(make.sell(515, 1, account=8))
    assert kinds(desk.send(make.amend(bid, price_ticks=400, account=8))) == [AMENDED]
    # A trade at the trigger does not matter, the bid does.
    desk.send(make.cancel_all(account=8))
    assert fired(desk, 510) == []
    events = desk.send(make.buy(510, 1, account=9))
    assert [event.order_id for event in events if event.kind == TRIGGERED] == [above]
    desk.send(make.cancel_all(account=9), make.cancel(above))
    events = desk.send(make.sell(490, 1, account=9))
    assert [event.order_id for event in events if event.kind == TRIGGERED] == [below]


def test_hidden_orders_do_not_move_the_touch(desk: Desk) -> None:
    desk.send(make.rules(trigger_source=TOUCH))
    desk.enter(make.stop_limit(BUY, 510, 400))
    assert kinds(desk.send(make.buy(510, 1, account=8, flags=CommandFlag.HIDDEN))) == [ACCEPTED]
    assert TRIGGERED in kinds(desk.send(make.buy(511, 1, account=8)))


def test_another_source_forgets_what_was_seen(desk: Desk) -> None:
    stop = desk.enter(make.stop_limit(SELL, 490, 900))
    desk.send(make.rules(trigger_source=TOUCH))
    desk.send(make.buy(480, 1, account=8))
    assert kinds(desk.send(make.sell(480, 1, account=9))) == [ACCEPTED, TRADE], "no offer stood at the trigger"
    events = desk.send(make.rules(trigger_source=TriggerSource.LAST))
    assert kinds(events) == [EventKind.RULES, TRIGGERED, RESTED]
    assert events[1].order_id == stop


def test_an_amended_trigger_is_told_and_goes_to_the_end_of_its_queue(desk: Desk) -> None:
    first, second = desk.enter(make.stop_limit(BUY, 510, 400)), desk.enter(make.stop_limit(BUY, 510, 400))
    amended, terms = desk.send(new_trigger(first, 510))
    assert (amended.kind, amended.price_ticks, amended.flags) == (AMENDED, 400, EventFlag.KEPT_PRIORITY)
    assert (terms.kind, terms.price_ticks) == (TERMS, 510)
    assert fired(desk, 510) == [second, first]


def new_trigger(order_id: int, trigger_ticks: int, **fields: Any) -> Any:
    """An AMEND of the trigger, and of the quantity if one is given."""
    record = make.amend(order_id, flags=CommandFlag.NEW_TRIGGER, **fields)
    record["price_ticks"] = trigger_ticks
    return record


def test_an_amended_trigger_that_is_reached_fires_at_once(desk: Desk) -> None:
    order = desk.enter(make.stop_limit(BUY, 510, 400))
    events = desk.send(new_trigger(order, 500, quantity_lots=7))
    assert told(events) == [(AMENDED, 400, 7), (TERMS, 500, 0), (TRIGGERED, 400, 7), (RESTED, 400, 7)]


def test_what_cannot_be_amended_of_an_order_with_a_trigger(desk: Desk) -> None:
    stop, trailing = desk.enter(make.stop(BUY, 510)), desk.enter(make.trailing_stop(SELL, 5))
    limit = desk.enter(make.buy(400))
    both = make.amend(desk.enter(make.stop_limit(BUY, 510, 400)), price_ticks=410, flags=CommandFlag.NEW_TRIGGER)
    for record in (make.amend(stop, price_ticks=500), new_trigger(trailing, 480), new_trigger(limit, 410), both):
        assert refusal(desk.send(record)) == Reason.NOT_AMENDABLE
    assert refusal(desk.send(new_trigger(stop, 1001))) == Reason.PRICE_OUT_OF_RANGE
    assert kinds(desk.send(make.amend(trailing, quantity_lots=3))) == [AMENDED]


def test_a_trailing_stop_follows_the_market_in_its_favour_only(desk: Desk) -> None:
    order = desk.enter(make.trailing_stop(SELL, 10))
    assert desk.order(order).trigger_ticks == 490
    assert fired(desk, 530) == [], "a move in its favour, however far, does not fire it"
    assert desk.order(order).trigger_ticks == 520
    assert fired(desk, 521) == []
    assert desk.order(order).trigger_ticks == 520
    assert fired(desk, 520) == [order]


def test_a_buyers_trailing_stop_follows_downwards(desk: Desk) -> None:
    order = desk.enter(make.trailing_stop(BUY, 10))
    assert fired(desk, 470) == []
    assert fired(desk, 479) == []
    assert fired(desk, 480) == [order]


def test_a_distance_in_basis_points_is_of_the_watched_price_and_at_least_one_tick(desk: Desk) -> None:
    order = desk.enter(make.trailing_stop(SELL, 150, flags=CommandFlag.BASIS_POINTS))
    assert desk.order(order).trigger_ticks == 493  # 7.5, rounded down
    fired(desk, 600)
    assert desk.order(order).trigger_ticks == 591
    narrow = desk.enter(make.trailing_stop(SELL, 1, flags=CommandFlag.BASIS_POINTS))
    assert desk.order(narrow).trigger_ticks == 599


def test_a_trailing_trigger_stays_within_the_symbols_range(desk: Desk) -> None:
    orders = [desk.enter(make.trailing_stop(side, 700)) for side in (BUY, SELL)]
    assert [desk.order(order).trigger_ticks for order in orders] == [1000, 1]


def test_on_the_touch_a_trailing_stop_watches_the_side_that_it_would_not_trade_with(desk: Desk) -> None:
    desk.send(make.rules(trigger_source=TOUCH))
    early = desk.enter(make.trailing_stop(SELL, 10))
    assert desk.order(early).trigger_ticks == 490, "of the last price, where there is no offer"
    offer = desk.enter(make.sell(530, 1, account=8))
    assert desk.order(early).trigger_ticks == 520
    desk.send(make.cancel(offer, account=8))
    assert desk.order(early).trigger_ticks == 520
    events = desk.send(make.sell(520, 1, account=8))
    assert (TRIGGERED, 0, 10) in told(events)


def test_trailing_stops_go_to_the_end_of_their_new_triggers_queue_as_they_were_accepted(desk: Desk) -> None:
    first = desk.enter(make.trailing_stop(SELL, 10))
    second = desk.enter(make.trailing_stop(SELL, 5, time_in_force=TimeInForce.DAY))
    third = desk.enter(make.trailing_stop(SELL, 10))
    fixed = desk.enter(make.stop(SELL, 499))
    desk.send(make.cancel(fixed))
    fired(desk, 520)
    late = desk.enter(make.stop(SELL, 510))
    assert [order.order_id for order in desk.venue.waiting(1).below] == [second, first, third, late]


def test_trailing_stops_rest_while_the_market_does_not_trade(desk: Desk) -> None:
    order = desk.enter(make.trailing_stop(SELL, 10))
    desk.send(make.market_state(MarketState.OPENING_AUCTION))
    desk.enter(make.sell(530, 1, account=8))
    desk.enter(make.buy(530, 1, account=9))
    desk.send(make.market_state(MarketState.HALT))
    assert desk.order(order).trigger_ticks == 490
    desk.send(make.market_state(MarketState.CONTINUOUS))
    assert desk.order(order).trigger_ticks == 520


def test_a_take_profit_limit_order_fires_below_for_a_buyer(desk: Desk) -> None:
    order = desk.enter(make.stop_limit(BUY, 490, 480, order_type=OrderType.TAKE_PROFIT_LIMIT))
    assert fired(desk, 491) == []
    assert fired(desk, 490) == [order]
    assert desk.depth() == ([(480, 10)], [])


def test_a_triggered_trade_can_fire_the_next_on_the_other_side(desk: Desk) -> None:
    desk.enter(make.sell(515, 1, account=2))
    first, second = desk.enter(make.stop(BUY, 510, 1)), desk.enter(make.take_profit(SELL, 515, 1, account=3))
    desk.send(make.sell(510, 1, account=8))
    events = desk.send(make.buy(510, 1, account=9))
    assert [event.order_id for event in events if event.kind == TRIGGERED] == [first, second]
    assert trades(events)[-1][:2] == (515, 1)
    assert ended(events) == [(second, Reason.MARKET_REST, 1)]
