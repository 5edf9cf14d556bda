"""How fast an account may send orders and cancels, in the log's time."""

from __future__ import annotations

from tests import factories
from tests.factories import amend, buy, sell
from tests.risk.hall import ALICE, BOB, RiskHall
from tradsys.reasons import Reason
from tradsys.risk.terms import Limit


def test_tokens_flow_in_evenly(hall: RiskHall) -> None:
    hall.limit(Limit.ORDERS_PER_SECOND, 10)
    hall.enter(buy(400, 1))
    hall.wait(98)
    assert hall.refusal(buy(400, 1)) == Reason.ORDER_RATE_LIMIT
    hall.wait(2)
    hall.enter(buy(400, 1))
    hall.enter(buy(400, 1, account=BOB))
    assert hall.refusal(buy(400, 1)) == Reason.ORDER_RATE_LIMIT


def test_a_bucket_is_full_at_first_and_never_fuller(hall: RiskHall) -> None:
    hall.limit(Limit.ORDERS_PER_SECOND, 10)
    hall.limit(Limit.ORDERS_BURST, 3)
    for _ in range(2):
        for _ in range(3):
            hall.enter(buy(400, 1))
        assert hall.refusal(buy(400, 1)) == Reason.ORDER_RATE_LIMIT
        hall.wait(100_000)


def test_half_a_token_is_none(hall: RiskHall) -> None:
    hall.limit(Limit.ORDERS_PER_SECOND, 10)
    hall.limit(Limit.ORDERS_BURST, 2)
    hall.enter(buy(400, 1))
    hall.enter(buy(400, 1))
    hall.wait(150)
    hall.enter(buy(400, 1))
    assert hall.refusal(buy(400, 1)) == Reason.ORDER_RATE_LIMIT
    hall.wait(50)
    hall.enter(buy(400, 1))


def test_a_burst_of_nothing_is_one(hall: RiskHall) -> None:
    hall.limit(Limit.ORDERS_PER_SECOND, 1)
    hall.limit(Limit.ORDERS_BURST, 0)
    hall.enter(buy(400, 1))
    assert hall.refusal(buy(400, 1)) == Reason.ORDER_RATE_LIMIT


def test_a_rate_of_nothing_refuses_all(hall: RiskHall) -> None:
    hall.limit(Limit.ORDERS_PER_SECOND, 0)
    hall.limit(Limit.ORDERS_BURST, 5)
    assert hall.refusal(buy(400, 1)) == Reason.ORDER_RATE_LIMIT


def test_amendments_take_tokens_of_orders_and_cancels_their_own(hall: RiskHall) -> None:
    order = hall.enter(buy(400, 1))
    hall.limit(Limit.ORDERS_PER_SECOND, 1)
    hall.limit(Limit.CANCELS_PER_SECOND, 1)
    hall.send(amend(order, quantity_lots=2))
    assert hall.refusal(amend(order, quantity_lots=3)) == Reason.ORDER_RATE_LIMIT
    assert hall.refusal(buy(400, 1)) == Reason.ORDER_RATE_LIMIT
    assert hall.refusal(factories.cancel(77)) == Reason.UNKNOWN_ORDER
    assert hall.refusal(factories.cancel(order)) == Reason.CANCEL_RATE_LIMIT
    hall.wait(1_000)
    hall.send(factories.cancel(order))
    assert hall.opened() == (0, 0, 0, 0, 0)


def test_an_amendment_of_what_there_is_not_takes_a_token_too(hall: RiskHall) -> None:
    hall.limit(Limit.ORDERS_PER_SECOND, 1)
    assert hall.refusal(amend(77, quantity_lots=2)) == Reason.UNKNOWN_ORDER
    assert hall.refusal(buy(400, 1)) == Reason.ORDER_RATE_LIMIT


def test_what_an_earlier_check_refuses_takes_no_token_and_want_of_money_does(hall: RiskHall) -> None:
    hall.limit(Limit.ORDERS_PER_SECOND, 1)
    hall.limit(Limit.POSITION, 10)
    assert hall.refusal(buy(400, 11)) == Reason.POSITION_LIMIT
    hall.enter(buy(400, 1))
    hall.limit(Limit.POSITION, -1)
    hall.wait(1_000)
    assert hall.refusal(buy(400, 1_000_000)) == Reason.INSUFFICIENT_FUNDS
    assert hall.refusal(buy(400, 1)) == Reason.ORDER_RATE_LIMIT


def test_symbols_that_are_not_settled_have_rates_too(hall: RiskHall) -> None:
    hall.send(factories.define_symbol(2))
    hall.limit(Limit.ORDERS_PER_SECOND, 1)
    order = hall.enter(buy(400, 1, symbol=2))
    assert hall.refusal(buy(400, 1, symbol=2)) == Reason.ORDER_RATE_LIMIT
    assert hall.refusal(amend(order, symbol=2, quantity_lots=2)) == Reason.ORDER_RATE_LIMIT


def test_another_rate_counts_from_the_last_command_on(hall: RiskHall) -> None:
    hall.limit(Limit.ORDERS_PER_SECOND, 1)
    hall.enter(buy(400, 1))
    hall.wait(200)
    hall.limit(Limit.ORDERS_PER_SECOND, 5)
    hall.enter(buy(400, 1))
    hall.limit(Limit.ORDERS_PER_SECOND, -1)
    hall.enter(buy(400, 1))
    hall.limit(Limit.ORDERS_PER_SECOND, 5)
    assert hall.refusal(buy(400, 1)) == Reason.ORDER_RATE_LIMIT


def test_an_end_by_an_amendment_and_a_mass_cancel_are_no_cancels(hall: RiskHall) -> None:
    hall.limit(Limit.CANCELS_PER_SECOND, 0)
    order = hall.enter(buy(400, 2))
    hall.enter(sell(400, 1, account=BOB))
    hall.send(amend(order, quantity_lots=1))
    assert hall.opened() == (0, 0, 0, 0, 0)
    order = hall.enter(buy(400, 2))
    assert hall.refusal(factories.cancel(order)) == Reason.CANCEL_RATE_LIMIT
    hall.send(factories.cancel_all(account=ALICE))
    assert hall.opened() == (0, 0, 0, 0, 0)
