from __future__ import annotations

import pytest

from tests.book.concealed import concealed_in
from tests.book.harness import Bench, ended, ids, kinds, open_bench, refusal, told, trades
from tests.factories import buy, cancel, leg, linked, market_state, sell, stop, tick
from tradsys.book.audit import audit
from tradsys.reasons import Reason
from tradsys.records import SLOT_MASK, EventKind, Link, MarketState, SelfTrade, Side, TimeInForce

BUY, SELL = Side.BUY, Side.SELL
ACCEPTED, TERMS, TRADE, RESTED = EventKind.ACCEPTED, EventKind.TERMS, EventKind.TRADE, EventKind.RESTED
CANCELLED, TRIGGERED = EventKind.CANCELLED, EventKind.TRIGGERED
CANCELS, TRIGGERS = Link.ONE_CANCELS_OTHER, Link.ONE_TRIGGERS_OTHER
LINKED = Reason.LINKED_ORDER


def pair(bench: Bench) -> tuple[int, int]:
    """A seller at 510 and, of the same account, a stop at 490: one cancels the other."""
    events = bench.submit(*linked(CANCELS, sell(510, 10), stop(SELL, 490, 10)))
    limit, other = ids(events, ACCEPTED)
    return limit, other


def bracket(bench: Bench, quantity_lots: int = 10) -> tuple[int, int, int]:
    """A buyer at 490; once it has ended a seller at 510 and a stop at 480, of which one cancels the other."""
    records = linked(TRIGGERS, buy(490, quantity_lots), sell(510, quantity_lots), stop(SELL, 480, quantity_lots))
    entry, profit, loss = ids(bench.submit(*records), ACCEPTED)
    return entry, profit, loss


def test_the_first_trade_of_one_ends_the_other(bench: Bench) -> None:
    limit, other = pair(bench)
    events = bench.submit(buy(510, 1, account=2))
    assert kinds(events) == [ACCEPTED, TRADE, CANCELLED]
    assert trades(events) == [(510, 1, limit)]
    assert ended(events) == [(other, LINKED, 10)]
    assert bench.depth() == ([], [(510, 9, 1)])


def test_the_firing_of_the_other_ends_the_first_before_it_trades(bench: Bench) -> None:
    limit, other = pair(bench)
    bidder = bench.enter(buy(490, 4, account=2))
    events = bench.submit(sell(490, 1, account=3))
    assert kinds(events) == [ACCEPTED, TRADE, TRIGGERED, CANCELLED, TRADE, CANCELLED]
    assert trades(events) == [(490, 1, bidder), (490, 3, bidder)]
    assert ended(events) == [(limit, LINKED, 10), (other, Reason.MARKET_REST, 7)]


@pytest.mark.parametrize("which", [0, 1])
def test_the_cancel_of_either_ends_the_other(bench: Bench, which: int) -> None:
    orders = pair(bench)
    expected = [(orders[which], Reason.CANCELLED_BY_CLIENT, 10), (orders[1 - which], LINKED, 10)]
    assert ended(bench.submit(cancel(orders[which]))) == expected
    assert bench.live_orders == 0


def test_a_bracket_waits_for_the_whole_entry_and_then_one_of_its_sides_ends_the_other(bench: Bench) -> None:
    entry, profit, loss = bracket(bench)
    assert kinds(bench.submit(sell(490, 4, account=2))) == [ACCEPTED, TRADE]
    assert bench.depth() == ([(490, 6, 1)], [])
    events = bench.submit(sell(490, 6, account=2))
    assert kinds(events) == [ACCEPTED, TRADE, TRIGGERED, TRIGGERED, RESTED]
    assert trades(events) == [(490, 6, entry)]
    assert ids(events, TRIGGERED) == [profit, loss]
    assert bench.depth() == ([], [(510, 10, 1)])
    assert concealed_in(bench.shard, 1).below == [loss]
    events = bench.submit(buy(510, 10, account=2))
    assert trades(events) == [(510, 10, profit)]
    assert ended(events) == [(loss, LINKED, 10)]
    assert bench.live_orders == 0


def test_the_other_of_a_new_pair_acts_before_those_whose_turn_the_first_one_brings(bench: Bench) -> None:
    records = (
        *linked(TRIGGERS, buy(490, 10), sell(505, 10)),
        sell(490, 5, account=2),
        *linked(CANCELS, sell(490, 3, self_trade=SelfTrade.CANCEL_MAKER), buy(480, 3)),
    )
    _entry, waiting = ids(bench.submit(*records[:2]), ACCEPTED)
    bench.submit(records[2])
    events = bench.submit(*records[3:])
    assert kinds(events) == [
        ACCEPTED,
        ACCEPTED,
        EventKind.PREVENTED,
        CANCELLED,
        TRIGGERED,
        RESTED,
        RESTED,
        RESTED,
    ]
    first, other = ids(events, ACCEPTED)
    assert ids(events, RESTED) == [first, other, waiting]


