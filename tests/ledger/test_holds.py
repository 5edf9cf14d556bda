"""What orders hold, and when it is given back."""

from __future__ import annotations

import pytest

from tests import factories
from tests.factories import buy, sell
from tests.ledger.hall import ALICE, BOB, CAROL, Hall, contract
from tradsys.ledger.terms import AMOUNT_MAX
from tradsys.reasons import Reason
from tradsys.records import CommandFlag, EventKind, MarketState, OrderType, SelfTrade, Side, TimeInForce

BUY, SELL = Side.BUY, Side.SELL


@pytest.fixture
def rich(hall: Hall) -> Hall:
    """Everyone has 10,000 of the quote asset and 100 of the base asset, that is, 50 lots."""
    for account in (ALICE, BOB, CAROL):
        hall.fund(account, quote=10_000, base=100)
    return hall


def test_a_buy_holds_price_times_quantity_and_a_sell_the_lots_it_sells(rich: Hall) -> None:
    rich.enter(buy(100, 10))
    rich.enter(sell(200, 7, account=BOB))
    assert rich.quote(ALICE) == (9_000, 1_000)
    assert rich.base(ALICE) == (100, 0)
    assert rich.base(BOB) == (86, 14)
    assert rich.quote(BOB) == (10_000, 0)
    assert rich.ledger.open_holds == 2


def test_a_partial_fill_takes_its_part_of_the_hold(rich: Hall) -> None:
    rich.enter(buy(100, 10))
    rich.enter(sell(100, 4, account=BOB))
    assert rich.quote(ALICE) == (9_000, 600)
    assert rich.base(ALICE) == (108, 0)
    assert rich.quote(BOB) == (10_400, 0)
    assert rich.base(BOB) == (92, 0)
    assert rich.ledger.open_holds == 1


def test_what_a_better_price_saves_is_given_back_at_once(rich: Hall) -> None:
    rich.enter(sell(90, 4, account=BOB))
    rich.enter(buy(100, 10))
    # 4 lots at 90 are paid, 6 at 100 stay held.
    assert rich.quote(ALICE) == (10_000 - 360 - 600, 600)


def test_what_is_held_is_rounded_up_and_what_trades_down(rich: Hall) -> None:
    rich.open_symbol(2, contract(numerator=1, divisor=3))
    rich.enter(buy(10, 2, symbol=2))
    assert rich.quote(ALICE) == (9_993, 7)  # 20 / 3
    rich.enter(sell(10, 1, account=BOB, symbol=2))
    assert rich.quote(BOB) == (10_003, 0)  # 10 / 3
    assert rich.quote(ALICE) == (9_993, 4)
    rich.enter(sell(10, 1, account=BOB, symbol=2))
    assert rich.quote(ALICE) == (9_994, 0)


def test_a_cancel_gives_everything_back(rich: Hall) -> None:
    order = rich.enter(buy(100, 10))
    rich.send(factories.cancel(order))
    assert rich.quote(ALICE) == (10_000, 0)
    assert rich.ledger.open_holds == 0


def test_a_cancel_gives_back_what_is_still_held_and_that_once(rich: Hall) -> None:
    order = rich.enter(buy(100, 10))
    other = rich.enter(buy(90, 10))
    rich.enter(sell(100, 4, account=BOB))
    rich.send(factories.cancel(order))
    assert rich.quote(ALICE) == (9_600 - 900, 900)
    assert rich.refusal(factories.cancel(order)) == Reason.UNKNOWN_ORDER
    assert rich.quote(ALICE) == (9_600 - 900, 900)
    rich.send(factories.cancel(other))
    assert rich.quote(ALICE) == (9_600, 0)


def test_the_rest_of_an_immediate_order_is_given_back(rich: Hall) -> None:
    rich.enter(sell(100, 4, account=BOB))
    rich.send(buy(100, 10, time_in_force=TimeInForce.IOC))
    assert rich.quote(ALICE) == (9_600, 0)


def test_what_the_book_refuses_holds_nothing(rich: Hall) -> None:
    rich.enter(sell(100, 4, account=BOB))
    assert rich.refusal(buy(100, 4, flags=CommandFlag.POST_ONLY)) == Reason.WOULD_CROSS
    assert rich.quote(ALICE) == (10_000, 0)
    assert rich.ledger.open_holds == 1


def test_a_quantity_below_one_holds_nothing_and_the_book_refuses_it(rich: Hall) -> None:
    for quantity in (0, -1, -(1 << 63)):
        assert rich.refusal(buy(100, quantity)) == Reason.INVALID_QUANTITY
    assert rich.quote(ALICE) == (10_000, 0)


