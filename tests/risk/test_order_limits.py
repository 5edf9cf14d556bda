"""Limits of one order: its size, and how far its price may be from the mark."""

from __future__ import annotations

import pytest

from tests import factories
from tests.factories import amend, buy, linked, pegged, sell, stop, stop_limit
from tests.risk.hall import ALICE, BOB, CAROL, GROUP, RiskHall
from tradsys.reasons import Reason
from tradsys.records import CommandFlag, Link, Side
from tradsys.risk.terms import Limit, Scope

BUY, SELL = Side.BUY, Side.SELL


def test_lots_have_a_least_and_a_greatest_number(hall: RiskHall) -> None:
    hall.limit(Limit.ORDER_LOTS_MIN, 5)
    hall.limit(Limit.ORDER_LOTS_MAX, 10)
    assert hall.refusal(buy(400, 4)) == Reason.ORDER_TOO_SMALL
    assert hall.refusal(sell(600, 11)) == Reason.ORDER_TOO_LARGE
    hall.enter(buy(400, 5))
    hall.enter(sell(600, 10))
    hall.enter(buy(400, 4, account=BOB))


def test_notional_has_a_least_and_a_greatest_amount(hall: RiskHall) -> None:
    hall.limit(Limit.ORDER_NOTIONAL_MIN, 1_000)
    hall.limit(Limit.ORDER_NOTIONAL_MAX, 2_000)
    assert hall.refusal(buy(111, 9)) == Reason.ORDER_TOO_SMALL
    assert hall.refusal(buy(401, 5)) == Reason.ORDER_TOO_LARGE
    hall.enter(buy(100, 10))
    hall.enter(buy(400, 5))
    # At the mark of 500.
    assert hall.refusal(stop(BUY, 600, 5)) == Reason.ORDER_TOO_LARGE
    hall.enter(stop(BUY, 600, 4))


def test_too_small_in_lots_comes_before_too_large_in_notional(hall: RiskHall) -> None:
    hall.limit(Limit.ORDER_LOTS_MIN, 5)
    hall.limit(Limit.ORDER_NOTIONAL_MAX, 100)
    assert hall.refusal(buy(400, 4)) == Reason.ORDER_TOO_SMALL
    assert hall.refusal(buy(400, 5)) == Reason.ORDER_TOO_LARGE


def test_a_budget_has_no_limit_of_lots(hall: RiskHall) -> None:
    hall.limit(Limit.ORDER_LOTS_MAX, 1)
    hall.limit(Limit.ORDER_NOTIONAL_MAX, 2_000)
    hall.enter(sell(100, 20, account=BOB))
    assert hall.refusal(factories.market(BUY, 2_001, flags=CommandFlag.BUDGET)) == Reason.ORDER_TOO_LARGE
    hall.enter(factories.market(BUY, 2_000, flags=CommandFlag.BUDGET))


def test_in_a_symbol_that_is_not_settled_lots_are_limited(hall: RiskHall) -> None:
    hall.send(factories.define_symbol(2))
    hall.limit(Limit.ORDER_LOTS_MIN, 5, symbol=2)
    hall.limit(Limit.ORDER_LOTS_MAX, 10)
    hall.limit(Limit.ORDER_NOTIONAL_MAX, 1)
    assert hall.refusal(buy(400, 4, symbol=2)) == Reason.ORDER_TOO_SMALL
    assert hall.refusal(buy(400, 11, symbol=2)) == Reason.ORDER_TOO_LARGE
    order = hall.enter(buy(400, 5, symbol=2))
    hall.send(amend(order, symbol=2, quantity_lots=11))
    small = linked(Link.ONE_CANCELS_OTHER, buy(400, 5, symbol=2), sell(600, 4, symbol=2))
    assert hall.refusal(*small) == Reason.ORDER_TOO_SMALL


def test_legs_are_judged_too(hall: RiskHall) -> None:
    hall.limit(Limit.ORDER_LOTS_MAX, 10)
    assert hall.refusal(*linked(Link.ONE_CANCELS_OTHER, buy(400, 10), sell(600, 11))) == Reason.ORDER_TOO_LARGE
    assert hall.refusal(*linked(Link.ONE_TRIGGERS_OTHER, buy(400, 10), sell(600, 11))) == Reason.ORDER_TOO_LARGE
    bracket = linked(Link.ONE_TRIGGERS_OTHER, buy(400, 10), sell(600, 10), stop(SELL, 300, 11))
    assert hall.refusal(*bracket) == Reason.ORDER_TOO_LARGE


