"""What is counted of live orders, of positions, and of the day."""

from __future__ import annotations

from tests import factories
from tests.factories import amend, buy, linked, sell, stop, stop_limit
from tests.risk.hall import ALICE, BOB, CAROL, DAY_MS, QUOTE, RiskHall, contract
from tradsys.reasons import Reason
from tradsys.records import CommandFlag, EventKind, Link, SelfTrade, Side, TimeInForce
from tradsys.reference.messages import Event, commands_of

BUY, SELL = Side.BUY, Side.SELL


def test_open_orders_count_with_their_lots_and_notional(hall: RiskHall) -> None:
    hall.enter(buy(400, 10))
    hall.enter(buy(390, 5))
    hall.enter(sell(600, 3))
    assert hall.opened() == (3, 15, 4_000 + 1_950, 3, 1_800)
    usage = hall.usage()
    assert usage.exposure == 5_950
    assert usage.open_value == 5_950 + 1_800
    assert usage.mark == 500


def test_an_order_without_a_limit_counts_with_the_mark_of_its_decision(hall: RiskHall) -> None:
    hall.enter(stop(BUY, 700, 10))
    assert hall.opened() == (1, 10, 5_000, 0, 0)
    hall.trade(510, 1)
    hall.enter(stop(SELL, 300, 10))
    assert hall.opened() == (2, 10, 5_000, 10, 5_100)


def test_what_trades_counts_no_longer(hall: RiskHall) -> None:
    hall.enter(buy(400, 10))
    hall.enter(sell(400, 4, account=BOB))
    assert hall.opened() == (1, 6, 2_400, 0, 0)
    hall.enter(sell(400, 6, account=BOB))
    assert hall.opened() == (0, 0, 0, 0, 0)
    # 10 lots at 400 are open.
    assert hall.usage().exposure == 4_000


def test_what_the_book_refuses_counts_no_longer(hall: RiskHall) -> None:
    assert hall.refusal(buy(2_000, 10)) == Reason.PRICE_OUT_OF_RANGE
    assert hall.opened() == (0, 0, 0, 0, 0)


def test_a_budget_counts_with_what_it_buys_at_the_mark(hall: RiskHall) -> None:
    hall.trade(300, 1)
    (command,) = commands_of(factories.market(BUY, 1_000, flags=CommandFlag.BUDGET))
    command.sequence = 1_000
    assert hall.ledger.decide(command) == Reason.NONE
    assert hall.opened() == (1, 3, 1_000, 0, 0)


def test_the_notional_is_rounded_up(hall: RiskHall) -> None:
    hall.open_symbol(2, contract(numerator=2, divisor=3))
    hall.enter(buy(5, 1, symbol=2))
    assert hall.opened(symbol=2) == (1, 1, 4, 0, 0)


def test_a_value_is_never_less_than_exact(hall: RiskHall) -> None:
    hall.ledger.set_asset_value(QUOTE, 2, 7)
    hall.enter(buy(5, 1))
    # 10 / 7
    assert hall.usage().exposure == hall.usage().open_value == 2


def test_what_is_open_is_worth_what_its_asset_is_worth_now(hall: RiskHall) -> None:
    hall.trade(400, 10, buyer=ALICE, seller=BOB)
    hall.enter(buy(300, 1))
    hall.ledger.set_asset_value(QUOTE, 3, 1)
    usage = hall.usage()
    assert (usage.exposure, usage.open_value) == (12_900, 900)
    assert (usage.all_exposure, usage.all_open_value) == (12_900, 900)
    # What has traded was worth what it was then.
    assert usage.day_traded == 4_000
    hall.trade(390, 1)
    assert hall.usage().unrealised == -300


def test_a_decrement_counts_no_longer(hall: RiskHall) -> None:
    hall.enter(buy(400, 10))
    hall.send(sell(400, 4, self_trade=SelfTrade.DECREMENT))
    assert hall.opened() == (1, 6, 2_400, 0, 0)


def test_two_of_a_side_that_cancel_each_other_count_with_the_greater_of_both(hall: RiskHall) -> None:
    hall.enter(*linked(Link.ONE_CANCELS_OTHER, buy(400, 10), stop_limit(BUY, 700, 800, 6)))
    assert hall.opened() == (2, 10, 4_800, 0, 0)
    hall.enter(sell(400, 1, account=BOB))
    assert hall.opened() == (1, 9, 3_600, 0, 0)


