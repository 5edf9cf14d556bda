"""Limits of an account as a whole: exposure, concentration, leverage, and what it may owe."""

from __future__ import annotations

from tests.factories import amend, buy, linked, sell, stop
from tests.risk.hall import ALICE, BASE, BOB, CAROL, LOT, OUTSIDE, QUOTE, RiskHall, contract
from tradsys.ledger.terms import PostingKind
from tradsys.reasons import Reason
from tradsys.records import Link, Side
from tradsys.risk.limits import NOT_SET
from tradsys.risk.terms import Limit

SELL = Side.SELL
OTHER = Link.ONE_CANCELS_OTHER


def owns(hall: RiskHall, quote: int, lots: int) -> None:
    """Alice gives away what she has beyond that."""
    hall.post(PostingKind.TRANSFER, ALICE, CAROL, QUOTE, 1_000_000 - quote)
    hall.post(PostingKind.TRANSFER, ALICE, CAROL, BASE, (1_000 - lots) * LOT)


def test_exposure_is_limited_in_all_symbols_together(hall: RiskHall) -> None:
    hall.open_symbol(2, contract())
    hall.limit(Limit.EXPOSURE, 5_000)
    hall.enter(buy(400, 10))
    assert hall.refusal(buy(401, 3, symbol=2)) == hall.refusal(sell(600, 2, symbol=2)) == Reason.EXPOSURE_LIMIT
    # The worse side of symbol 1 stays the buys.
    hall.enter(sell(600, 6))
    assert hall.refusal(sell(500, 3)) == Reason.EXPOSURE_LIMIT
    hall.enter(buy(400, 2, symbol=2))


def test_exposure_counts_what_is_open_at_its_cost(hall: RiskHall) -> None:
    hall.trade(500, 10, buyer=ALICE)
    hall.limit(Limit.EXPOSURE, 6_000)
    assert hall.refusal(buy(401, 3)) == Reason.EXPOSURE_LIMIT
    hall.enter(buy(400, 2))
    hall.enter(sell(500, 22))
    assert hall.usage().exposure == 6_000
    assert hall.refusal(sell(500, 1)) == Reason.EXPOSURE_LIMIT


def test_what_lowers_exposure_passes(hall: RiskHall) -> None:
    hall.trade(500, 10, buyer=ALICE)
    hall.limit(Limit.EXPOSURE, 0)
    assert hall.refusal(buy(1, 1)) == Reason.EXPOSURE_LIMIT
    hall.enter(sell(500, 20))
    assert hall.usage().exposure == 5_000


def test_an_asset_without_a_value_makes_no_exposure(hall: RiskHall) -> None:
    hall.ledger.set_asset_value(QUOTE, 0, 1)
    hall.limit(Limit.EXPOSURE, 0)
    hall.enter(buy(400, 10))


def test_one_symbol_may_take_a_share_of_the_exposure(hall: RiskHall) -> None:
    hall.open_symbol(2, contract())
    hall.limit(Limit.CONCENTRATION_BPS, 4_000)
    hall.enter(buy(400, 2))
    hall.limit(Limit.EXPOSURE, 5_000)
    # 40 % of 5,000.
    assert hall.refusal(buy(401, 3)) == Reason.CONCENTRATION_LIMIT
    hall.enter(buy(400, 3))
    hall.enter(buy(400, 5, symbol=2))
    assert hall.refusal(buy(1, 1, symbol=2)) == Reason.CONCENTRATION_LIMIT


def test_exposure_comes_before_concentration_and_that_before_leverage(hall: RiskHall) -> None:
    hall.limit(Limit.LEVERAGE, 0)
    assert hall.refusal(buy(400, 10)) == Reason.LEVERAGE_LIMIT
    hall.limit(Limit.CONCENTRATION_BPS, 1)
    hall.limit(Limit.EXPOSURE, 4_000)
    assert hall.refusal(buy(400, 10)) == Reason.CONCENTRATION_LIMIT
    hall.limit(Limit.EXPOSURE, 3_999)
    assert hall.refusal(buy(400, 10)) == Reason.EXPOSURE_LIMIT


def test_exposure_may_be_a_multiple_of_the_equity(hall: RiskHall) -> None:
    owns(hall, quote=1_000, lots=0)
    hall.limit(Limit.LEVERAGE, 250)
    hall.enter(buy(500, 4))
    # 1,000 times 2.5 are 2,500.
    assert hall.refusal(buy(501, 1)) == Reason.LEVERAGE_LIMIT
    hall.enter(buy(500, 1))
    assert hall.quote(ALICE) == (-1_500, 2_500)
    hall.enter(sell(500, 5, account=BOB))
    assert hall.quote(ALICE) == (-1_500, 0)
    assert hall.base(ALICE) == (10, 0)


