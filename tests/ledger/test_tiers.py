"""Fee tiers: what an account has traded on the 30 days before today decides on the schedule of its orders."""

from __future__ import annotations

import pytest

from tests.factories import buy, linked, sell, stop
from tests.ledger.hall import ALICE, BASE, BOB, FEE, QUOTE, Hall
from tradsys.ledger.terms import AMOUNT_MAX, DAY_NS, PostingKind
from tradsys.records import Link, Side
from tradsys.reference.ledger.fees import Fees

PERCENT = 10_000


@pytest.fixture
def rich(hall: Hall) -> Hall:
    """Bob sells to Alice: 4 percent of it are the fee, 3 from a volume of 1,000 on, 2 from 2,000, 1 from 3,000."""
    hall.fund(ALICE, quote=1_000_000)
    hall.fund(BOB, base=20_000)
    hall.ledger.set_asset_value(QUOTE, 1, 1)
    for tier in range(4):
        if tier:
            hall.ledger.set_tier(tier, 1_000 * tier)
        hall.ledger.set_fees(0, 0, taken(4 - tier), tier)
    return hall


def taken(percent: int) -> Fees:
    """Of a taker, and nothing of a maker."""
    return Fees(0, percent * PERCENT, 0)


def later(hall: Hall, days: int = 1) -> None:
    """Let days pass."""
    hall.shards.later_ns += days * DAY_NS


def trade(hall: Hall, lots: int = 10) -> int:
    """Alice takes so many lots at 100; gives the fee in percent."""
    before = hall.quote(FEE)[0]
    hall.enter(sell(100, lots, account=BOB))
    hall.enter(buy(100, lots))
    return (hall.quote(FEE)[0] - before) // lots


def daily(hall: Hall, days: int, lots: int = 10) -> list[int]:
    """Alice takes so many lots on each of so many days; gives the fee of each in percent."""
    fees = []
    for _ in range(days):
        fees.append(trade(hall, lots))
        later(hall)
    return fees


def test_what_trades_today_counts_from_tomorrow_on(rich: Hall) -> None:
    assert [trade(rich), trade(rich)] == [4, 4]
    later(rich)
    assert [trade(rich), trade(rich)] == [2, 2]


def test_a_volume_counts_for_thirty_days(rich: Hall) -> None:
    trade(rich)
    later(rich, 30)
    assert trade(rich, 20) == 3
    later(rich)
    assert trade(rich, 10) == 2
    later(rich, 29)
    assert trade(rich, 1) == 1
    later(rich)
    assert trade(rich, 1) == 3
    later(rich, 31)
    assert trade(rich, 1) == 4


def test_days_add_up(rich: Hall) -> None:
    assert daily(rich, 8, 5) == [4, 4, 3, 3, 2, 2, 1, 1]


def test_a_year_later_nothing_is_left(rich: Hall) -> None:
    daily(rich, 40, 5)
    later(rich, 365)
    assert trade(rich) == 4


def test_makers_have_a_volume_too(rich: Hall) -> None:
    trade(rich)
    later(rich)
    rich.enter(buy(100, 1))
    before = rich.quote(FEE)[0]
    rich.enter(sell(100, 1, account=BOB))
    assert rich.quote(FEE)[0] - before == 3


def test_both_sides_of_a_trade_with_oneself_count(rich: Hall) -> None:
    rich.fund(ALICE, base=100)
    rich.enter(sell(100, 10))
    rich.enter(buy(100, 10))
    later(rich)
    assert trade(rich) == 2


def test_an_asset_without_a_value_brings_no_volume(rich: Hall) -> None:
    rich.ledger.set_asset_value(QUOTE, 0, 1)
    trade(rich)
    later(rich)
    assert trade(rich) == 4


def test_a_volume_is_in_units_of_account_as_they_are_worth_at_the_trade(rich: Hall) -> None:
    rich.ledger.set_asset_value(QUOTE, 3, 2)
    trade(rich, 6)  # 900
    later(rich)
    rich.ledger.set_asset_value(QUOTE, 1, 6)
    trade(rich, 6)  # 100
    later(rich)
    assert trade(rich, 1) == 3


