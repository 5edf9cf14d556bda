"""Orders that wait for others hold what they need; a sell that waits for a buy holds what that one has brought in."""

from __future__ import annotations

import pytest

from tests import factories
from tests.factories import amend, buy, linked, sell, stop, stop_limit
from tests.ledger.hall import ALICE, BASE, BOB, LOT, Hall
from tradsys.ledger.terms import AMOUNT_MAX, PostingKind
from tradsys.reasons import Reason
from tradsys.records import CommandFlag, EventKind, Link, MarketState, OrderType, SelfTrade, Side, TimeInForce

BUY, SELL = Side.BUY, Side.SELL
NEXT = Link.ONE_TRIGGERS_OTHER


@pytest.fixture
def rich(hall: Hall) -> Hall:
    """Alice has 10,000 of the quote asset alone, Bob of the base asset 100 too, that is, 50 lots."""
    hall.fund(ALICE, quote=10_000)
    hall.fund(BOB, quote=10_000, base=100)
    return hall


def bracket(hall: Hall, lots: int = 10, *legs: int) -> int:
    """Alice buys at 100, then sells at 150 or, below 80, at the market; gives the order that the two wait for."""
    first, second = legs or (lots, lots)
    return hall.enter(*linked(NEXT, buy(100, lots), sell(150, first), stop(SELL, 80, second)))


def order_ids(hall: Hall) -> list[int]:
    """Of a bracket: the buy, the profit, the loss."""
    events = hall.send(*linked(NEXT, buy(100, 10), sell(150, 10), stop(SELL, 80, 10)))
    return [event.order_id for event in events if event.kind == EventKind.ACCEPTED]


def test_a_sell_that_waits_for_a_buy_holds_nothing_at_first(rich: Hall) -> None:
    rich.enter(*linked(NEXT, buy(100, 10), sell(150, 10)))
    assert rich.quote(ALICE) == (9_000, 1_000)
    assert rich.base(ALICE) == (0, 0)
    assert rich.ledger.open_holds == 2


def test_what_the_buy_brings_in_goes_to_the_sell_first(rich: Hall) -> None:
    rich.enter(*linked(NEXT, buy(100, 10), sell(150, 6)))
    rich.enter(sell(100, 4, account=BOB))
    assert rich.base(ALICE) == (0, 4 * LOT)
    assert rich.post(PostingKind.RESERVE, ALICE, ALICE, BASE, 1) == Reason.INSUFFICIENT_FUNDS
    rich.enter(sell(100, 3, account=BOB))
    assert rich.base(ALICE) == (1 * LOT, 6 * LOT)
    rich.enter(sell(100, 3, account=BOB))
    assert rich.base(ALICE) == (4 * LOT, 6 * LOT)


def test_a_buy_that_fills_at_once_feeds_the_sell_in_the_same_command(rich: Hall) -> None:
    rich.enter(sell(100, 10, account=BOB))
    events = rich.send(*linked(NEXT, buy(100, 10, time_in_force=TimeInForce.FOK), sell(150, 7)))
    assert EventKind.TRIGGERED in [event.kind for event in events]
    assert rich.base(ALICE) == (3 * LOT, 7 * LOT)
    rich.enter(buy(150, 7, account=BOB))
    assert rich.base(ALICE) == (3 * LOT, 0)
    assert rich.quote(ALICE) == (9_000 + 1_050, 0)
    assert rich.ledger.open_holds == 0


def test_the_rest_of_an_immediate_buy_ends_it_and_the_sell_has_what_filled(rich: Hall) -> None:
    rich.enter(sell(100, 4, account=BOB))
    rich.send(*linked(NEXT, buy(100, 10, time_in_force=TimeInForce.IOC), sell(150, 7)))
    assert rich.base(ALICE) == (0, 4 * LOT)
    rich.enter(buy(150, 4, account=BOB))
    assert rich.ledger.open_holds == 0


def test_an_order_that_fills_nothing_takes_those_that_wait_along(rich: Hall) -> None:
    rich.send(*linked(NEXT, buy(100, 10, time_in_force=TimeInForce.IOC), sell(150, 7)))
    assert rich.refusal(*linked(NEXT, buy(100, 10, time_in_force=TimeInForce.FOK), buy(90, 7))) == Reason.NOT_FILLABLE
    order = rich.enter(*linked(NEXT, buy(100, 10), buy(90, 7), sell(150, 5)))
    assert rich.quote(ALICE) == (10_000 - 1_630, 1_630)
    rich.send(factories.cancel(order))
    assert rich.quote(ALICE) == (10_000, 0)
    assert rich.base(ALICE) == (0, 0)
    assert rich.ledger.open_holds == 0


