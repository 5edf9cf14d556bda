from __future__ import annotations

from typing import Any

import pytest

from tests.book.concealed import concealed_in
from tests.book.harness import SMALL, Bench, ended, ids, kinds, open_bench, refusal, told, trades
from tests.factories import (
    amend,
    buy,
    cancel,
    market,
    market_state,
    rules,
    sell,
    stop,
    stop_limit,
    take_profit,
    trailing_stop,
)
from tradsys.book.audit import audit
from tradsys.reasons import Reason
from tradsys.records import CommandFlag, EventFlag, EventKind, MarketState, OrderType, Side, TriggerSource

BUY, SELL = Side.BUY, Side.SELL
ACCEPTED, TERMS, TRADE, RESTED = EventKind.ACCEPTED, EventKind.TERMS, EventKind.TRADE, EventKind.RESTED
CANCELLED, AMENDED, TRIGGERED = EventKind.CANCELLED, EventKind.AMENDED, EventKind.TRIGGERED


def fired(bench: Bench, price_ticks: int) -> list[int]:
    """The orders that fire when a trade prints at this price."""
    return ids(bench.trade_at(price_ticks), TRIGGERED)


def test_stops_fire_by_trigger_price_and_then_by_time_never_by_limit(bench: Bench) -> None:
    far = bench.enter(stop_limit(BUY, 520, 530))
    near = bench.enter(stop_limit(BUY, 510, 900))
    near_later = bench.enter(stop_limit(BUY, 510, 512))
    low = bench.enter(stop_limit(SELL, 480, 470))
    high = bench.enter(stop_limit(SELL, 490, 400))
    assert concealed_in(bench.shard, 1)[1:3] == ([near, near_later, far], [high, low])
    bench.enter(sell(520, 1, account=8))
    assert ids(bench.submit(buy(520, 1, account=9)), TRIGGERED) == [near, near_later, far]
    for order_id in (far, near, near_later):
        bench.submit(cancel(order_id))
    bench.enter(buy(480, 1, account=8))
    assert ids(bench.submit(sell(480, 1, account=9)), TRIGGERED) == [high, low]


@pytest.mark.parametrize(
    ("order", "waits_at", "fires_at"),
    [
        (stop(BUY, 510), 509, 510),
        (stop(SELL, 490), 491, 490),
        (take_profit(BUY, 490), 491, 490),
        (take_profit(SELL, 510), 509, 510),
        (stop_limit(BUY, 510, 100), 509, 511),
        (stop_limit(SELL, 490, 900), 491, 489),
        (stop_limit(BUY, 490, 100, order_type=OrderType.TAKE_PROFIT_LIMIT), 491, 489),
        (stop_limit(SELL, 510, 900, order_type=OrderType.TAKE_PROFIT_LIMIT), 509, 511),
    ],
)
def test_the_stop_comparison_is_not_inverted(bench: Bench, order: Any, waits_at: int, fires_at: int) -> None:
    order_id = bench.enter(order)
    assert fired(bench, waits_at) == []
    assert fired(bench, fires_at) == [order_id]


def test_a_plain_stop_is_matched_once_it_fires_and_its_trades_are_published(bench: Bench) -> None:
    accepted, terms = bench.submit(stop(BUY, 510, 8))
    assert (accepted["flags"], terms["price_ticks"], terms["flags"]) == (0, 510, EventFlag.LAST)
    near, far = bench.enter(sell(511, 5, account=2)), bench.enter(sell(513, 2, account=3))
    bench.enter(sell(510, 1, account=2))
    events = bench.submit(buy(510, 1, account=3))
    assert told(events) == [
        (ACCEPTED, 510, 1),
        (TRADE, 510, 1),
        (TRIGGERED, 0, 8),
        (TRADE, 511, 5),
        (TRADE, 513, 2),
        (CANCELLED, 0, 1),
    ]
    assert trades(events)[1:] == [(511, 5, near), (513, 2, far)]
    assert events["order_id"][3:].tolist() == [int(accepted["order_id"])] * 3
    assert events["account"][3:].tolist() == [1] * 3
    assert events["log_sequence"].tolist() == [bench.position] * 6
    assert (events["flags"] & EventFlag.LAST).tolist() == [0, 0, 0, 0, 0, EventFlag.LAST]
    assert ended(events) == [(int(accepted["order_id"]), Reason.MARKET_REST, 1)]
    assert bench.live_orders == 0