def test_two_of_different_sides_count_each_on_its_own(hall: RiskHall) -> None:
    first = hall.enter(*linked(Link.ONE_CANCELS_OTHER, buy(400, 10), sell(800, 6)))
    assert hall.opened() == (2, 10, 4_000, 6, 4_800)
    hall.send(factories.cancel(first))
    assert hall.opened() == (0, 0, 0, 0, 0)


def test_an_amendment_counts_what_the_order_then_is(hall: RiskHall) -> None:
    order = hall.enter(buy(400, 10))
    hall.send(amend(order, quantity_lots=12))
    assert hall.opened() == (1, 12, 4_800, 0, 0)
    hall.send(amend(order, price_ticks=300))
    assert hall.opened() == (1, 12, 3_600, 0, 0)
    hall.send(amend(order, quantity_lots=2))
    assert hall.opened() == (1, 2, 600, 0, 0)


def test_an_amendment_on_its_way_counts_with_the_greater_figures(hall: RiskHall) -> None:
    order = hall.enter(buy(400, 10))
    (command,) = commands_of(amend(order, price_ticks=300, quantity_lots=12))
    command.sequence, command.timestamp_ns = 1_000, 1_000_000
    assert hall.ledger.decide(command) == Reason.NONE
    # 12 lots are more than 10, 3,600 are less than 4,000.
    assert hall.opened() == (1, 12, 4_000, 0, 0)
    refused = _event(EventKind.REJECTED, log_sequence=1_000, order_id=order)
    hall.ledger.settle(refused)
    assert hall.opened() == (1, 10, 4_000, 0, 0)


def test_an_order_on_its_way_counts(hall: RiskHall) -> None:
    (command,) = commands_of(buy(400, 10))
    command.sequence = 1_000
    assert hall.ledger.decide(command) == Reason.NONE
    assert hall.opened() == (1, 10, 4_000, 0, 0)


def test_drift_after_a_partial_fill_and_an_amendment(hall: RiskHall) -> None:
    order = hall.enter(buy(400, 10))
    hall.enter(sell(400, 4, account=BOB))
    hall.send(amend(order, quantity_lots=7))  # of which 4 have filled
    assert hall.opened() == (1, 3, 1_200, 0, 0)
    hall.send(amend(order, quantity_lots=8, flags=CommandFlag.QUANTITY_IS_LEAVES))
    assert hall.opened() == (1, 8, 3_200, 0, 0)
    hall.send(amend(order, quantity_lots=9))
    assert hall.opened() == (1, 5, 2_000, 0, 0)
    hall.enter(sell(400, 2, account=BOB))
    hall.send(amend(order, quantity_lots=8))
    assert hall.opened() == (1, 2, 800, 0, 0)
    hall.send(factories.cancel(order))
    assert hall.opened() == (0, 0, 0, 0, 0)


def test_an_amendment_of_a_partly_filled_order_on_its_way_counts_what_it_would_leave(hall: RiskHall) -> None:
    order = hall.enter(buy(400, 10))
    hall.enter(sell(400, 4, account=BOB))
    (command,) = commands_of(amend(order, quantity_lots=12))
    command.sequence, command.timestamp_ns = 1_000, 1_000_000
    assert hall.ledger.decide(command) == Reason.NONE
    # Of the 12 it would have 4 have filled.
    assert hall.opened() == (1, 8, 3_200, 0, 0)
    hall.ledger.settle(_event(EventKind.REJECTED, log_sequence=1_000, order_id=order))
    assert hall.opened() == (1, 6, 2_400, 0, 0)


def test_an_amendment_that_trades_counts_what_that_leaves(hall: RiskHall) -> None:
    order = hall.enter(buy(400, 10))
    hall.enter(sell(400, 1, account=BOB))
    hall.enter(sell(450, 4, account=BOB))
    hall.send(amend(order, price_ticks=460))
    assert hall.opened() == (1, 5, 2_300, 0, 0)
    hall.send(factories.cancel(order))
    assert hall.opened() == (0, 0, 0, 0, 0)


def test_exposure_is_that_of_the_worse_side(hall: RiskHall) -> None:
    hall.trade(500, 10, buyer=ALICE)
    hall.enter(buy(400, 5))
    hall.enter(sell(600, 30))
    # long 5,000: a buy makes 7,000, the sells 18,000 - 5,000.
    assert hall.usage().exposure == 13_000
    assert hall.usage(BOB).exposure == 0
    assert hall.usage(CAROL).exposure == 5_000


