"""What is told when a figure comes near its limit."""

from __future__ import annotations

from tests import factories
from tests.factories import buy, linked, sell
from tests.risk.hall import ALICE, BOB, CAROL, DAY_MS, RiskHall, contract
from tradsys.records import Link, MarketState
from tradsys.reference.risk.outbox import Alert
from tradsys.risk.terms import Limit


def test_a_position_near_its_limit_is_told_once(hall: RiskHall) -> None:
    hall.limit(Limit.POSITION, 10)
    hall.trade(500, 7, buyer=ALICE)
    assert hall.logged() == []
    hall.trade(500, 1, buyer=ALICE)
    assert hall.logged() == [Alert(ALICE, 1, Limit.POSITION, 80, 8, 10)]
    hall.trade(500, 1, buyer=ALICE)
    assert hall.logged() == []
    hall.trade(500, 1, buyer=ALICE)
    assert hall.logged() == [Alert(ALICE, 1, Limit.POSITION, 100, 10, 10)]


def test_both_percentages_at_once_are_told_the_lower_one_first(hall: RiskHall) -> None:
    hall.limit(Limit.POSITION, 10)
    hall.trade(500, 10, buyer=CAROL, seller=ALICE)
    assert hall.logged() == [Alert(ALICE, 1, Limit.POSITION, percent, 10, 10) for percent in (80, 100)]


def test_a_figure_that_has_fallen_can_cross_again(hall: RiskHall) -> None:
    hall.limit(Limit.POSITION, 12)
    hall.trade(500, 10, buyer=ALICE)
    # 80 % are 9.6.
    assert hall.logged() == [Alert(ALICE, 1, Limit.POSITION, 80, 10, 12)]
    hall.trade(500, 1, buyer=CAROL, seller=ALICE)
    hall.trade(500, 1, buyer=ALICE)
    assert hall.logged() == [Alert(ALICE, 1, Limit.POSITION, 80, 10, 12)]


def test_exposure_near_its_limit_counts_what_rests(hall: RiskHall) -> None:
    hall.limit(Limit.EXPOSURE, 10_000)
    hall.enter(buy(400, 10))
    assert hall.logged() == []
    hall.trade(500, 7, buyer=ALICE)
    assert hall.logged() == []
    hall.trade(500, 1, buyer=ALICE)
    assert hall.logged() == [Alert(ALICE, 0, Limit.EXPOSURE, 80, 8_000, 10_000)]


def test_of_a_pair_of_different_sides_the_other_counts_until_its_end(hall: RiskHall) -> None:
    hall.enter(*linked(Link.ONE_CANCELS_OTHER, buy(400, 10), sell(800, 1)))
    hall.limit(Limit.EXPOSURE, 3_500)
    hall.enter(buy(800, 1, account=BOB))
    # Still 4,000 to buy, less the 800 that the sale has brought in.
    assert hall.logged() == [Alert(ALICE, 0, Limit.EXPOSURE, 80, 3_200, 3_500)]
    assert hall.usage().all_exposure == 800


def test_what_is_traded_today_is_told_anew_each_day(hall: RiskHall) -> None:
    hall.limit(Limit.DAILY_NOTIONAL, 5_000)
    hall.trade(500, 8, buyer=ALICE)
    assert hall.logged() == [Alert(ALICE, 0, Limit.DAILY_NOTIONAL, 80, 4_000, 5_000)]
    hall.wait(DAY_MS)
    hall.trade(500, 9, buyer=ALICE)
    assert hall.logged() == [Alert(ALICE, 0, Limit.DAILY_NOTIONAL, 80, 4_500, 5_000)]


def test_a_position_is_not_told_anew_each_day(hall: RiskHall) -> None:
    hall.limit(Limit.POSITION, 10)
    hall.trade(500, 8, buyer=ALICE)
    assert len(hall.logged()) == 1
    hall.wait(DAY_MS)
    hall.trade(500, 1, buyer=ALICE)
    assert hall.logged() == []


def test_a_loss_is_told_when_it_is_realised(hall: RiskHall) -> None:
    hall.limit(Limit.DAILY_LOSS, 100)
    hall.trade(500, 10, buyer=ALICE)
    hall.enter(sell(420, 1))
    hall.trade(400, 1)
    assert hall.logged() == []
    hall.enter(buy(420, 1, account=CAROL))
    assert hall.logged() == [Alert(ALICE, 0, Limit.DAILY_LOSS, 80, 80, 100)]


def test_the_buyers_alerts_come_first_and_each_in_the_order_of_limits(hall: RiskHall) -> None:
    for account in (ALICE, BOB):
        hall.limit(Limit.DAILY_NOTIONAL, 6_000, account=account)
        hall.limit(Limit.EXPOSURE, 6_000, account=account)
        hall.limit(Limit.POSITION, 12, account=account)
    hall.trade(500, 10, buyer=BOB, seller=ALICE)
    told = [(account, limit) for account in (BOB, ALICE) for limit in (9, 13, 15)]
    assert [(each.account, each.limit) for each in hall.logged() if isinstance(each, Alert)] == told


def test_an_auctions_trades_are_told_too(hall: RiskHall) -> None:
    hall.limit(Limit.POSITION, 10)
    hall.send(factories.market_state(MarketState.OPENING_AUCTION))
    hall.enter(buy(500, 8))
    hall.enter(sell(500, 8, account=BOB))
    hall.send(factories.market_state(MarketState.CONTINUOUS))
    assert hall.logged() == [Alert(ALICE, 1, Limit.POSITION, 80, 8, 10)]


def test_nothing_reaches_no_limit_of_nothing(hall: RiskHall) -> None:
    hall.trade(500, 1, buyer=ALICE)
    hall.limit(Limit.POSITION, 0)
    hall.limit(Limit.DAILY_LOSS, 0)
    hall.trade(500, 1, buyer=BOB, seller=ALICE)
    assert hall.position(ALICE) == (0, 0, 0)
    assert hall.logged() == []


def test_each_symbol_has_its_position(hall: RiskHall) -> None:
    hall.open_symbol(2, contract())
    hall.limit(Limit.POSITION, 10)
    hall.limit(Limit.POSITION, 5, symbol=2)
    hall.trade(500, 8, buyer=ALICE)
    hall.trade(500, 4, buyer=ALICE, symbol=2)
    assert hall.logged() == [Alert(ALICE, 1, Limit.POSITION, 80, 8, 10), Alert(ALICE, 2, Limit.POSITION, 80, 4, 5)]