def test_a_stop_whose_trigger_is_reached_already_acts_at_once(bench: Bench) -> None:
    seller = bench.enter(sell(505, 10, account=2))
    events = bench.submit(stop(BUY, 500, 4))
    assert told(events)[2:] == [(TRIGGERED, 0, 4), (TRADE, 505, 4)]
    assert trades(events) == [(505, 4, seller)]
    assert kinds(bench.submit(stop(BUY, 506))) == [ACCEPTED, TERMS]


def test_a_fired_stop_limit_order_rests_at_its_limit_and_not_at_its_trigger(bench: Bench) -> None:
    order = bench.enter(stop_limit(SELL, 490, 495, 5))
    assert told(bench.trade_at(490))[2:] == [(TRIGGERED, 495, 5), (RESTED, 495, 5)]
    assert bench.depth() == ([], [(495, 5, 1)])
    assert refusal(bench.submit(amend(order, price_ticks=480, flags=CommandFlag.NEW_TRIGGER))) == Reason.NOT_AMENDABLE


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_untriggered_stop_can_be_cancelled_and_loses_none_of_those_behind_it(bench: Bench, place: int) -> None:
    orders = [bench.enter(stop_limit(BUY, 510, 100 + number, 3)) for number in range(3)]
    (event,) = bench.submit(cancel(orders[place]))
    assert (event["kind"], event["quantity_lots"], event["flags"]) == (CANCELLED, 3, EventFlag.LAST)
    assert fired(bench, 510) == [order for order in orders if order != orders[place]]
    assert refusal(bench.submit(cancel(orders[place]))) == Reason.UNKNOWN_ORDER


@pytest.mark.parametrize("state", [MarketState.HALT, MarketState.CLOSED, MarketState.OPENING_AUCTION])
def test_a_halt_binds_stops_too(bench: Bench, state: MarketState) -> None:
    order = bench.enter(stop_limit(SELL, 490, 900))
    bench.enter(buy(480, 5, account=2))
    bench.submit(market_state(state))
    if state == MarketState.OPENING_AUCTION:
        # Collected orders fire nothing either, even when they cross.
        assert kinds(bench.submit(sell(480, 5, account=3))) == [ACCEPTED]
    else:
        assert refusal(bench.submit(stop(SELL, 480))) == Reason.SYMBOL_NOT_OPEN
    assert concealed_in(bench.shard, 1).below == [order]
    events = bench.submit(market_state(MarketState.CONTINUOUS))
    assert ids(events, TRIGGERED) == ([order] if state == MarketState.OPENING_AUCTION else [])


def test_an_amended_trigger_goes_to_the_end_of_its_new_queue(bench: Bench) -> None:
    moved, stays = bench.enter(stop_limit(BUY, 510, 100)), bench.enter(stop_limit(BUY, 515, 100))
    events = bench.submit(move(moved, 515))
    assert kinds(events) == [AMENDED, TERMS]
    assert events["price_ticks"].tolist() == [100, 515]
    assert fired(bench, 514) == []
    assert fired(bench, 515) == [stays, moved]


def move(order_id: int, trigger_ticks: int) -> Any:
    """The AMEND that gives an order another trigger."""
    command = amend(order_id, flags=CommandFlag.NEW_TRIGGER)
    command["price_ticks"] = trigger_ticks
    return command


