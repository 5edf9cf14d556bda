"""What an amendment holds beside its order, and what the order holds afterwards."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests import factories
from tests.factories import amend, buy, sell
from tests.ledger.hall import ALICE, BOB, CAROL, QUOTE, Hall
from tradsys.ledger.terms import PostingKind
from tradsys.reasons import Reason
from tradsys.records import CommandFlag, EventKind, MarketState, SelfTrade, Side, TimeInForce
from tradsys.reference.messages import commands_of

BUY, SELL = Side.BUY, Side.SELL
LEAVES = int(CommandFlag.QUANTITY_IS_LEAVES)


@pytest.fixture
def rich(hall: Hall) -> Hall:
    """Everyone has 2,000 of the quote asset and 40 of the base asset, that is, 20 lots."""
    for account in (ALICE, BOB, CAROL):
        hall.fund(account, quote=2_000, base=40)
    return hall


def test_a_higher_price_or_quantity_holds_more(rich: Hall) -> None:
    order = rich.enter(buy(100, 10))
    rich.send(amend(order, price_ticks=120))
    assert rich.quote(ALICE) == (800, 1_200)
    rich.send(amend(order, quantity_lots=15))
    assert rich.quote(ALICE) == (200, 1_800)
    rich.send(amend(order, price_ticks=100, quantity_lots=20))
    assert rich.quote(ALICE) == (0, 2_000)


def test_a_lower_one_gives_back(rich: Hall) -> None:
    order = rich.enter(buy(100, 10))
    rich.send(amend(order, price_ticks=50))
    assert rich.quote(ALICE) == (1_500, 500)
    rich.send(amend(order, quantity_lots=1))
    assert rich.quote(ALICE) == (1_950, 50)


def test_a_sells_price_changes_nothing_and_its_quantity_does(rich: Hall) -> None:
    order = rich.enter(sell(100, 10))
    rich.send(amend(order, price_ticks=900))
    assert rich.base(ALICE) == (20, 20)
    rich.send(amend(order, quantity_lots=20))
    assert rich.base(ALICE) == (0, 40)
    assert rich.refusal(amend(order, quantity_lots=21)) == Reason.INSUFFICIENT_FUNDS


def test_what_is_not_there_is_refused_and_leaves_the_order_as_it_was(rich: Hall) -> None:
    order = rich.enter(buy(100, 10))
    assert rich.refusal(amend(order, quantity_lots=21)) == Reason.INSUFFICIENT_FUNDS
    assert rich.refusal(amend(order, price_ticks=201)) == Reason.INSUFFICIENT_FUNDS
    assert rich.quote(ALICE) == (1_000, 1_000)
    rich.send(amend(order, price_ticks=200))
    assert rich.quote(ALICE) == (0, 2_000)


def test_more_than_there_can_be_is_refused(rich: Hall) -> None:
    order = rich.enter(buy(100, 10))
    assert rich.refusal(amend(order, quantity_lots=(1 << 63) - 1)) == Reason.NOTIONAL_TOO_LARGE


def test_a_total_quantity_counts_what_has_filled(rich: Hall) -> None:
    order = rich.enter(buy(100, 10))
    rich.enter(sell(100, 4, account=BOB))
    rich.send(amend(order, quantity_lots=15))
    assert rich.quote(ALICE) == (500, 1_100)
    rich.send(amend(order, quantity_lots=15, flags=LEAVES))
    assert rich.quote(ALICE) == (100, 1_500)
    assert rich.refusal(amend(order, quantity_lots=17, flags=LEAVES)) == Reason.INSUFFICIENT_FUNDS
    rich.send(amend(order, quantity_lots=7))
    assert rich.quote(ALICE) == (1_300, 300)


def test_a_total_below_what_has_filled_ends_the_order(rich: Hall) -> None:
    order = rich.enter(buy(100, 10))
    rich.enter(sell(100, 4, account=BOB))
    rich.send(amend(order, quantity_lots=4))
    assert rich.quote(ALICE) == (1_600, 0)
    assert rich.ledger.open_holds == 0


def test_what_the_book_refuses_gives_back_what_was_held_beside(rich: Hall) -> None:
    rich.enter(sell(150, 4, account=BOB))
    order = rich.enter(buy(100, 10, flags=CommandFlag.POST_ONLY))
    assert rich.refusal(amend(order, price_ticks=150)) == Reason.WOULD_CROSS
    assert rich.quote(ALICE) == (1_000, 1_000)


def test_a_refused_price_of_a_pegged_order_changes_nothing(rich: Hall) -> None:
    order = rich.enter(factories.pegged(BUY, 100, 10))
    assert rich.refusal(amend(order, price_ticks=50)) == Reason.NOT_AMENDABLE
    assert rich.refusal(amend(order, price_ticks=150)) == Reason.NOT_AMENDABLE
    assert rich.refusal(amend(order, price_ticks=201)) == Reason.INSUFFICIENT_FUNDS
    assert rich.quote(ALICE) == (1_000, 1_000)


def test_an_order_that_trades_by_its_amendment_pays_out_of_both(rich: Hall) -> None:
    rich.enter(sell(150, 4, account=BOB))
    order = rich.enter(buy(100, 10))
    rich.send(amend(order, price_ticks=160))
    assert rich.quote(ALICE) == (2_000 - 600 - 960, 960)


def test_an_amendment_holds_the_fee_too(rich: Hall) -> None:
    rich.charge(taker=10_000)
    order = rich.enter(buy(100, 10))
    assert rich.quote(ALICE) == (989, 1_011)
    rich.send(amend(order, price_ticks=195))
    assert rich.quote(ALICE) == (2_000 - 1_950 - 20 - 1, 1_971)
    assert rich.refusal(amend(order, price_ticks=198)) == Reason.INSUFFICIENT_FUNDS


def test_a_trigger_is_amended_without_any_money(rich: Hall) -> None:
    order = rich.enter(factories.stop(BUY, 600, 2))
    rich.send(_new_trigger(order, 700))
    assert rich.quote(ALICE) == (0, 2_000)


def _new_trigger(order: int, trigger_ticks: int) -> Any:
    record = amend(order, flags=int(CommandFlag.NEW_TRIGGER))
    record["price_ticks"] = trigger_ticks
    return record


def test_an_order_that_is_not_there_or_another_clients_takes_nothing(rich: Hall) -> None:
    order = rich.enter(buy(100, 10))
    assert rich.refusal(amend(order, price_ticks=900, account=BOB)) == Reason.NOT_YOUR_ORDER
    assert rich.refusal(amend(order + 1, price_ticks=900)) == Reason.UNKNOWN_ORDER
    assert rich.refusal(amend(order, price_ticks=900, symbol=2)) == Reason.UNKNOWN_ORDER
    assert rich.quote(ALICE) == (1_000, 1_000)
    assert rich.quote(BOB) == (2_000, 0)


def test_other_amended_events_leave_the_hold_as_it_is(rich: Hall) -> None:
    rich.enter(factories.pegged(BUY, 100, 10))
    events = rich.send(buy(90, 1, account=BOB))
    assert EventKind.AMENDED in [event.kind for event in events]  # the peg has a price now
    assert rich.quote(ALICE) == (1_000, 1_000)


def test_what_an_expiry_does_in_an_amendments_record_is_not_the_amendment(rich: Hall) -> None:
    """Its AMENDED has the record's number, and comes before it: of a pegged order that gets a new price."""
    rich.enter(*factories.extended(buy(95, 1, account=BOB, time_in_force=TimeInForce.GTD), expires_ns=6_000))
    rich.enter(buy(90, 1, account=BOB))
    order = rich.enter(factories.pegged(BUY, 100, 10))
    assert rich.shards.sequence == 5
    events = rich.send(amend(order, quantity_lots=15))
    told = [(event.kind, event.quantity_lots) for event in events if event.order_id == order]
    assert told[:2] == [(EventKind.AMENDED, 10), (EventKind.AMENDED, 15)]
    assert rich.quote(ALICE) == (500, 1_500)