def test_an_order_without_a_limit_holds_the_highest_price(rich: Hall) -> None:
    rich.enter(factories.stop(BUY, 600, 3))
    assert rich.quote(ALICE) == (7_000, 3_000)
    rich.enter(factories.trailing_stop(BUY, 20, 2))
    assert rich.quote(ALICE) == (5_000, 5_000)
    rich.enter(factories.stop_limit(BUY, 600, 700, 2))
    assert rich.quote(ALICE) == (3_600, 6_400)
    rich.enter(factories.pegged(BUY, 100, 6))
    assert rich.quote(ALICE) == (3_000, 7_000)
    assert rich.refusal(factories.market(BUY, 4)) == Reason.INSUFFICIENT_FUNDS


def test_a_market_order_for_the_auction_holds_the_highest_price(rich: Hall) -> None:
    rich.enter(factories.market(BUY, 2, time_in_force=TimeInForce.AT_CLOSE))
    assert rich.quote(ALICE) == (8_000, 2_000)


def test_a_stop_that_fires_pays_what_it_trades_at(rich: Hall) -> None:
    rich.enter(factories.stop(BUY, 510, 3))
    rich.enter(sell(510, 1, account=BOB))
    rich.enter(sell(520, 9, account=BOB))
    rich.enter(buy(510, 1, account=CAROL))
    assert rich.quote(ALICE) == (10_000 - 1_560, 0)
    assert rich.base(BOB) == (100 - 20, 12)


def test_a_budget_holds_its_amount_and_gets_the_rest_back(rich: Hall) -> None:
    rich.enter(sell(90, 4, account=BOB))
    rich.enter(sell(100, 4, account=BOB))
    rich.send(factories.market(BUY, 600, flags=CommandFlag.BUDGET))
    # 4 lots at 90, 2 at 100: 40 are left.
    assert rich.quote(ALICE) == (9_440, 0)
    assert rich.base(ALICE) == (112, 0)
    assert rich.refusal(factories.market(BUY, 9_441, flags=CommandFlag.BUDGET)) == Reason.INSUFFICIENT_FUNDS


def test_a_budget_to_sell_holds_what_it_could_sell_at_the_lowest_price(rich: Hall) -> None:
    rich.open_symbol(2, contract(lowest_ticks=10))
    rich.enter(buy(100, 4, account=BOB, symbol=2))
    budget = factories.market(SELL, 509, symbol=2, flags=CommandFlag.BUDGET)
    rich.send(budget)
    assert rich.base(ALICE) == (92, 0)
    assert rich.quote(ALICE) == (10_400, 0)
    assert rich.refusal(budget) == Reason.INSUFFICIENT_FUNDS  # 50 lots, and 46 are there


def test_an_iceberg_holds_its_reserve_too(rich: Hall) -> None:
    rich.enter(*factories.iceberg(SELL, 100, 20, 5))
    assert rich.base(ALICE) == (60, 40)
    rich.enter(buy(100, 7, account=BOB))
    assert rich.base(ALICE) == (60, 26)


def test_a_decrement_gives_back_what_both_orders_lose(rich: Hall) -> None:
    rich.enter(sell(100, 4))
    rich.enter(buy(100, 10, self_trade=SelfTrade.DECREMENT))
    assert rich.base(ALICE) == (100, 0)
    assert rich.quote(ALICE) == (9_400, 600)
    rich.enter(sell(100, 1, self_trade=SelfTrade.DECREMENT, account=ALICE))
    assert rich.base(ALICE) == (100, 0)
    assert rich.quote(ALICE) == (9_500, 500)


@pytest.mark.parametrize("mode", [SelfTrade.CANCEL_TAKER, SelfTrade.CANCEL_MAKER, SelfTrade.CANCEL_BOTH])
def test_other_prevention_gives_back_what_the_orders_that_end_hold(rich: Hall, mode: SelfTrade) -> None:
    rich.enter(sell(100, 4))
    rich.enter(buy(100, 10, self_trade=mode))
    assert rich.base(ALICE) == ((92, 8) if mode == SelfTrade.CANCEL_TAKER else (100, 0))
    assert rich.quote(ALICE) == ((9_000, 1_000) if mode == SelfTrade.CANCEL_MAKER else (10_000, 0))