def test_an_amendment_is_judged_by_what_it_leaves(hall: RiskHall) -> None:
    order = hall.enter(buy(400, 10))
    hall.enter(sell(400, 4, account=BOB))
    hall.limit(Limit.ORDER_LOTS_MIN, 3)
    hall.limit(Limit.ORDER_LOTS_MAX, 7)
    assert hall.refusal(amend(order, quantity_lots=12)) == Reason.ORDER_TOO_LARGE
    assert hall.refusal(amend(order, quantity_lots=6)) == Reason.ORDER_TOO_SMALL
    hall.send(amend(order, quantity_lots=11))
    hall.limit(Limit.ORDER_NOTIONAL_MAX, 2_900)
    assert hall.refusal(amend(order, price_ticks=415)) == Reason.ORDER_TOO_LARGE
    hall.send(amend(order, price_ticks=414))


def test_a_buy_may_be_so_much_above_the_mark_and_a_sell_below(hall: RiskHall) -> None:
    hall.limit(Limit.COLLAR_BPS, 150)
    # 1.5 % of 500 are 7.5.
    assert hall.refusal(buy(508, 1)) == Reason.PRICE_COLLAR
    assert hall.refusal(sell(492, 1)) == Reason.PRICE_COLLAR
    hall.enter(buy(507, 1))
    hall.enter(buy(1, 1))
    hall.enter(sell(1_000, 1))
    hall.trade(600, 1)
    assert hall.refusal(buy(610, 1)) == Reason.PRICE_COLLAR
    hall.enter(buy(609, 1))


@pytest.mark.parametrize("order", [pegged(BUY, 508), stop_limit(BUY, 505, 508)])
def test_every_type_with_a_limit_has_the_collar(hall: RiskHall, order: object) -> None:
    hall.limit(Limit.COLLAR_BPS, 150)
    assert hall.refusal(order) == Reason.PRICE_COLLAR


def test_types_without_a_limit_have_no_collar(hall: RiskHall) -> None:
    hall.limit(Limit.COLLAR_BPS, 0)
    hall.enter(stop(BUY, 900, 1))
    hall.enter(buy(500, 1))
    assert hall.refusal(buy(501, 1)) == Reason.PRICE_COLLAR


def test_an_amendments_new_price_has_the_collar(hall: RiskHall) -> None:
    order = hall.enter(sell(510, 10))
    hall.limit(Limit.COLLAR_BPS, 150)
    assert hall.refusal(amend(order, price_ticks=492)) == Reason.PRICE_COLLAR
    hall.send(amend(order, price_ticks=520))
    hall.limit(Limit.COLLAR_BPS, 0)
    hall.trade(515, 1)
    hall.send(amend(order, quantity_lots=11))
    hall.trade(519, 1)
    assert hall.refusal(amend(order, price_ticks=518)) == Reason.PRICE_COLLAR


def test_a_symbols_limit_comes_before_the_accounts_the_groups_and_the_venues(hall: RiskHall) -> None:
    def lots_max(scope: Scope, value: int) -> None:
        names = {"account": ALICE, "symbol": 1, "group": GROUP}
        assert hall.ledger.set_limit(scope, Limit.ORDER_LOTS_MAX, value, **names) == Reason.NONE

    lots_max(Scope.VENUE, 1)
    assert hall.refusal(buy(100, 2)) == hall.refusal(buy(100, 2, account=CAROL)) == Reason.ORDER_TOO_LARGE
    lots_max(Scope.GROUP, 2)
    assert hall.refusal(buy(100, 3)) == hall.refusal(buy(100, 2, account=CAROL)) == Reason.ORDER_TOO_LARGE
    hall.enter(buy(100, 2))
    lots_max(Scope.ACCOUNT, 3)
    assert hall.refusal(buy(100, 4)) == hall.refusal(buy(100, 3, account=BOB)) == Reason.ORDER_TOO_LARGE
    hall.enter(buy(100, 3))
    lots_max(Scope.ACCOUNT_SYMBOL, 0)
    assert hall.refusal(buy(100, 1)) == Reason.ORDER_TOO_LARGE
    lots_max(Scope.ACCOUNT_SYMBOL, -1)
    lots_max(Scope.ACCOUNT, -1)
    assert hall.refusal(buy(100, 3)) == Reason.ORDER_TOO_LARGE
    lots_max(Scope.GROUP, -1)
    lots_max(Scope.VENUE, -1)
    hall.enter(buy(100, 1_000))
