"""Limits of what is open: orders, lots, notional, and the position with all that rests."""

from __future__ import annotations

from tests import factories
from tests.factories import amend, buy, linked, sell, stop_limit
from tests.risk.hall import ALICE, BOB, CAROL, RiskHall, contract
from tradsys.reasons import Reason
from tradsys.records import Link, Side
from tradsys.risk.terms import Limit

BUY, SELL = Side.BUY, Side.SELL
OTHER, NEXT = Link.ONE_CANCELS_OTHER, Link.ONE_TRIGGERS_OTHER


def test_so_many_orders_may_be_open_in_a_symbol(hall: RiskHall) -> None:
    hall.open_symbol(2, contract())
    hall.limit(Limit.OPEN_ORDERS, 2)
    order = hall.enter(buy(400, 1))
    hall.enter(sell(600, 1))
    assert hall.refusal(buy(300, 1)) == Reason.OPEN_ORDERS_LIMIT
    hall.enter(buy(300, 1, symbol=2))
    hall.send(factories.cancel(order))
    hall.enter(buy(300, 1))


def test_so_many_orders_may_be_open_in_all(hall: RiskHall) -> None:
    hall.open_symbol(2, contract())
    hall.limit(Limit.OPEN_ORDERS_TOTAL, 2)
    hall.enter(buy(400, 1))
    hall.enter(buy(300, 1, symbol=2))
    assert hall.refusal(sell(600, 1)) == hall.refusal(sell(600, 1, symbol=2)) == Reason.OPEN_ORDERS_LIMIT


def test_legs_are_orders_too(hall: RiskHall) -> None:
    hall.limit(Limit.OPEN_ORDERS, 2)
    assert hall.refusal(*linked(NEXT, buy(400, 1), sell(600, 1), sell(700, 1))) == Reason.OPEN_ORDERS_LIMIT
    hall.enter(*linked(OTHER, buy(400, 1), sell(600, 1)))
    assert hall.refusal(buy(300, 1)) == Reason.OPEN_ORDERS_LIMIT


def test_so_many_lots_may_be_open_on_both_sides(hall: RiskHall) -> None:
    hall.limit(Limit.OPEN_LOTS, 10)
    order = hall.enter(buy(400, 6))
    hall.enter(sell(600, 4))
    assert hall.refusal(sell(600, 1)) == Reason.OPEN_LOTS_LIMIT
    assert hall.refusal(amend(order, quantity_lots=7)) == Reason.OPEN_LOTS_LIMIT
    hall.enter(sell(400, 2, account=BOB))
    hall.send(amend(order, quantity_lots=8))
    assert hall.opened() == (2, 6, 2_400, 4, 2_400)


def test_so_much_notional_may_be_open_on_both_sides(hall: RiskHall) -> None:
    hall.limit(Limit.OPEN_NOTIONAL, 5_000)
    order = hall.enter(buy(400, 6))
    hall.enter(sell(600, 4))
    assert hall.refusal(sell(601, 1)) == Reason.OPEN_NOTIONAL_LIMIT
    # 4,800 are open.
    assert hall.refusal(amend(order, price_ticks=434)) == Reason.OPEN_NOTIONAL_LIMIT
    hall.send(amend(order, price_ticks=433))


def test_what_adds_nothing_passes_where_too_much_is_open_already(hall: RiskHall) -> None:
    order = hall.enter(buy(400, 6))
    hall.limit(Limit.OPEN_LOTS, 2)
    assert hall.refusal(amend(order, quantity_lots=7)) == Reason.OPEN_LOTS_LIMIT
    hall.send(amend(order, quantity_lots=5))
    hall.send(amend(order, price_ticks=410))
    hall.limit(Limit.OPEN_NOTIONAL, 0)
    assert hall.refusal(amend(order, price_ticks=411)) == Reason.OPEN_NOTIONAL_LIMIT
    hall.send(amend(order, price_ticks=409))


def test_two_that_cancel_each_other_count_once(hall: RiskHall) -> None:
    hall.limit(Limit.OPEN_LOTS, 10)
    assert hall.refusal(*linked(OTHER, buy(400, 10), sell(800, 6))) == Reason.OPEN_LOTS_LIMIT
    order = hall.enter(*linked(OTHER, buy(400, 10), stop_limit(BUY, 700, 800, 6)))
    assert hall.refusal(buy(400, 1)) == Reason.OPEN_LOTS_LIMIT
    assert hall.refusal(amend(order, quantity_lots=11)) == Reason.OPEN_LOTS_LIMIT
    hall.send(amend(order, quantity_lots=5))
    # The other's 6 lots count now.
    hall.enter(buy(400, 4))