def test_a_pair_of_sells_shares_what_comes_in(rich: Hall) -> None:
    bracket(rich, 10, 8, 5)
    rich.enter(sell(100, 4, account=BOB))
    assert rich.base(ALICE) == (0, 4 * LOT)
    rich.enter(sell(100, 6, account=BOB))
    assert rich.base(ALICE) == (2 * LOT, 8 * LOT)
    assert rich.ledger.open_holds == 2
    rich.enter(buy(150, 1, account=BOB))
    assert rich.base(ALICE) == (2 * LOT, 7 * LOT)
    assert rich.ledger.open_holds == 1


def test_a_buy_and_a_sell_that_wait_hold_each_its_own(rich: Hall) -> None:
    rich.enter(*linked(NEXT, buy(100, 10), buy(90, 10), sell(150, 10)))
    assert rich.quote(ALICE) == (8_100, 1_900)
    rich.enter(sell(100, 3, account=BOB))
    assert rich.quote(ALICE) == (8_100, 1_600)
    assert rich.base(ALICE) == (0, 3 * LOT)
    rich.enter(sell(100, 7, account=BOB))
    assert rich.quote(ALICE) == (8_100, 900)
    rich.enter(buy(150, 10, account=BOB))
    assert rich.quote(ALICE) == (8_100 + 900 + 1_500, 0)
    assert rich.ledger.open_holds == 0


def test_a_buy_that_waits_holds_from_the_start_and_gives_back_what_did_not_fill(rich: Hall) -> None:
    order = rich.enter(*linked(NEXT, sell(100, 10, account=BOB), buy(90, 10, account=BOB)))
    assert rich.quote(BOB) == (9_100, 900)
    rich.enter(buy(100, 4))
    assert rich.quote(BOB) == (9_500, 900)
    rich.send(factories.cancel(order, account=BOB))
    assert rich.quote(BOB) == (9_500 + 540, 360)
    assert rich.base(BOB) == (100 - 4 * LOT, 0)


def test_a_sell_that_waits_for_a_sell_holds_from_the_start(rich: Hall) -> None:
    order = rich.enter(*linked(NEXT, sell(100, 10, account=BOB), stop(SELL, 80, 7, account=BOB)))
    assert rich.base(BOB) == (100 - 17 * LOT, 17 * LOT)
    rich.enter(buy(100, 4))
    rich.send(factories.cancel(order, account=BOB))
    assert rich.base(BOB) == (100 - 8 * LOT, 4 * LOT)


def test_all_that_is_held_must_be_available_at_once(rich: Hall) -> None:
    assert rich.refusal(*linked(NEXT, buy(100, 60), buy(90, 45))) == Reason.INSUFFICIENT_FUNDS
    assert rich.quote(ALICE) == (10_000, 0)
    assert rich.refusal(*linked(NEXT, sell(100, 1), sell(150, 1))) == Reason.INSUFFICIENT_FUNDS
    refused = linked(NEXT, sell(100, 1, account=BOB), sell(150, 49, account=BOB), stop(SELL, 80, 50, account=BOB))
    assert rich.refusal(*refused) == Reason.INSUFFICIENT_FUNDS
    rich.enter(*linked(NEXT, sell(100, 1, account=BOB), sell(150, 49, account=BOB), stop(SELL, 80, 49, account=BOB)))
    assert rich.base(BOB) == (0, 100)


def test_too_large_comes_before_what_is_not_there(rich: Hall) -> None:
    assert rich.refusal(*linked(NEXT, buy(1000, 11), buy(1000, 1 << 61))) == Reason.NOTIONAL_TOO_LARGE
    assert rich.refusal(*linked(NEXT, buy(100, 1), sell(1, AMOUNT_MAX))) == Reason.INVALID_QUANTITY
    assert rich.refusal(*linked(NEXT, sell(100, 51), sell(150, AMOUNT_MAX))) == Reason.NOTIONAL_TOO_LARGE
    assert rich.refusal(*linked(NEXT, buy(1, 1, account=77), sell(900, 10))) == Reason.UNKNOWN_ACCOUNT
    assert rich.ledger.open_holds == 0


