from __future__ import annotations

import pytest

from tests import factories as make
from tests.reference.desk import Desk, ended, kinds, told, trades
from tradsys.reasons import Reason
from tradsys.records import CommandFlag, EventFlag, EventKind, SelfTrade, Side

BUY, SELL = Side.BUY, Side.SELL
ACCEPTED, TRADE, RESTED, DISPLAYED = EventKind.ACCEPTED, EventKind.TRADE, EventKind.RESTED, EventKind.DISPLAYED
CANCELLED, AMENDED, PREVENTED = EventKind.CANCELLED, EventKind.AMENDED, EventKind.PREVENTED
SELF_TRADE = Reason.SELF_TRADE


@pytest.fixture
def own(desk: Desk) -> int:
    """Account 2 offers 3 at 499; then account 1 offers 5 at 500, the order that this gives; then account 2 4 at 501."""
    desk.enter(make.sell(499, 3, account=2))
    order = desk.enter(make.sell(500, 5, account=1))
    desk.enter(make.sell(501, 4, account=2))
    return order


def test_without_prevention_an_account_trades_with_itself(desk: Desk, own: int) -> None:
    assert trades(desk.send(make.buy(500, 8)))[1] == (500, 5, own)


def test_cancel_taker_takes_out_the_takers_rest(desk: Desk, own: int) -> None:
    events = desk.send(make.buy(501, 10, self_trade=SelfTrade.CANCEL_TAKER))
    assert told(events)[1:] == [(TRADE, 499, 3), (PREVENTED, 500, 5), (CANCELLED, 501, 7)]
    assert (events[2].order_id, events[2].counter_order_id) == (events[0].order_id, own)
    assert ended(events) == [(events[0].order_id, SELF_TRADE, 7)]
    assert events[-1].flags == EventFlag.LAST
    assert desk.depth() == ([], [(500, 5), (501, 4)])


def test_cancel_maker_takes_out_the_maker_and_goes_on(desk: Desk, own: int) -> None:
    events = desk.send(make.buy(501, 10, self_trade=SelfTrade.CANCEL_MAKER))
    assert kinds(events)[1:] == [TRADE, PREVENTED, CANCELLED, TRADE, RESTED]
    assert ended(events) == [(own, SELF_TRADE, 5)]
    assert events[3].flags == EventFlag.SELL | EventFlag.WAS_RESTING
    assert desk.depth() == ([(501, 3)], [])


def test_cancel_both_takes_out_the_maker_and_then_the_taker(desk: Desk, own: int) -> None:
    events = desk.send(make.buy(501, 10, self_trade=SelfTrade.CANCEL_BOTH))
    assert ended(events) == [(own, SELF_TRADE, 5), (events[0].order_id, SELF_TRADE, 7)]
    assert desk.depth() == ([], [(501, 4)])


def test_decrement_of_a_larger_taker_ends_the_maker(desk: Desk, own: int) -> None:
    events = desk.send(make.buy(501, 12, self_trade=SelfTrade.DECREMENT))
    assert told(events)[1:] == [
        (TRADE, 499, 3),
        (PREVENTED, 500, 5),
        (CANCELLED, 500, 5),
        (TRADE, 501, 4),
    ]
    assert ended(events) == [(own, SELF_TRADE, 5)]


def test_decrement_of_a_smaller_taker_leaves_the_maker_its_place(desk: Desk, own: int) -> None:
    desk.enter(make.sell(500, 1, account=2))
    events = desk.send(make.buy(501, 5, self_trade=SelfTrade.DECREMENT))
    assert told(events)[1:] == [(TRADE, 499, 3), (PREVENTED, 500, 2), (AMENDED, 500, 3), (CANCELLED, 501, 2)]
    amended = events[3]
    flags = EventFlag.SELL | EventFlag.RESTING | EventFlag.WAS_RESTING | EventFlag.KEPT_PRIORITY
    assert (amended.flags, amended.previous_quantity_lots, amended.previous_price_ticks) == (flags, 5, 500)
    assert ended(events) == [(events[0].order_id, SELF_TRADE, 2)]
    assert trades(desk.send(make.buy(500, 1, account=3))) == [(500, 1, own)]


