"""Limits of a day: what is traded, and what is lost."""

from __future__ import annotations

from tests.factories import amend, buy, sell
from tests.risk.hall import ALICE, BOB, CAROL, DAY_MS, QUOTE, RiskHall
from tradsys.reasons import Reason
from tradsys.risk.terms import Limit


def test_so_much_may_be_traded_in_a_day_with_what_rests(hall: RiskHall) -> None:
    hall.limit(Limit.DAILY_NOTIONAL, 10_000)
    hall.trade(500, 10, buyer=ALICE)
    assert hall.refusal(buy(401, 13)) == hall.refusal(sell(501, 10)) == Reason.DAILY_NOTIONAL_LIMIT
    order = hall.enter(buy(400, 10))
    hall.enter(sell(500, 2))
    assert hall.refusal(sell(600, 1)) == Reason.DAILY_NOTIONAL_LIMIT
    assert hall.refusal(amend(order, price_ticks=401)) == Reason.DAILY_NOTIONAL_LIMIT
    hall.send(amend(order, price_ticks=399))


def test_what_is_cancelled_is_not_traded(hall: RiskHall) -> None:
    hall.limit(Limit.DAILY_NOTIONAL, 4_000)
    order = hall.enter(buy(400, 10))
    hall.send(amend(order, quantity_lots=1))
    hall.enter(buy(400, 9))


def test_another_day_is_another_day(hall: RiskHall) -> None:
    hall.limit(Limit.DAILY_NOTIONAL, 5_000)
    hall.trade(500, 10, buyer=ALICE)
    assert hall.refusal(buy(1, 1)) == Reason.DAILY_NOTIONAL_LIMIT
    hall.wait(DAY_MS)
    assert hall.refusal(buy(501, 10)) == Reason.DAILY_NOTIONAL_LIMIT
    hall.enter(buy(500, 10))


def test_a_realised_loss_stops_an_account(hall: RiskHall) -> None:
    hall.limit(Limit.DAILY_LOSS, 100)
    hall.trade(500, 10, buyer=ALICE)
    hall.trade(491, 10, buyer=CAROL, seller=ALICE)
    hall.enter(buy(400, 1))
    hall.trade(500, 1, buyer=ALICE)
    hall.trade(490, 1, buyer=CAROL, seller=ALICE)
    # 90 and 10 are lost.
    assert hall.refusal(buy(400, 1)) == hall.refusal(sell(600, 1)) == Reason.DAILY_LOSS_LIMIT
    hall.wait(DAY_MS)
    hall.enter(buy(400, 1))


def test_an_open_loss_stops_an_account(hall: RiskHall) -> None:
    hall.limit(Limit.DAILY_LOSS, 100)
    hall.trade(500, 10, buyer=ALICE)
    hall.trade(491, 1)
    order = hall.enter(buy(400, 1))
    hall.trade(490, 1)
    assert hall.refusal(sell(490, 10)) == Reason.DAILY_LOSS_LIMIT
    # What adds nothing passes.
    hall.send(amend(order, price_ticks=399))
    assert hall.refusal(amend(order, price_ticks=400)) == Reason.DAILY_LOSS_LIMIT
    hall.trade(491, 1)
    hall.enter(sell(600, 10))


def test_a_short_position_loses_when_the_price_rises(hall: RiskHall) -> None:
    hall.limit(Limit.DAILY_LOSS, 100)
    hall.trade(500, 10, buyer=CAROL, seller=ALICE)
    hall.trade(400, 1)
    assert hall.usage().unrealised == 1_000
    hall.enter(buy(300, 1))
    hall.trade(510, 1)
    assert hall.usage().unrealised == -100
    assert hall.refusal(buy(300, 1)) == Reason.DAILY_LOSS_LIMIT


def test_a_profit_realised_makes_up_for_an_open_loss(hall: RiskHall) -> None:
    hall.limit(Limit.DAILY_LOSS, 100)
    hall.trade(500, 10, buyer=ALICE)
    hall.trade(520, 5, buyer=CAROL, seller=ALICE)
    hall.trade(461, 1)
    # 100 made, 195 open.
    assert (hall.usage().day_realised, hall.usage().unrealised) == (100, -195)
    hall.enter(buy(400, 1))
    hall.trade(460, 1)
    assert hall.refusal(buy(400, 1)) == Reason.DAILY_LOSS_LIMIT


def test_a_position_turned_round_is_open_at_the_price_of_the_turn(hall: RiskHall) -> None:
    hall.trade(500, 10, buyer=ALICE)
    hall.trade(490, 15, buyer=CAROL, seller=ALICE)
    assert (hall.usage().day_realised, hall.usage().unrealised) == (-100, 0)
    hall.trade(480, 1)
    assert hall.usage().unrealised == 50


def test_fees_are_losses(hall: RiskHall) -> None:
    hall.limit(Limit.DAILY_LOSS, 50)
    hall.charge(taker=10_000)
    hall.trade(500, 10, buyer=ALICE, seller=BOB)
    assert hall.refusal(buy(400, 1)) == Reason.DAILY_LOSS_LIMIT


def test_no_loss_at_all_is_a_limit_too(hall: RiskHall) -> None:
    hall.limit(Limit.DAILY_LOSS, 0)
    hall.trade(500, 10, buyer=ALICE)
    hall.enter(buy(400, 1))
    hall.trade(499, 1)
    assert hall.refusal(buy(400, 1)) == Reason.DAILY_LOSS_LIMIT


def test_losses_are_valued(hall: RiskHall) -> None:
    hall.ledger.set_asset_value(QUOTE, 1, 3)
    hall.limit(Limit.DAILY_LOSS, 34)
    hall.trade(500, 10, buyer=ALICE)
    hall.trade(490, 10, buyer=CAROL, seller=ALICE)
    # 33 of 100 / 3: a loss is rounded down.
    assert hall.usage().day_realised == -33
    hall.enter(buy(400, 1))
    hall.limit(Limit.DAILY_LOSS, 33)
    assert hall.refusal(buy(400, 1)) == Reason.DAILY_LOSS_LIMIT


def test_an_open_loss_counts_at_the_value_that_its_asset_has_now(hall: RiskHall) -> None:
    hall.limit(Limit.DAILY_LOSS, 100)
    hall.trade(500, 10, buyer=ALICE)
    hall.trade(499, 1)
    hall.enter(buy(400, 1))
    hall.ledger.set_asset_value(QUOTE, 10, 1)
    assert hall.usage().unrealised == -100
    assert hall.refusal(buy(400, 1)) == Reason.DAILY_LOSS_LIMIT
    hall.ledger.set_asset_value(QUOTE, 99, 10)
    hall.enter(buy(400, 1))


def test_notional_comes_before_loss(hall: RiskHall) -> None:
    hall.trade(500, 10, buyer=ALICE)
    hall.trade(490, 1)
    hall.limit(Limit.DAILY_LOSS, 100)
    assert hall.refusal(buy(400, 1)) == Reason.DAILY_LOSS_LIMIT
    hall.limit(Limit.DAILY_NOTIONAL, 5_000)
    assert hall.refusal(buy(400, 1)) == Reason.DAILY_NOTIONAL_LIMIT