def test_what_an_account_counts_in_all_symbols(hall: RiskHall) -> None:
    hall.open_symbol(2, contract())
    hall.enter(buy(400, 10))
    hall.enter(buy(100, 1, symbol=2))
    usage = hall.usage(symbol=2)
    assert (usage.open_orders, usage.exposure, usage.open_value) == (1, 100, 100)
    assert (usage.all_open_orders, usage.all_exposure, usage.all_open_value) == (2, 4_100, 4_100)


def test_both_sides_count_what_has_traded_today(hall: RiskHall) -> None:
    hall.trade(400, 10, buyer=ALICE, seller=BOB)
    hall.trade(450, 2, buyer=BOB, seller=ALICE)
    assert hall.usage(ALICE).day_traded == hall.usage(BOB).day_traded == 4_900
    # 2 of the 10 lots, bought for 400 each and sold for 450.
    assert hall.usage(ALICE).day_realised == 100
    assert hall.usage(BOB).day_realised == -100


def test_the_day_realises_fees_too(hall: RiskHall) -> None:
    hall.charge(maker=10_000, taker=20_000)
    hall.trade(400, 10, buyer=ALICE, seller=BOB)
    assert hall.usage(ALICE).day_realised == -80
    assert hall.usage(BOB).day_realised == -40


def test_an_account_that_trades_with_itself_counts_both_sides(hall: RiskHall) -> None:
    hall.trade(400, 10, buyer=ALICE, seller=ALICE)
    assert hall.usage().day_traded == 8_000
    assert hall.usage().day_realised == 0


def test_what_is_open_is_worth_the_mark(hall: RiskHall) -> None:
    hall.trade(400, 10, buyer=ALICE, seller=BOB)
    assert hall.usage(ALICE).unrealised == hall.usage(BOB).unrealised == 0
    hall.trade(390, 1)
    assert hall.usage(ALICE).unrealised == -100
    # Bob is short 10 for 4,000 and buys one back for 390: 9 for 3,600, worth 3,510.
    assert hall.usage(BOB).unrealised == 90
    assert hall.usage(BOB).day_realised == 10


def test_on_another_day_the_days_figures_are_nothing(hall: RiskHall) -> None:
    hall.trade(400, 10, buyer=ALICE, seller=BOB)
    hall.trade(390, 10, buyer=BOB, seller=ALICE)
    assert (hall.usage().day_traded, hall.usage().day_realised) == (7_900, -100)
    hall.tick(ms=DAY_MS)
    assert (hall.usage().day_traded, hall.usage().day_realised) == (0, 0)


def test_what_is_settled_late_counts_for_today(hall: RiskHall) -> None:
    hall.enter(sell(400, 10, account=BOB))
    (command,) = commands_of(buy(400, 10))
    hall.shards.stamp(command)
    command.reason = hall.ledger.decide(command)
    told = hall.shards.venues[0].process(command)
    hall.tick(ms=DAY_MS)
    for event in told:
        hall.ledger.settle(event)
    assert hall.usage().day_traded == 4_000
    hall.trade(300, 1)
    assert hall.usage().day_traded == 4_000


def test_orders_that_wait_for_another_count_with_nothing_until_their_turn_comes(hall: RiskHall) -> None:
    waiting = linked(Link.ONE_TRIGGERS_OTHER, buy(400, 10), sell(600, 10), stop(SELL, 300, 10))
    hall.enter(*waiting)
    assert hall.opened() == (3, 10, 4_000, 0, 0)
    hall.enter(sell(400, 4, account=BOB))
    assert hall.opened() == (3, 6, 2_400, 0, 0)
    hall.enter(sell(400, 6, account=BOB))
    # 10 at 600, or 10 at the mark that there was.
    assert hall.opened() == (2, 0, 0, 10, 6_000)


def test_an_immediate_order_leaves_nothing_behind(hall: RiskHall) -> None:
    hall.send(buy(400, 10, time_in_force=TimeInForce.IOC))
    assert hall.opened() == (0, 0, 0, 0, 0)


def _event(kind: EventKind, **fields: int) -> Event:
    names = dict.fromkeys(Event.__dataclass_fields__, 0)
    return Event(**(names | {"kind": int(kind), "symbol": 1, "account": ALICE} | fields))