def test_who_still_owes_buys_nothing_without_leverage_not_even_nothing(hall: RiskHall) -> None:
    owns(hall, quote=1_000, lots=0)
    hall.limit(Limit.LEVERAGE, 200)
    hall.enter(buy(500, 4))
    assert hall.quote(ALICE) == (-1_000, 2_000)
    hall.limit(Limit.LEVERAGE, NOT_SET)
    assert hall.refusal(buy(500, 0)) == Reason.INSUFFICIENT_FUNDS


def test_what_is_owned_of_every_asset_is_equity(hall: RiskHall) -> None:
    owns(hall, quote=1_000, lots=5)
    hall.ledger.set_asset_value(BASE, 100, 1)
    hall.limit(Limit.LEVERAGE, 100)
    assert hall.refusal(buy(500, 5)) == Reason.LEVERAGE_LIMIT
    hall.enter(buy(500, 4))


def test_without_equity_there_is_no_leverage(hall: RiskHall) -> None:
    owns(hall, quote=1_000, lots=0)
    hall.limit(Limit.LEVERAGE, 1_000_000)
    hall.ledger.post(PostingKind.CORRECTION, 1_000, ALICE, CAROL, QUOTE, 1_000)
    assert hall.refusal(buy(1, 1)) == Reason.LEVERAGE_LIMIT


def test_without_leverage_a_buy_is_paid_by_what_there_is(hall: RiskHall) -> None:
    owns(hall, quote=1_000, lots=0)
    assert hall.refusal(buy(500, 3)) == Reason.INSUFFICIENT_FUNDS


def test_an_amendment_may_borrow_too(hall: RiskHall) -> None:
    owns(hall, quote=1_000, lots=0)
    order = hall.enter(buy(500, 2))
    assert hall.refusal(amend(order, quantity_lots=3)) == Reason.INSUFFICIENT_FUNDS
    hall.limit(Limit.LEVERAGE, 200)
    assert hall.refusal(amend(order, quantity_lots=5)) == Reason.LEVERAGE_LIMIT
    hall.send(amend(order, quantity_lots=4))
    assert hall.quote(ALICE) == (-1_000, 2_000)


def test_an_account_may_owe_so_many_lots(hall: RiskHall) -> None:
    owns(hall, quote=1_000_000, lots=5)
    assert hall.refusal(sell(600, 6)) == Reason.INSUFFICIENT_FUNDS
    hall.limit(Limit.SHORT, 10, symbol=1)
    assert hall.refusal(sell(600, 16)) == Reason.INSUFFICIENT_FUNDS
    order = hall.enter(sell(600, 12))
    assert hall.base(ALICE) == (-14, 24)
    assert hall.refusal(amend(order, quantity_lots=16)) == Reason.INSUFFICIENT_FUNDS
    hall.send(amend(order, quantity_lots=15))
    hall.enter(buy(600, 15, account=BOB))
    assert hall.base(ALICE) == (-20, 0)
    assert hall.position(ALICE) == (-15, -9_000, 0)
    assert hall.refusal(stop(SELL, 100, 1)) == Reason.INSUFFICIENT_FUNDS


def test_a_pair_may_owe_on_each_side(hall: RiskHall) -> None:
    owns(hall, quote=1_000, lots=0)
    hall.limit(Limit.SHORT, 10)
    hall.limit(Limit.LEVERAGE, 100_000)
    hall.enter(*linked(OTHER, buy(400, 10), sell(600, 10)))
    assert hall.quote(ALICE) == (-3_000, 4_000)
    assert hall.base(ALICE) == (-20, 20)


def test_what_is_owed_cannot_be_withdrawn_or_given_away(hall: RiskHall) -> None:
    owns(hall, quote=1_000, lots=0)
    hall.limit(Limit.LEVERAGE, 1_000)
    hall.enter(buy(500, 10))
    for kind, target in ((PostingKind.RESERVE, ALICE), (PostingKind.TRANSFER, BOB)):
        assert hall.post(kind, ALICE, target, QUOTE, 1) == Reason.INSUFFICIENT_FUNDS
    hall.post(PostingKind.DEPOSIT, OUTSIDE, ALICE, QUOTE, 4_000)
    assert hall.quote(ALICE) == (0, 5_000)
