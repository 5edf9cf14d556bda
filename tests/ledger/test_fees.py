"""What orders are charged: rounded up once for each order and role, capped, with a minimum, or paid out."""

from __future__ import annotations

import pytest

from tests import factories
from tests.factories import buy, sell
from tests.ledger.hall import ALICE, BOB, CAROL, FEE, HOUSE, Hall
from tradsys.reasons import Reason
from tradsys.records import MarketState
from tradsys.reference.ledger.fees import Fees

BASIS_POINT = 100


@pytest.fixture
def rich(hall: Hall) -> Hall:
    """Everyone has 10,000 of the quote asset and 100 of the base asset, that is, 50 lots."""
    for account in (ALICE, BOB, CAROL):
        hall.fund(account, quote=10_000, base=100)
    return hall


def fees_of(hall: Hall) -> list[int]:
    """What the positions of Alice and Bob say, and what the venue has got."""
    return [hall.ledger.position(account, 1).fees for account in (ALICE, BOB)] + [hall.quote(FEE)[0]]


def test_maker_and_taker_pay_their_rates(rich: Hall) -> None:
    rich.charge(maker=10 * BASIS_POINT, taker=25 * BASIS_POINT)
    rich.enter(sell(200, 20, account=BOB))
    rich.enter(buy(200, 20))
    # Of 4,000.
    assert fees_of(rich) == [10, 4, 14]
    assert rich.quote(ALICE) == (10_000 - 4_010, 0)
    assert rich.quote(BOB) == (10_000 + 3_996, 0)


def test_a_rebate_is_paid_by_the_fee_account(rich: Hall) -> None:
    rich.charge(maker=-10 * BASIS_POINT)
    rich.enter(buy(210, 20))
    rich.enter(sell(210, 20, account=BOB))
    # Of 4,200: -4.2, which is rounded up.
    assert fees_of(rich) == [-4, 0, -4]
    assert rich.quote(ALICE) == (10_000 - 4_200 + 4, 0)


def test_fees_are_rounded_up_once_for_an_order_and_not_for_each_trade(rich: Hall) -> None:
    rich.charge(maker=5 * BASIS_POINT)
    rich.enter(sell(100, 30, account=BOB))
    charged = []
    for _ in range(3):
        rich.enter(buy(100, 10))
        charged.append(fees_of(rich)[1])
    # Of 1,000, 2,000 and 3,000: 0.5, 1, 1.5.
    assert charged == [1, 1, 2]


def test_each_role_of_an_order_is_rounded_up(rich: Hall) -> None:
    rich.charge(maker=5 * BASIS_POINT, taker=5 * BASIS_POINT)
    rich.enter(sell(100, 10, account=BOB))
    rich.enter(buy(100, 20))
    rich.enter(sell(100, 10, account=CAROL))
    # As taker 0.5 and as maker 0.5.
    assert fees_of(rich)[0] == 2


def test_the_minimum_is_charged_once_for_what_an_order_takes(rich: Hall) -> None:
    rich.charge(taker=BASIS_POINT, minimum=7)
    for _ in range(2):
        rich.enter(sell(100, 10, account=BOB))
    rich.enter(buy(100, 20))
    assert fees_of(rich) == [7, 0, 7]
    rich.enter(sell(100, 1, account=BOB))
    rich.enter(buy(100, 1))
    assert fees_of(rich) == [14, 0, 14]


def test_the_minimum_is_never_more_than_what_traded(rich: Hall) -> None:
    rich.charge(taker=BASIS_POINT, minimum=7)
    rich.enter(buy(5, 1, account=BOB))
    rich.enter(buy(4, 1, account=BOB))
    rich.enter(sell(4, 2))
    # 5 of the first 5, and 2 of the next 4.
    assert fees_of(rich) == [7, 0, 7]
    assert rich.quote(ALICE) == (10_002, 0)


def test_without_a_taker_rate_above_zero_there_is_no_minimum(rich: Hall) -> None:
    rich.charge(maker=10 * BASIS_POINT, taker=0, minimum=7)
    rich.enter(sell(200, 20, account=BOB))
    rich.enter(buy(200, 20))
    assert fees_of(rich) == [0, 4, 4]


def test_a_rate_of_everything_takes_everything_and_no_more(rich: Hall) -> None:
    rich.charge(maker=1_000_000, taker=1_000_000, minimum=999_999)
    rich.enter(sell(100, 3, account=BOB))
    assert rich.refusal(buy(100, 3)) == Reason.INSUFFICIENT_FUNDS  # it might have to pay the minimum
    rich.charge(maker=1_000_000, taker=1_000_000, minimum=50)
    rich.enter(buy(100, 3))
    assert rich.quote(ALICE) == (10_000 - 600, 0)
    assert rich.quote(BOB) == (10_000, 0)


