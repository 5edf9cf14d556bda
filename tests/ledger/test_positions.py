"""Quantity, cost and realised profit: long, short, and through zero."""

from __future__ import annotations

import random

import pytest

from tests.factories import buy, sell
from tests.ledger.hall import ALICE, BOB, Hall, contract
from tradsys.reference.ledger.positions import Position


@pytest.fixture
def rich(hall: Hall) -> Hall:
    """Alice and Bob have 100,000 of the quote asset and 200 of the base asset, that is, 100 lots."""
    for account in (ALICE, BOB):
        hall.fund(account, quote=100_000, base=200)
    return hall


def alice(hall: Hall, lots: int, price_ticks: int, symbol: int = 1) -> tuple[int, int, int]:
    """Alice buys so many lots from Bob (below 0: sells them to him); gives her quantity, cost and realised profit."""
    if lots > 0:
        hall.enter(sell(price_ticks, lots, account=BOB, symbol=symbol))
        hall.enter(buy(price_ticks, lots, symbol=symbol))
    else:
        hall.enter(sell(price_ticks, -lots, symbol=symbol))
        hall.enter(buy(price_ticks, -lots, account=BOB, symbol=symbol))
    return hall.position(ALICE, symbol)


def test_a_long_position_costs_what_was_paid_and_realises_what_it_is_sold_for(rich: Hall) -> None:
    assert alice(rich, 10, 100) == (10, 1_000, 0)
    assert alice(rich, 5, 130) == (15, 1_650, 0)
    assert alice(rich, -6, 120) == (9, 990, 720 - 660)
    assert alice(rich, -9, 100) == (0, 0, 60 + 900 - 990)


def test_a_short_position_is_the_mirror_of_it(rich: Hall) -> None:
    assert alice(rich, -10, 100) == (-10, -1_000, 0)
    assert alice(rich, -5, 130) == (-15, -1_650, 0)
    assert alice(rich, 6, 120) == (-9, -990, 660 - 720)
    assert alice(rich, 9, 100) == (0, 0, -60 + 990 - 900)
    assert rich.position(BOB) == (0, 0, -30)


def test_a_trade_through_zero_closes_and_opens_at_its_own_price(rich: Hall) -> None:
    assert alice(rich, 10, 100) == (10, 1_000, 0)
    assert alice(rich, -15, 110) == (-5, -550, 100)
    assert alice(rich, 8, 90) == (3, 270, 100 + 100)


def test_the_closed_share_of_the_cost_is_rounded_towards_zero(rich: Hall) -> None:
    assert alice(rich, 1, 100) == (1, 100, 0)
    assert alice(rich, 2, 101) == (3, 302, 0)
    # A third of 302 is 100.
    assert alice(rich, -1, 100) == (2, 202, 0)
    assert alice(rich, -2, 100) == (0, 0, -2)
    assert alice(rich, -1, 100) == (-1, -100, -2)
    assert alice(rich, -2, 101) == (-3, -302, -2)
    assert alice(rich, 1, 100) == (-2, -202, -2)


def test_the_closed_share_of_the_notional_is_rounded_down(rich: Hall) -> None:
    rich.open_symbol(2, contract(divisor=3))
    assert alice(rich, 2, 30, symbol=2) == (2, 20, 0)
    # Of 32 two thirds are 21; 11 are the cost of what is short.
    assert alice(rich, -3, 32, symbol=2) == (-1, -11, 1)
    rich.open_symbol(3, contract(divisor=3))
    assert alice(rich, -2, 30, symbol=3) == (-2, -20, 0)
    assert alice(rich, 3, 32, symbol=3) == (1, 11, -1)


def test_turnover_is_the_notional_of_all_trades_and_fees_stand_apart(rich: Hall) -> None:
    rich.charge(taker=10_000)
    alice(rich, 10, 100)
    alice(rich, -10, 110)
    position = rich.ledger.position(ALICE, 1)
    assert (position.turnover, position.fees, position.realised) == (2_100, 10, 100)
    assert rich.ledger.position(BOB, 1).fees == 11


def test_who_trades_with_himself_buys_first(rich: Hall) -> None:
    assert alice(rich, 10, 100) == (10, 1_000, 0)
    rich.enter(buy(130, 5))
    rich.enter(sell(130, 5))
    # 15 lots for 1,650; five of them go for 650, their share is 550.
    assert rich.position(ALICE) == (10, 1_100, 100)
    assert rich.quote(ALICE) == (99_000, 0)


def test_cost_less_realised_is_what_was_paid_less_what_was_got(seed: int) -> None:
    dice, position, paid, lots_held = random.Random(seed), Position(), 0, 0
    for _ in range(2_000):
        lots = dice.choice((-1, 1)) * dice.randint(1, 50)
        notional = dice.randint(0, 1_000)
        position.trade(lots, notional, 0)
        paid += notional if lots > 0 else -notional
        lots_held += lots
        assert position.quantity == lots_held
        assert position.cost - position.realised == paid
        assert position.cost * position.quantity >= 0
        assert position.quantity or position.cost == 0