def test_a_refused_amendment_in_the_record_of_an_expiry_leaves_the_worst_price(rich: Hall) -> None:
    rich.enter(*factories.extended(buy(95, 1, account=BOB, time_in_force=TimeInForce.GTD), expires_ns=6_000))
    rich.enter(buy(90, 1, account=BOB))
    order = rich.enter(factories.pegged(BUY, 100, 10))
    events = rich.send(amend(order, price_ticks=50))
    assert [event.kind for event in events if event.order_id == order] == [EventKind.AMENDED, EventKind.REJECTED]
    assert rich.quote(ALICE) == (1_000, 1_000)


def test_a_decrement_by_an_amended_order_is_not_the_amendment_of_its_maker(rich: Hall) -> None:
    rich.enter(sell(150, 10))
    order = rich.enter(buy(100, 4, self_trade=SelfTrade.DECREMENT))
    rich.send(amend(order, price_ticks=150))
    assert rich.quote(ALICE) == (2_000, 0)
    assert rich.base(ALICE) == (28, 12)


def test_the_least_quantity_there_is_takes_nothing(rich: Hall) -> None:
    order = rich.enter(buy(100, 10))
    rich.enter(sell(100, 4, account=BOB))
    before = rich.quote(ALICE)
    assert rich.refusal(amend(order, quantity_lots=-(1 << 63))) == Reason.INVALID_QUANTITY
    assert rich.quote(ALICE) == before


def test_what_is_held_beside_an_order_cannot_be_spent_meanwhile(rich: Hall) -> None:
    """The ledger decides ahead of the book."""
    order = rich.enter(buy(100, 10))
    (command,) = commands_of(amend(order, quantity_lots=20))
    command.sequence = 50
    assert rich.ledger.decide(command) == Reason.NONE
    assert rich.quote(ALICE) == (0, 2_000)
    assert rich.post(PostingKind.RESERVE, ALICE, ALICE, QUOTE, 1) == Reason.INSUFFICIENT_FUNDS
    rich.enter(sell(100, 10, account=BOB))
    assert rich.quote(ALICE) == (0, 1_000)  # it was filled before its amendment came
    (rejected,) = rich.send(amend(order, quantity_lots=20))
    assert rejected.reason == Reason.UNKNOWN_ORDER
    rich.ledger.settle(replace(rejected, log_sequence=50))
    assert rich.quote(ALICE) == (1_000, 0)


def test_an_order_outside_the_book_is_amended_too(rich: Hall) -> None:
    order = rich.enter(factories.stop_limit(BUY, 600, 100, 10))
    rich.send(amend(order, price_ticks=150))
    assert rich.quote(ALICE) == (500, 1_500)
    rich.send(factories.market_state(MarketState.HALT))
    assert rich.refusal(amend(order, price_ticks=160)) == Reason.SYMBOL_NOT_OPEN
    assert rich.quote(ALICE) == (500, 1_500)