def test_an_order_that_slid_holds_its_first_limit(rich: Hall) -> None:
    rich.enter(sell(100, 4, account=BOB))
    rich.enter(buy(110, 4, flags=CommandFlag.POST_ONLY | CommandFlag.SLIDE))
    assert rich.quote(ALICE) == (9_560, 440)


def test_the_end_of_the_day_gives_back(rich: Hall) -> None:
    rich.enter(buy(100, 10, time_in_force=TimeInForce.DAY))
    rich.send(factories.market_state(MarketState.CLOSED))
    assert rich.quote(ALICE) == (10_000, 0)


def test_orders_that_cannot_be_paid_are_refused(rich: Hall) -> None:
    assert rich.refusal(buy(1000, 11)) == Reason.INSUFFICIENT_FUNDS
    assert rich.refusal(sell(1000, 51)) == Reason.INSUFFICIENT_FUNDS
    assert rich.refusal(buy(1000, 11, account=77)) == Reason.UNKNOWN_ACCOUNT
    rich.enter(buy(1000, 10))
    rich.enter(sell(1000, 50, account=BOB))


def test_what_would_be_more_than_there_can_be_is_refused(rich: Hall) -> None:
    rich.open_symbol(2, contract(numerator=1 << 30, divisor=1 << 30, lot_value=1 << 30))
    # 2^30 times 2^32 is one too many.
    assert rich.refusal(buy(1, 1 << 32, symbol=2)) == Reason.NOTIONAL_TOO_LARGE
    assert rich.refusal(buy(1, (1 << 32) - 1, symbol=2)) == Reason.INSUFFICIENT_FUNDS
    assert rich.refusal(sell(1, 1 << 32, symbol=2)) == Reason.NOTIONAL_TOO_LARGE
    assert rich.refusal(sell(1, (1 << 32) - 1, symbol=2)) == Reason.INSUFFICIENT_FUNDS
    budget = factories.market(BUY, 1 << 32, symbol=2, flags=CommandFlag.BUDGET)
    assert rich.refusal(budget) == Reason.NOTIONAL_TOO_LARGE


def test_a_hold_with_its_fee_must_not_be_too_large_either(rich: Hall) -> None:
    rich.charge(taker=1, minimum=AMOUNT_MAX)
    assert rich.refusal(buy(1, 1)) == Reason.NOTIONAL_TOO_LARGE
    rich.charge(taker=0, minimum=AMOUNT_MAX)
    rich.enter(buy(1, 1))


def test_a_symbol_without_a_contract_holds_nothing(rich: Hall) -> None:
    rich.send(factories.define_symbol(2))
    rich.enter(buy(1000, 1_000, symbol=2))
    rich.enter(sell(1000, 500, symbol=2, account=BOB))
    assert rich.quote(ALICE) == (10_000, 0)
    assert rich.ledger.open_holds == 0
    with pytest.raises(ValueError, match=r"has had orders|INVALID_CONTRACT"):
        rich.ledger.add_contract(2, contract())


def test_a_contract_is_fixed_by_the_first_order(rich: Hall) -> None:
    rich.ledger.add_contract(1, contract(lot_value=5))
    assert rich.refusal(sell(100, 21)) == Reason.INSUFFICIENT_FUNDS
    rich.ledger.add_contract(1, contract(lot_value=4))
    rich.enter(sell(100, 25))
    with pytest.raises(ValueError, match=r"has had orders|INVALID_CONTRACT"):
        rich.ledger.add_contract(1, contract())


def test_nothing_is_held_twice_when_a_command_is_refused_before_the_ledger(rich: Hall) -> None:
    assert rich.refusal(buy(100, 1, reason=Reason.UNKNOWN_SYMBOL)) == Reason.UNKNOWN_SYMBOL
    assert rich.quote(ALICE) == (10_000, 0)


def test_an_auction_trades_at_one_price_and_gives_back_the_rest(rich: Hall) -> None:
    rich.send(factories.market_state(MarketState.OPENING_AUCTION))
    rich.enter(buy(520, 5))
    rich.enter(sell(480, 5, account=BOB))
    events = rich.send(factories.market_state(MarketState.CONTINUOUS))
    (price,) = [event.price_ticks for event in events if event.kind == EventKind.TRADE]
    assert rich.quote(ALICE) == (10_000 - 5 * price, 0)
    assert rich.quote(BOB) == (10_000 + 5 * price, 0)


def test_a_sell_without_a_limit_holds_as_any_other(rich: Hall) -> None:
    rich.enter(factories.stop(SELL, 100, 7, order_type=OrderType.STOP))
    assert rich.base(ALICE) == (86, 14)