def test_the_loss_side_of_a_bracket_ends_the_profit_side(bench: Bench) -> None:
    _, profit, loss = bracket(bench)
    bench.submit(sell(490, 10, account=2))
    bidder = bench.enter(buy(480, 20, account=2))
    events = bench.submit(sell(480, 1, account=3))
    assert ended(events) == [(profit, LINKED, 10)]
    assert trades(events) == [(480, 1, bidder), (480, 10, bidder)]
    assert ids(events, TRADE)[1] == loss


def test_legs_get_what_filled_of_their_order_and_nothing_when_nothing_did(bench: Bench) -> None:
    entry, profit, loss = bracket(bench)
    bench.submit(sell(490, 3, account=2))
    events = bench.submit(cancel(entry))
    assert told(events) == [(CANCELLED, 490, 7), (TRIGGERED, 510, 3), (TRIGGERED, 0, 3), (RESTED, 510, 3)]
    bench.submit(cancel(profit))
    entry, profit, loss = bracket(bench)
    assert ended(bench.submit(cancel(entry))) == [
        (entry, Reason.CANCELLED_BY_CLIENT, 10),
        (profit, LINKED, 10),
        (loss, LINKED, 10),
    ]
    assert bench.live_orders == 0


def test_a_waiting_leg_trades_with_nobody_and_can_be_cancelled_alone(bench: Bench) -> None:
    entry, follower = ids(bench.submit(*linked(TRIGGERS, buy(490, 5), sell(500, 5))), ACCEPTED)
    assert trades(bench.submit(buy(500, 5, account=2, time_in_force=TimeInForce.IOC))) == []
    assert ended(bench.submit(cancel(follower))) == [(follower, Reason.CANCELLED_BY_CLIENT, 5)]
    events = bench.submit(sell(490, 5, account=2))
    assert kinds(events) == [ACCEPTED, TRADE]
    assert trades(events) == [(490, 5, entry)]


def test_ids_of_legs_are_unique_in_one_command_and_never_found_again(bench: Bench) -> None:
    orders = bracket(bench)
    assert len({order_id & SLOT_MASK for order_id in orders}) == 3
    assert len({order_id - (order_id & SLOT_MASK) for order_id in orders}) == 1
    bench.submit(cancel(orders[0]))
    heirs = bracket(bench)
    assert {order_id & SLOT_MASK for order_id in heirs} == {order_id & SLOT_MASK for order_id in orders}
    for order_id in orders:
        assert refusal(bench.submit(cancel(order_id))) == Reason.UNKNOWN_ORDER
    assert bench.live_orders == 3


def test_the_id_of_a_leg_that_fills_in_the_command_that_brought_it_is_not_found(bench: Bench) -> None:
    """The entry fills, its leg trades at once, and a third order takes one of their slots."""
    bench.enter(sell(490, 5, account=2))
    bench.enter(buy(480, 5, account=2))
    events = bench.submit(*linked(TRIGGERS, buy(490, 5), sell(480, 5)))
    entry, follower = ids(events, ACCEPTED)
    assert kinds(events) == [ACCEPTED, ACCEPTED, TRADE, TRIGGERED, TRADE]
    assert ids(events, TRADE) == [entry, follower]
    heir = bench.enter(buy(470, 1))
    for order_id in (entry, follower):
        assert refusal(bench.submit(cancel(order_id))) == Reason.UNKNOWN_ORDER
    assert [order.order_id for order in bench.resting()] == [heir]


def test_legs_whose_turn_comes_in_a_halt_wait_until_the_market_trades() -> None:
    bench = open_bench()
    entry, follower = ids(bench.submit(*linked(TRIGGERS, buy(490, 5), sell(510, 5))), ACCEPTED)
    bench.submit(sell(490, 2, account=2))
    bench.submit(market_state(MarketState.HALT))
    assert told(bench.submit(cancel(entry))) == [(CANCELLED, 490, 3), (TRIGGERED, 510, 2)]
    assert concealed_in(bench.shard, 1).queue == [follower]
    audit(bench.shard)
    events = bench.submit(market_state(MarketState.CONTINUOUS))
    assert told(events)[1:] == [(RESTED, 510, 2)]


def test_an_order_without_the_leg_that_it_announces_is_refused(bench: Bench) -> None:
    _, order = linked(TRIGGERS, buy(490, 10), sell(510, 10))
    assert refusal(bench.submit(order)) == Reason.INVALID_ORDER
    # A leg counts only directly before its order.
    assert refusal(bench.submit(leg(sell(510, 10)), tick(), order)) == Reason.INVALID_ORDER
    assert bench.live_orders == 0