def test_what_is_worth_next_to_nothing_is_rounded_up_at_each_trade(rich: Hall) -> None:
    rich.ledger.set_asset_value(QUOTE, 1, 1_000_000_000)
    rich.ledger.set_tier(1, 2)
    trade(rich, 1)
    trade(rich, 1)
    later(rich)
    assert trade(rich, 1) == 3


def test_an_order_keeps_the_schedule_with_which_it_was_decided(rich: Hall) -> None:
    trade(rich, 30)
    rich.enter(buy(100, 1))
    rich.ledger.set_fees(0, 0, Fees(7 * PERCENT, 0, 0), 3)
    later(rich)
    rich.enter(sell(100, 1, account=BOB))
    assert rich.ledger.position(ALICE, 1).fees == 30 * 4


def test_a_leg_has_the_schedule_of_its_order(rich: Hall) -> None:
    trade(rich, 10)
    later(rich)
    before = rich.quote(ALICE)[1]
    rich.enter(*linked(Link.ONE_TRIGGERS_OTHER, buy(90, 10), stop(Side.BUY, 600, 1)))
    assert rich.quote(ALICE)[1] - before == 900 + 27 + 1 + 1_000 + 30 + 1


def test_a_tier_without_a_schedule_has_that_of_the_tier_below(rich: Hall) -> None:
    rich.ledger.set_fees(1, 0, taken(9), 0)
    rich.ledger.set_fees(1, 0, taken(8), 2)
    assert daily(rich, 4) == [9, 9, 8, 8]


def test_a_symbols_own_schedule_of_any_tier_it_has_comes_before_that_of_all(rich: Hall) -> None:
    rich.ledger.set_fees(1, 0, taken(9), 2)
    assert daily(rich, 4) == [4, 3, 9, 9]


def test_a_tier_is_moved(rich: Hall) -> None:
    trade(rich, 15)
    later(rich)
    rich.ledger.set_tier(1, 1_501)
    assert trade(rich, 1) == 4
    rich.ledger.set_tier(1, 1_500)
    assert trade(rich, 1) == 3
    rich.ledger.set_tier(3, 2_001)
    with pytest.raises(ValueError, match=r"tier|TIER"):
        rich.ledger.set_tier(2, 2_001)


@pytest.mark.parametrize(
    ("tier", "volume"),
    [(0, 5), (4, 9_000), (1, 0), (1, -1), (1, 2_000), (2, 1_000), (2, 3_000), (3, 2_000), (3, AMOUNT_MAX + 1)],
)
def test_tiers_have_ever_more_volume(rich: Hall, tier: int, volume: int) -> None:
    with pytest.raises(ValueError, match=r"tier|TIER"):
        rich.ledger.set_tier(tier, volume)


def test_tiers_are_told_from_the_lowest_up(hall: Hall) -> None:
    for tier in (2, 3):
        with pytest.raises(ValueError, match=r"tier|TIER"):
            hall.ledger.set_tier(tier, 1_000)
    hall.ledger.set_tier(1, 1)
    hall.ledger.set_tier(2, AMOUNT_MAX)


def test_there_is_no_schedule_of_a_fourth_tier(hall: Hall) -> None:
    with pytest.raises(ValueError, match=r"tier|FEES"):
        hall.ledger.set_fees(0, 0, Fees(), 4)


def test_a_volume_is_never_more_than_the_greatest_amount(rich: Hall) -> None:
    rich.ledger.set_asset_value(QUOTE, 1_000_000_000, 1)
    rich.ledger.set_tier(3, AMOUNT_MAX)
    rich.ledger.set_tier(2, AMOUNT_MAX - 1)
    assert rich.post(PostingKind.DEPOSIT, 99, ALICE, QUOTE, 100_000_000_000) == 0
    assert rich.post(PostingKind.DEPOSIT, 99, BOB, BASE, 400_000_000) == 0
    for _ in range(3):
        trade(rich, 50_000_000)  # 5 * 10**18, and 4.6 * 10**18 are the most there can be
        later(rich)
    assert trade(rich, 100) == 1
