"""Two orders that cancel each other hold together."""

from __future__ import annotations

import pytest

from tests import factories
from tests.factories import amend, buy, linked, sell, stop_limit
from tests.ledger.hall import ALICE, BOB, Hall
from tradsys.reasons import Reason
from tradsys.records import SLOT_BITS, EventKind, Link, MarketState, SelfTrade, Side

BUY, SELL = Side.BUY, Side.SELL
OTHER = Link.ONE_CANCELS_OTHER


@pytest.fixture
def rich(hall: Hall) -> Hall:
    """Alice and Bob have 10,000 of the quote asset and 100 of the base asset, that is, 50 lots."""
    for account in (ALICE, BOB):
        hall.fund(account, quote=10_000, base=100)
    return hall


def test_two_of_a_side_hold_the_greater_of_their_holds(rich: Hall) -> None:
    rich.enter(*linked(OTHER, buy(100, 10), stop_limit(BUY, 600, 700, 5)))
    assert rich.quote(ALICE) == (6_500, 3_500)
    assert rich.ledger.open_holds == 2
    # 6,500 are left.
    assert rich.refusal(*linked(OTHER, buy(100, 60), stop_limit(BUY, 600, 700, 10))) == Reason.INSUFFICIENT_FUNDS
    assert rich.refusal(*linked(OTHER, buy(100, 66), stop_limit(BUY, 600, 700, 9))) == Reason.INSUFFICIENT_FUNDS
    rich.enter(*linked(OTHER, buy(100, 65), stop_limit(BUY, 600, 700, 9)))
    assert rich.quote(ALICE) == (0, 10_000)


def test_two_of_different_sides_hold_each_its_own(rich: Hall) -> None:
    rich.enter(*linked(OTHER, buy(100, 10), sell(900, 5)))
    assert rich.quote(ALICE) == (9_000, 1_000)
    assert rich.base(ALICE) == (90, 10)
    assert rich.refusal(*linked(OTHER, buy(100, 10), sell(900, 46))) == Reason.INSUFFICIENT_FUNDS


def test_both_orders_have_the_log_sequence_of_the_new(rich: Hall) -> None:
    events = rich.send(*linked(OTHER, buy(100, 10), sell(900, 5)))
    accepted = [event for event in events if event.kind == EventKind.ACCEPTED]
    assert [event.order_id >> SLOT_BITS for event in accepted] == [rich.shards.sequence] * 2


def test_as_soon_as_one_trades_the_other_holds_nothing(rich: Hall) -> None:
    rich.enter(*linked(OTHER, buy(100, 10), stop_limit(BUY, 600, 700, 5)))
    rich.enter(sell(100, 4, account=BOB))
    assert rich.quote(ALICE) == (9_000, 600)
    assert rich.ledger.open_holds == 1


def test_one_that_fires_holds_its_own(rich: Hall) -> None:
    rich.enter(sell(510, 1, account=BOB))
    rich.enter(*linked(OTHER, stop_limit(BUY, 510, 511, 2), buy(400, 20)))
    assert rich.quote(ALICE) == (2_000, 8_000)
    rich.enter(buy(510, 1, account=BOB))
    assert rich.quote(ALICE) == (10_000 - 1_022, 1_022)


def test_the_end_of_one_is_that_of_both(rich: Hall) -> None:
    order = rich.enter(*linked(OTHER, buy(100, 10), sell(900, 5)))
    rich.send(factories.cancel(order))
    assert rich.quote(ALICE) == (10_000, 0)
    assert rich.base(ALICE) == (100, 0)
    assert rich.ledger.open_holds == 0


def test_a_pair_that_the_book_refuses_holds_nothing(rich: Hall) -> None:
    assert rich.refusal(*linked(OTHER, buy(100, 10), buy(90, 10))) == Reason.INVALID_ORDER
    assert rich.refusal(*linked(OTHER, buy(100, 10), sell(900, 0))) == Reason.INVALID_QUANTITY
    assert rich.refusal(*linked(OTHER, buy(100, 10))) == Reason.INVALID_ORDER
    assert rich.quote(ALICE) == (10_000, 0)
    assert rich.base(ALICE) == (100, 0)
    assert rich.ledger.open_holds == 0


def test_a_leg_that_nothing_announces_holds_nothing(rich: Hall) -> None:
    rich.enter(factories.leg(sell(900, 5)), buy(100, 10))
    assert rich.base(ALICE) == (100, 0)
    assert rich.ledger.open_holds == 1


def test_a_leg_that_is_too_large_refuses_both(rich: Hall) -> None:
    huge = sell(900, (1 << 62) - 1)
    assert rich.refusal(*linked(OTHER, buy(100, 10), huge)) == Reason.NOTIONAL_TOO_LARGE


def test_one_of_a_pair_is_amended_within_what_both_hold(rich: Hall) -> None:
    order = rich.enter(*linked(OTHER, buy(100, 10), stop_limit(BUY, 600, 700, 5)))
    rich.send(amend(order, quantity_lots=30))
    assert rich.quote(ALICE) == (6_500, 3_500)
    rich.send(amend(order, quantity_lots=40))
    assert rich.quote(ALICE) == (6_000, 4_000)
    assert rich.refusal(amend(order, quantity_lots=101)) == Reason.INSUFFICIENT_FUNDS
    rich.send(amend(order, quantity_lots=1))
    assert rich.quote(ALICE) == (6_500, 3_500)


def test_a_pair_that_meets_in_an_auction_holds_nothing_afterwards(rich: Hall) -> None:
    rich.send(factories.market_state(MarketState.OPENING_AUCTION))
    rich.enter(*linked(OTHER, buy(520, 10), sell(480, 5)))
    rich.send(factories.market_state(MarketState.CONTINUOUS))
    assert rich.quote(ALICE) == (10_000, 0)
    assert rich.base(ALICE) == (100, 0)
    assert rich.ledger.open_holds == 0
    assert rich.ledger.position(ALICE, 1).quantity == 0
    assert rich.ledger.position(ALICE, 1).turnover > 0


def test_one_of_a_pair_that_is_decremented_keeps_the_other(rich: Hall) -> None:
    rich.enter(*linked(OTHER, buy(100, 50), stop_limit(BUY, 600, 700, 5)))
    rich.enter(sell(100, 30, self_trade=SelfTrade.DECREMENT))
    assert rich.quote(ALICE) == (6_500, 3_500)
    assert rich.ledger.open_holds == 2