def test_orders_that_wait_for_another_add_nothing_yet(hall: RiskHall) -> None:
    hall.limit(Limit.OPEN_LOTS, 10)
    hall.enter(*linked(NEXT, buy(400, 10), sell(800, 10)))
    assert hall.opened() == (2, 10, 4_000, 0, 0)


def test_a_position_without_one_is_limited_by_what_rests(hall: RiskHall) -> None:
    hall.limit(Limit.POSITION, 10)
    assert hall.refusal(buy(400, 11)) == hall.refusal(sell(600, 11)) == Reason.POSITION_LIMIT
    hall.enter(buy(400, 10))
    hall.enter(sell(600, 10))
    assert hall.refusal(buy(400, 1)) == hall.refusal(sell(600, 1)) == Reason.POSITION_LIMIT


def test_a_position_is_limited_with_what_rests(hall: RiskHall) -> None:
    hall.trade(500, 6, buyer=ALICE)
    hall.limit(Limit.POSITION, 10)
    hall.enter(buy(400, 3))
    assert hall.refusal(buy(400, 2)) == Reason.POSITION_LIMIT
    hall.enter(buy(400, 1))
    # From 6 long to 10 short.
    hall.enter(sell(600, 16))
    assert hall.refusal(sell(600, 1)) == Reason.POSITION_LIMIT


def test_a_short_position_is_limited_likewise(hall: RiskHall) -> None:
    hall.trade(500, 6, buyer=CAROL, seller=ALICE)
    hall.limit(Limit.POSITION, 10)
    assert hall.refusal(sell(600, 5)) == Reason.POSITION_LIMIT
    hall.enter(sell(600, 4))
    assert hall.refusal(buy(400, 17)) == Reason.POSITION_LIMIT
    hall.enter(buy(400, 16))


def test_a_position_that_is_too_large_can_be_made_smaller(hall: RiskHall) -> None:
    hall.trade(500, 6, buyer=ALICE)
    hall.limit(Limit.POSITION, 2)
    assert hall.refusal(buy(400, 1)) == Reason.POSITION_LIMIT
    hall.enter(sell(600, 8))
    assert hall.refusal(sell(600, 1)) == Reason.POSITION_LIMIT


def test_an_amendment_is_within_the_position_too_whether_there_is_one_or_not(hall: RiskHall) -> None:
    hall.limit(Limit.POSITION, 10)
    order = hall.enter(buy(400, 6))
    assert hall.refusal(amend(order, quantity_lots=11)) == Reason.POSITION_LIMIT
    hall.send(amend(order, quantity_lots=10))
    hall.enter(sell(400, 4, account=BOB))
    # 4 long, and 6 rest.
    assert hall.refusal(amend(order, quantity_lots=11)) == Reason.POSITION_LIMIT
    other = hall.enter(sell(600, 14))
    assert hall.refusal(amend(other, quantity_lots=15)) == Reason.POSITION_LIMIT


def test_both_legs_of_a_pair_are_within_the_position(hall: RiskHall) -> None:
    hall.limit(Limit.POSITION, 10)
    assert hall.refusal(*linked(OTHER, buy(400, 10), sell(600, 11))) == Reason.POSITION_LIMIT
    hall.enter(*linked(OTHER, buy(400, 10), sell(600, 10)))


def test_position_comes_after_lots_and_notional(hall: RiskHall) -> None:
    hall.limit(Limit.POSITION, 5)
    assert hall.refusal(buy(400, 10)) == Reason.POSITION_LIMIT
    hall.limit(Limit.OPEN_NOTIONAL, 3_999)
    assert hall.refusal(buy(400, 10)) == Reason.OPEN_NOTIONAL_LIMIT
    hall.limit(Limit.OPEN_LOTS, 9)
    assert hall.refusal(buy(400, 10)) == Reason.OPEN_LOTS_LIMIT
    hall.limit(Limit.OPEN_ORDERS, 0)
    assert hall.refusal(buy(400, 10)) == Reason.OPEN_ORDERS_LIMIT
