from __future__ import annotations

import pytest

from tests import factories as make
from tests.reference.desk import Desk, ended, kinds, refusal, told, trades
from tradsys.reasons import Reason
from tradsys.records import CommandFlag, EventFlag, EventKind, MarketState, Side

BUY, SELL = Side.BUY, Side.SELL
ACCEPTED, TRADE, RESTED, AMENDED = EventKind.ACCEPTED, EventKind.TRADE, EventKind.RESTED, EventKind.AMENDED
RESTING, WAS_RESTING, LAST = EventFlag.RESTING, EventFlag.WAS_RESTING, EventFlag.LAST
HIDDEN, MIDPOINT = CommandFlag.HIDDEN, CommandFlag.MIDPOINT


@pytest.fixture
def touch(desk: Desk) -> tuple[int, int]:
    """A bid at 490 and an offer at 505 of account 8."""
    return desk.enter(make.buy(490, 10, account=8)), desk.enter(make.sell(505, 10, account=8))


def test_a_pegged_order_gets_its_own_sides_best_price_and_follows_it(desk: Desk, touch: tuple[int, int]) -> None:
    accepted, amended = desk.send(make.pegged(BUY, 500, 5))
    assert (accepted.kind, accepted.price_ticks, accepted.flags) == (ACCEPTED, 500, 0)
    assert (amended.kind, amended.price_ticks, amended.previous_price_ticks) == (AMENDED, 490, 500)
    assert amended.flags == RESTING | EventFlag.HIDDEN | LAST
    assert (amended.quantity_lots, amended.previous_quantity_lots) == (5, 5)
    _, amended = desk.send(make.buy(495, 1, account=8))
    assert (amended.price_ticks, amended.previous_price_ticks) == (495, 490)
    assert amended.flags == WAS_RESTING | RESTING | EventFlag.HIDDEN | LAST
    assert desk.depth()[0] == [(495, 1), (490, 10)]


def test_a_pegged_price_goes_no_further_than_its_limit(desk: Desk, touch: tuple[int, int]) -> None:
    order = desk.enter(make.pegged(BUY, 492, 5))
    assert kinds(desk.send(make.buy(495, 1, account=8))) == [ACCEPTED, AMENDED]
    assert desk.order(order).price_ticks == 492
    assert kinds(desk.send(make.buy(496, 1, account=8))) == [ACCEPTED]


@pytest.mark.parametrize(("side", "price"), [(BUY, 497), (SELL, 498)])
def test_a_midpoint_is_rounded_away_from_trading(desk: Desk, touch: tuple[int, int], side: Side, price: int) -> None:
    limit = 500 if side == BUY else 480
    events = desk.send(make.pegged(side, limit, 5, flags=MIDPOINT))
    assert events[-1].price_ticks == price


def test_midpoints_below_zero_are_rounded_away_from_trading_too(desk: Desk) -> None:
    desk.send(make.define_symbol(2, lowest_ticks=-100, highest_ticks=100, reference_ticks=0))
    desk.enter(make.buy(-8, 1, account=8, symbol=2))
    desk.enter(make.sell(-5, 1, account=8, symbol=2))
    assert desk.send(make.pegged(BUY, 0, flags=MIDPOINT, symbol=2))[-1].price_ticks == -7
    assert desk.send(make.pegged(SELL, -20, flags=MIDPOINT, symbol=2))[-1].price_ticks == -6


def test_a_pegged_order_has_no_price_when_the_side_it_needs_is_empty(desk: Desk, touch: tuple[int, int]) -> None:
    primary = desk.enter(make.pegged(BUY, 500, 5))
    midpoint = desk.enter(make.pegged(SELL, 480, 5, flags=MIDPOINT))
    events = desk.send(make.cancel(touch[0], account=8))
    assert [(event.order_id, event.price_ticks, event.previous_price_ticks) for event in events[1:]] == [
        (primary, 500, 490),
        (midpoint, 480, 498),
    ]
    assert all(event.flags & ~LAST & ~1 == WAS_RESTING | EventFlag.HIDDEN for event in events[1:])
    assert desk.venue.waiting(1).unpriced == [desk.order(primary), desk.order(midpoint)]
    (event,) = desk.send(make.cancel(primary))
    assert event.flags == EventFlag.HIDDEN | LAST