def test_a_cascade_fires_every_stop_in_the_order_of_trigger_and_time() -> None:
    """The thousand stops and their trades all stand in the events of one command."""
    count, triggers = 1000, 50
    bench = open_bench(size=SMALL._replace(orders=2000), ring=64, drain=7)
    # Bids of ten lots a price: the price falls by a tick with every tenth stop that fires.
    bench.submit(*(buy(500 - number, count // 100, account=2) for number in range(102)))
    trigger_of = {}
    for number in range(count):
        trigger = 499 - number * 7 % triggers
        trigger_of[bench.enter(stop(SELL, trigger, 1, account=3))] = trigger
    expected = sorted(trigger_of, key=lambda order_id: (-trigger_of[order_id], order_id))
    events = bench.submit(sell(499, count // 100 + 1, account=4))
    assert ids(events, TRIGGERED) == expected
    # Ten lots a price: 11 of the seller, then one of each stop, each told right behind the stop's firing.
    prices = [500 - number // 10 for number in range(count + 11)]
    assert [price for price, _, _ in trades(events)][2:] == prices[11:]
    assert ids(events, TRADE)[2:] == expected
    assert (events["flags"] & EventFlag.LAST != 0).tolist() == [False] * (len(events) - 1) + [True]
    audit(bench.shard)


def test_those_above_fire_before_those_below(bench: Bench) -> None:
    below, above = bench.enter(stop_limit(SELL, 490, 900)), bench.enter(stop_limit(BUY, 510, 100))
    for price in (510, 490):
        bench.enter(buy(price, 1, account=8))
    events = bench.submit(market(SELL, 2, account=9))
    assert [price for price, _, _ in trades(events)] == [510, 490]
    assert ids(events, TRIGGERED) == [above, below]


def test_on_the_touch_stops_fire_without_a_trade_and_a_widening_spread_fires_nothing(bench: Bench) -> None:
    bench.submit(rules(trigger_source=TriggerSource.TOUCH))
    bid, ask = bench.enter(buy(495, account=2)), bench.enter(sell(505, account=2))
    above, below = bench.enter(stop_limit(BUY, 502, 100)), bench.enter(stop_limit(SELL, 498, 900))
    assert concealed_in(bench.shard, 1)[1:3] == ([above], [below])
    # The bid goes away and the offer with it: the spread only widens.
    assert ids(bench.submit(cancel(bid, account=2)), TRIGGERED) == []
    assert ids(bench.submit(cancel(ask, account=2)), TRIGGERED) == []
    assert ids(bench.submit(sell(499, account=2)), TRIGGERED) == []
    assert ids(bench.submit(sell(498, account=2)), TRIGGERED) == [below]
    bench.submit(cancel(below))
    # A hidden bid is no touch.
    assert ids(bench.submit(buy(497, 1, account=2, flags=CommandFlag.HIDDEN)), TRIGGERED) == []


def test_on_the_touch_the_best_bid_fires_what_waits_above(bench: Bench) -> None:
    bench.submit(rules(trigger_source=TriggerSource.TOUCH))
    order = bench.enter(stop_limit(BUY, 502, 100))
    assert ids(bench.submit(buy(501, account=2)), TRIGGERED) == []
    assert told(bench.submit(buy(502, account=2)))[1:] == [(TRIGGERED, 100, 10), (RESTED, 100, 10)]
    assert bench.resting()[-1].order_id == order


@pytest.mark.parametrize(
    ("side", "prices", "trigger", "fires_at"),
    [(SELL, (510, 505, 520), 510, 510), (BUY, (490, 495, 480), 490, 490)],
)
def test_a_trailing_stop_follows_at_its_distance_and_never_goes_back(
    bench: Bench, side: Side, prices: tuple[int, ...], trigger: int, fires_at: int
) -> None:
    order = bench.enter(trailing_stop(side, 10, 5))
    for price in prices:
        assert fired(bench, price) == []
    assert int(bench.shard.extras["trigger_ticks"][order & 0xFFFF]) == trigger
    assert fired(bench, fires_at + (1 if side == SELL else -1)) == []
    assert fired(bench, fires_at) == [order]


def test_a_trailing_stop_in_basis_points_keeps_a_share_of_the_price(bench: Bench) -> None:
    order = bench.enter(trailing_stop(SELL, 200, 5, flags=CommandFlag.BASIS_POINTS))
    assert fired(bench, 600) == []  # 2 % of 600 are 12
    assert fired(bench, 589) == []
    assert fired(bench, 588) == [order]


def test_trailing_stops_that_meet_at_a_trigger_queue_as_they_were_accepted(bench: Bench) -> None:
    early, late = bench.enter(trailing_stop(SELL, 20)), bench.enter(trailing_stop(SELL, 20))
    fixed = bench.enter(stop(SELL, 490))
    assert fired(bench, 510) == []
    assert concealed_in(bench.shard, 1).below == [fixed, early, late]
    assert fired(bench, 490) == [fixed, early, late]