def test_what_the_book_refuses_holds_nothing(rich: Hall) -> None:
    assert rich.refusal(*linked(NEXT, buy(100, 10))) == Reason.INVALID_ORDER
    assert rich.refusal(*linked(NEXT, buy(100, 10), buy(90, 0))) == Reason.INVALID_QUANTITY
    assert rich.refusal(*linked(NEXT, buy(100, 10), buy(90, 5), buy(80, 5))) == Reason.INVALID_ORDER
    budget = factories.market(BUY, 600, flags=CommandFlag.BUDGET)
    assert rich.refusal(*linked(NEXT, budget, sell(150, 5), buy(90, 5))) == Reason.INVALID_ORDER
    assert rich.quote(ALICE) == (10_000, 0)
    assert rich.base(ALICE) == (0, 0)
    assert rich.ledger.open_holds == 0


def test_a_cancel_of_one_that_waits_gives_back_what_had_come_in(rich: Hall) -> None:
    order, profit, _ = order_ids(rich)
    rich.enter(sell(100, 4, account=BOB))
    rich.send(factories.cancel(profit))
    assert rich.base(ALICE) == (4 * LOT, 0)
    assert rich.ledger.open_holds == 1
    rich.enter(sell(100, 3, account=BOB))
    assert rich.base(ALICE) == (7 * LOT, 0)
    rich.send(factories.cancel(order))
    assert rich.quote(ALICE) == (9_300, 0)


def test_a_cancel_of_the_buy_makes_the_turn_of_those_that_wait(rich: Hall) -> None:
    order = bracket(rich)
    rich.enter(sell(100, 4, account=BOB))
    rich.send(factories.cancel(order))
    assert rich.quote(ALICE) == (9_600, 0)
    assert rich.base(ALICE) == (0, 4 * LOT)
    assert rich.ledger.open_holds == 2


def test_a_buy_amended_below_what_filled_ends_too(rich: Hall) -> None:
    order = bracket(rich)
    rich.enter(sell(100, 4, account=BOB))
    rich.send(amend(order, quantity_lots=3))
    assert rich.quote(ALICE) == (9_600, 0)
    assert rich.base(ALICE) == (0, 4 * LOT)


def test_a_buy_that_is_amended_goes_on_feeding(rich: Hall) -> None:
    order = bracket(rich)
    rich.enter(sell(100, 4, account=BOB))
    rich.send(amend(order, price_ticks=110, quantity_lots=12))
    assert rich.quote(ALICE) == (9_600 - 880, 880)
    rich.enter(sell(110, 8, account=BOB))
    assert rich.quote(ALICE) == (9_600 - 880, 0)
    assert rich.base(ALICE) == (2 * LOT, 10 * LOT)


def test_a_decrement_of_the_buy_brings_nothing_in(rich: Hall) -> None:
    rich.fund(ALICE, base=3 * LOT)
    bracket(rich)
    rich.enter(sell(100, 4, account=BOB))
    rich.enter(sell(100, 3, self_trade=SelfTrade.DECREMENT))
    assert rich.base(ALICE) == (3 * LOT, 4 * LOT)
    rich.enter(sell(100, 3, account=BOB))
    assert rich.base(ALICE) == (3 * LOT, 7 * LOT)
    rich.enter(buy(150, 7, account=BOB))
    assert rich.base(ALICE) == (3 * LOT, 0)
    assert rich.ledger.open_holds == 0


def test_a_buy_that_sells_to_itself_feeds_the_sell_that_waits(rich: Hall) -> None:
    rich.fund(ALICE, base=3 * LOT)
    rich.enter(sell(100, 3))
    rich.enter(*linked(NEXT, buy(100, 10), sell(150, 10)))
    assert rich.base(ALICE) == (0, 3 * LOT)


def test_a_waiting_sells_price_is_amended_for_nothing(rich: Hall) -> None:
    _, profit, loss = order_ids(rich)
    rich.send(amend(profit, price_ticks=160))
    rich.enter(sell(100, 4, account=BOB))
    rich.send(amend(profit, price_ticks=170))
    assert rich.base(ALICE) == (0, 4 * LOT)
    rich.send(amend(loss, quantity_lots=4))  # no more than has come in
    assert rich.base(ALICE) == (0, 4 * LOT)
    rich.send(amend(profit, quantity_lots=3))
    assert rich.base(ALICE) == (0, 4 * LOT)
    rich.send(amend(loss, quantity_lots=2))
    assert rich.base(ALICE) == (1 * LOT, 3 * LOT)
    rich.enter(sell(100, 6, account=BOB))
    assert rich.base(ALICE) == (7 * LOT, 3 * LOT)