def test_hidden_orders_are_nothing_to_peg_to(desk: Desk) -> None:
    desk.enter(make.buy(490, 10, account=8, flags=HIDDEN))
    assert kinds(desk.send(make.pegged(BUY, 500, 5))) == [ACCEPTED]


def test_a_new_price_trades_with_what_it_meets(desk: Desk, touch: tuple[int, int]) -> None:
    peg = desk.enter(make.pegged(BUY, 500, 5, flags=MIDPOINT))
    seller = desk.enter(make.sell(498, 3, account=2, flags=HIDDEN))
    events = desk.send(make.buy(492, 1, account=8))
    assert told(events) == [(ACCEPTED, 492, 1), (AMENDED, 498, 5), (TRADE, 498, 3), (RESTED, 498, 2)]
    assert trades(events) == [(498, 3, seller)]
    assert events[2].order_id == peg
    assert events[1].flags == WAS_RESTING | EventFlag.HIDDEN
    assert events[3].flags == RESTING | EventFlag.HIDDEN | LAST


def test_pegged_orders_trade_after_displayed_ones_and_by_time_of_their_price(
    desk: Desk, touch: tuple[int, int]
) -> None:
    first, second = desk.enter(make.pegged(BUY, 490, 5)), desk.enter(make.pegged(BUY, 500, 5))
    desk.send(make.buy(495, 1, account=8))
    assert [order.order_id for order in desk.venue.hidden_orders(1)] == [second, first]
    events = desk.send(make.sell(490, 20, account=2))
    assert [lots for _, lots, _ in trades(events)] == [1, 5, 10, 4]


def test_two_midpoints_meet(desk: Desk) -> None:
    desk.enter(make.buy(490, 10, account=8))
    desk.enter(make.sell(500, 10, account=8))
    buyer = desk.enter(make.pegged(BUY, 500, 5, flags=MIDPOINT))
    events = desk.send(make.pegged(SELL, 480, 3, account=2, flags=MIDPOINT))
    assert kinds(events) == [ACCEPTED, AMENDED, TRADE]
    assert trades(events) == [(495, 3, buyer)]


def test_pegged_orders_have_no_price_while_the_market_does_not_trade(desk: Desk, touch: tuple[int, int]) -> None:
    peg = desk.enter(make.pegged(BUY, 500, 5))
    state, amended = desk.send(make.market_state(MarketState.OPENING_AUCTION))
    assert (state.kind, amended.kind, amended.flags & RESTING) == (EventKind.STATE, AMENDED, 0)
    assert kinds(desk.send(make.pegged(BUY, 500, 5))) == [ACCEPTED]
    assert kinds(desk.send(make.market_state(MarketState.CONTINUOUS))) == [EventKind.STATE, AMENDED, AMENDED]
    assert desk.order(peg).price_ticks == 490


def test_a_pegged_orders_price_cannot_be_amended_but_its_quantity_can(desk: Desk, touch: tuple[int, int]) -> None:
    peg = desk.enter(make.pegged(BUY, 500, 5))
    assert refusal(desk.send(make.amend(peg, price_ticks=490))) == Reason.NOT_AMENDABLE
    (event,) = desk.send(make.amend(peg, quantity_lots=3))
    assert event.flags == WAS_RESTING | RESTING | EventFlag.KEPT_PRIORITY | EventFlag.HIDDEN | LAST
    desk.send(make.market_state(MarketState.PRE_OPEN))
    (event,) = desk.send(make.amend(peg, quantity_lots=30))
    assert event.flags == EventFlag.KEPT_PRIORITY | EventFlag.HIDDEN | LAST
    assert (event.price_ticks, event.quantity_lots) == (500, 30)


def test_a_priced_pegged_order_is_cancelled_at_its_price(desk: Desk, touch: tuple[int, int]) -> None:
    peg = desk.enter(make.pegged(BUY, 500, 5))
    events = desk.send(make.cancel(peg))
    assert ended(events) == [(peg, Reason.CANCELLED_BY_CLIENT, 5)]
    assert events[0].price_ticks == 490
    assert events[0].flags == WAS_RESTING | EventFlag.HIDDEN | LAST