def test_decrement_of_equals_ends_both(desk: Desk, own: int) -> None:
    events = desk.send(make.buy(500, 8, self_trade=SelfTrade.DECREMENT))
    assert ended(events) == [(own, SELF_TRADE, 5), (events[0].order_id, SELF_TRADE, 5)]


def test_decrement_takes_an_icebergs_slices_one_by_one(desk: Desk) -> None:
    desk.enter(*make.iceberg(SELL, 500, 10, 4))
    events = desk.send(make.buy(500, 7, self_trade=SelfTrade.DECREMENT))
    assert told(events)[1:] == [
        (PREVENTED, 500, 4),
        (DISPLAYED, 500, 4),
        (PREVENTED, 500, 3),
        (AMENDED, 500, 3),
        (CANCELLED, 500, 3),
    ]
    assert events[4].flags & EventFlag.HIDDEN
    assert events[4].previous_quantity_lots == 6
    assert desk.depth() == ([], [(500, 1)])


def test_a_prevented_trade_with_an_iceberg_tells_its_slice(desk: Desk) -> None:
    iceberg = desk.enter(*make.iceberg(SELL, 500, 10, 4))
    events = desk.send(make.buy(500, 7, self_trade=SelfTrade.CANCEL_MAKER))
    assert told(events)[1:3] == [(PREVENTED, 500, 4), (CANCELLED, 500, 10)]
    assert ended(events) == [(iceberg, SELF_TRADE, 10)]


@pytest.mark.parametrize(("groups", "prevents"), [((7, 7), True), ((7, 8), False), ((0, 0), False)])
def test_a_trade_group_counts_as_one_account_where_the_taker_says_so(groups: tuple[int, int], prevents: bool) -> None:
    desk = Desk()
    for number, group in zip((1, 2), groups, strict=True):
        (event,) = desk.send(make.define_account(number, group=group))
        assert (event.kind, event.account) == (EventKind.ACCOUNT, number)
    desk.enter(make.sell(500, 5, account=2))
    alone = desk.send(make.buy(500, 1, self_trade=SelfTrade.CANCEL_TAKER))
    grouped = desk.send(make.buy(500, 1, self_trade=SelfTrade.CANCEL_TAKER, flags=CommandFlag.GROUP))
    assert kinds(alone) == [ACCEPTED, TRADE]
    assert (PREVENTED in kinds(grouped)) == prevents


def test_the_makers_mode_does_not_matter(desk: Desk) -> None:
    desk.enter(make.sell(500, 5, self_trade=SelfTrade.CANCEL_BOTH))
    assert kinds(desk.send(make.buy(500, 5))) == [ACCEPTED, TRADE]


def test_an_amended_order_is_a_taker_too(desk: Desk, own: int) -> None:
    order = desk.enter(make.buy(400, 5, self_trade=SelfTrade.CANCEL_MAKER))
    events = desk.send(make.amend(order, price_ticks=500))
    assert kinds(events) == [AMENDED, TRADE, PREVENTED, CANCELLED, RESTED]
    assert ended(events) == [(own, SELF_TRADE, 5)]


def test_a_budget_is_prevented_by_the_lots_that_it_would_buy(desk: Desk, own: int) -> None:
    order = make.market(BUY, 499 * 3 + 1100, flags=CommandFlag.BUDGET, self_trade=SelfTrade.CANCEL_MAKER)
    events = desk.send(order)
    assert told(events)[1:4] == [(TRADE, 499, 3), (PREVENTED, 500, 2), (CANCELLED, 500, 5)]
    assert ended(events)[0] == (own, SELF_TRADE, 5)