def test_a_waiting_sells_quantity_is_amended_as_if_it_waited_no_longer(rich: Hall) -> None:
    _, profit, _ = order_ids(rich)
    assert rich.refusal(amend(profit, quantity_lots=9)) == Reason.INSUFFICIENT_FUNDS
    rich.fund(ALICE, base=12 * LOT)
    assert rich.refusal(amend(profit, quantity_lots=13)) == Reason.INSUFFICIENT_FUNDS
    rich.send(amend(profit, quantity_lots=12))
    assert rich.base(ALICE) == (12 * LOT, 0)
    rich.enter(sell(100, 4, account=BOB))
    assert rich.base(ALICE) == (12 * LOT, 4 * LOT)


def test_an_amendment_of_a_sell_whose_buy_expires_before_it_is_paid_for(rich: Hall) -> None:
    """The buy expires before the record of the amendment, which then is that of an order like any other."""
    rich.fund(ALICE, base=6 * LOT)
    leg, order = linked(NEXT, buy(100, 10, time_in_force=TimeInForce.GTD), sell(150, 10))
    events = rich.send(leg, *factories.extended(order, expires_ns=6_000))
    profit = next(event.order_id for event in events if event.price_ticks == 150)
    rich.enter(sell(100, 4, account=BOB))
    assert rich.shards.sequence == 5
    events = rich.send(amend(profit, quantity_lots=10))
    kinds = [event.kind for event in events if event.order_id == profit]
    assert kinds == [EventKind.TRIGGERED, EventKind.RESTED, EventKind.AMENDED]
    assert rich.base(ALICE) == (0, 10 * LOT)


def test_a_day_ends_the_buy_and_the_sell_waits_for_tomorrow(rich: Hall) -> None:
    rich.enter(*linked(NEXT, buy(100, 10, time_in_force=TimeInForce.DAY), sell(150, 10)))
    rich.enter(sell(100, 4, account=BOB))
    rich.send(factories.market_state(MarketState.CLOSED))
    assert rich.quote(ALICE) == (9_600, 0)
    assert rich.base(ALICE) == (0, 4 * LOT)


def test_a_day_ends_the_sell_and_the_buy_stays(rich: Hall) -> None:
    rich.enter(*linked(NEXT, buy(100, 10), sell(150, 10, time_in_force=TimeInForce.DAY)))
    rich.enter(sell(100, 4, account=BOB))
    rich.send(factories.market_state(MarketState.CLOSED))
    assert rich.quote(ALICE) == (9_000, 600)
    assert rich.base(ALICE) == (4 * LOT, 0)
    assert rich.ledger.open_holds == 1


def test_a_buy_stop_feeds_when_it_has_fired(rich: Hall) -> None:
    rich.enter(*linked(NEXT, stop_limit(BUY, 510, 520, 5), sell(600, 5)))
    rich.enter(sell(510, 3, account=BOB))
    rich.enter(buy(510, 1, account=BOB))
    assert rich.base(ALICE) == (0, 2 * LOT)
    rich.enter(sell(520, 3, account=BOB))
    assert rich.base(ALICE) == (0, 5 * LOT)
    assert rich.quote(ALICE) == (10_000 - 1_020 - 1_560, 0)


def test_a_buy_that_fills_in_an_auction_feeds_too(rich: Hall) -> None:
    rich.send(factories.market_state(MarketState.OPENING_AUCTION))
    rich.enter(*linked(NEXT, buy(520, 5), sell(600, 4), stop(SELL, 300, 4)))
    rich.enter(sell(480, 5, account=BOB))
    rich.send(factories.market_state(MarketState.CONTINUOUS))
    assert rich.base(ALICE) == (1 * LOT, 4 * LOT)
    assert rich.ledger.open_holds == 2


def test_orders_that_wait_are_counted_with_the_schedule_of_their_acceptance(rich: Hall) -> None:
    rich.charge(taker=10_000)
    rich.enter(*linked(NEXT, buy(100, 10), stop(BUY, 600, 2, order_type=OrderType.STOP)))
    assert rich.quote(ALICE)[1] == 1_000 + 10 + 1 + 2_000 + 20 + 1
    rich.charge(taker=20_000)
    rich.enter(sell(100, 1, account=BOB))
    assert rich.quote(ALICE)[1] == 900 + 9 + 1 + 2_000 + 20 + 1


def test_a_symbol_without_a_contract_lets_orders_wait_for_nothing(rich: Hall) -> None:
    rich.send(factories.define_symbol(2))
    rich.enter(*linked(NEXT, buy(100, 10, symbol=2), sell(900, 10, symbol=2)))
    assert rich.quote(ALICE) == (10_000, 0)