def test_in_an_auction_both_are_takers(rich: Hall) -> None:
    rich.charge(maker=-10 * BASIS_POINT, taker=20 * BASIS_POINT)
    rich.send(factories.market_state(MarketState.OPENING_AUCTION))
    rich.enter(buy(500, 10))
    rich.enter(sell(500, 10, account=BOB))
    rich.send(factories.market_state(MarketState.CONTINUOUS))
    assert fees_of(rich) == [10, 10, 20]


def test_a_buy_holds_its_fee_too_until_it_is_charged(rich: Hall) -> None:
    rich.charge(maker=-10 * BASIS_POINT, taker=25 * BASIS_POINT, minimum=7)
    rich.enter(buy(100, 20))
    # 2,000, of that 5, one more, and the minimum.
    assert rich.quote(ALICE) == (10_000 - 2_013, 2_013)
    rich.enter(sell(100, 10, account=BOB))
    # A rebate of 1. Of 1,000 to come 2.5, less the rebate of 1: rounded up 2; one more, the minimum, and the rebate.
    assert rich.quote(ALICE) == (10_000 - 1_000 + 1 - 1_011, 1_000 + 2 + 1 + 7 + 1)
    rich.enter(sell(100, 10, account=BOB))
    assert rich.quote(ALICE) == (8_002, 0)


def test_who_has_no_more_than_an_order_holds_can_pay_the_higher_fee_of_a_maker(hall: Hall) -> None:
    hall.charge(maker=30 * BASIS_POINT, taker=10 * BASIS_POINT)
    hall.fund(ALICE, quote=2_006)
    hall.fund(BOB, base=40)
    # 2,000, of that 6, and one more.
    assert hall.refusal(buy(100, 20)) == Reason.INSUFFICIENT_FUNDS
    hall.fund(ALICE, quote=1)
    hall.enter(buy(100, 20))
    assert hall.quote(ALICE) == (0, 2_007)
    hall.enter(sell(100, 1, account=BOB))
    # 0.3 of 100 are rounded up.
    assert hall.quote(ALICE) == (0, 2_007 - 101)
    hall.enter(sell(100, 19, account=BOB))
    assert hall.quote(ALICE) == (1, 0)
    assert hall.quote(BOB) == (2_000 - 1 - 2, 0)


def test_a_buy_without_a_rate_above_zero_holds_no_fee(rich: Hall) -> None:
    rich.charge(maker=-10 * BASIS_POINT, minimum=7)
    rich.enter(buy(100, 20))
    assert rich.quote(ALICE) == (8_000, 2_000)


def test_a_sell_pays_its_fee_out_of_what_it_gets(rich: Hall) -> None:
    rich.charge(maker=10_000, taker=10_000)
    rich.fund(HOUSE, base=20)
    rich.enter(sell(100, 10, account=HOUSE))
    rich.enter(buy(100, 10))
    assert rich.quote(HOUSE) == (990, 0)


def test_an_order_keeps_the_schedule_with_which_it_was_accepted(rich: Hall) -> None:
    rich.charge(maker=10 * BASIS_POINT)
    rich.enter(sell(100, 20, account=BOB))
    rich.charge(maker=50 * BASIS_POINT, taker=20 * BASIS_POINT)
    rich.enter(buy(100, 20))
    assert fees_of(rich) == [4, 2, 6]


def test_a_symbols_own_schedule_comes_before_that_of_all_symbols(rich: Hall) -> None:
    rich.charge(taker=50 * BASIS_POINT)
    rich.ledger.set_fees(1, 0, Fees(0, 10 * BASIS_POINT, 0))
    rich.ledger.set_fees(0, 1, Fees(0, 90 * BASIS_POINT, 0))  # another class
    rich.enter(sell(100, 20, account=BOB))
    rich.enter(buy(100, 20))
    assert fees_of(rich) == [2, 0, 2]
    rich.ledger.set_fees(1, 0, Fees(0, 0, 0))  # nothing is a schedule too
    rich.enter(sell(100, 20, account=BOB))
    rich.enter(buy(100, 20))
    assert fees_of(rich) == [2, 0, 2]


@pytest.mark.parametrize("fees", [(1_000_001, 0, 0), (0, -1_000_001, 0), (0, 0, -1), (0, 0, 1 << 62)])
def test_a_schedule_out_of_range_is_an_error(fees: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="must be from"):
        Fees(*fees)
