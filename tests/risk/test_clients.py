"""Client order ids are used once: of live orders, and of the last that ended."""

from __future__ import annotations

from tests import factories
from tests.factories import buy, linked, sell
from tests.risk.hall import BOB, RiskHall
from tradsys.reasons import Reason
from tradsys.records import Link, TimeInForce
from tradsys.risk.terms import Limit

DUPLICATE = Reason.DUPLICATE_CLIENT_ORDER_ID


def test_a_live_orders_id_is_taken(hall: RiskHall) -> None:
    hall.enter(buy(400, 1, client_order_id=5))
    assert hall.refusal(sell(600, 1, client_order_id=5)) == DUPLICATE
    hall.enter(buy(400, 1, client_order_id=5, account=BOB))
    hall.enter(buy(400, 1, client_order_id=6))


def test_no_id_is_never_taken(hall: RiskHall) -> None:
    hall.enter(buy(400, 1))
    hall.enter(buy(400, 1))


def test_the_ids_of_the_last_orders_that_ended_are_taken(hall: RiskHall) -> None:
    order = hall.enter(buy(400, 1, client_order_id=5))
    hall.send(factories.cancel(order))
    assert hall.refusal(buy(400, 1, client_order_id=5)) == DUPLICATE
    # Nothing to remember.
    for _ in range(3):
        hall.send(buy(400, 1, time_in_force=TimeInForce.IOC))
    assert hall.refusal(buy(400, 1, client_order_id=5)) == DUPLICATE
    hall.send(buy(400, 1, time_in_force=TimeInForce.IOC, client_order_id=6))
    assert hall.refusal(buy(400, 1, client_order_id=5)) == DUPLICATE
    hall.send(buy(400, 1, time_in_force=TimeInForce.IOC, client_order_id=7, account=BOB))
    hall.enter(buy(400, 1, client_order_id=5))
    assert hall.refusal(buy(400, 1, client_order_id=6)) == DUPLICATE


def test_both_orders_of_a_trade_are_remembered_the_taker_first(hall: RiskHall) -> None:
    hall.enter(buy(400, 1, client_order_id=5))
    hall.enter(sell(400, 1, client_order_id=6, account=BOB))
    assert hall.refusal(buy(400, 1, client_order_id=5)) == DUPLICATE
    assert hall.refusal(buy(400, 1, client_order_id=6, account=BOB)) == DUPLICATE
    hall.send(buy(400, 1, time_in_force=TimeInForce.IOC, client_order_id=7))
    hall.enter(buy(400, 1, client_order_id=6, account=BOB))
    assert hall.refusal(buy(400, 1, client_order_id=5)) == DUPLICATE


def test_an_order_that_was_refused_is_not_remembered(hall: RiskHall) -> None:
    assert hall.refusal(buy(2_000, 1, client_order_id=5)) == Reason.PRICE_OUT_OF_RANGE
    assert hall.refusal(buy(400, 1_000_000, client_order_id=5)) == Reason.INSUFFICIENT_FUNDS
    hall.enter(buy(400, 1, client_order_id=5))


def test_legs_have_ids_too(hall: RiskHall) -> None:
    other = Link.ONE_CANCELS_OTHER
    pair = linked(other, buy(400, 1, client_order_id=5), sell(600, 1, client_order_id=5))
    assert hall.refusal(*pair) == DUPLICATE
    hall.enter(*linked(other, buy(400, 1, client_order_id=5), sell(600, 1, client_order_id=6)))
    assert hall.refusal(buy(400, 1, client_order_id=6)) == DUPLICATE
    pair = linked(other, buy(400, 1, client_order_id=7), sell(600, 1, client_order_id=6))
    assert hall.refusal(*pair) == DUPLICATE
    waiting = linked(Link.ONE_TRIGGERS_OTHER, buy(400, 1), sell(600, 1, client_order_id=6))
    assert hall.refusal(*waiting) == DUPLICATE


def test_ids_of_symbols_that_are_not_settled_are_not_kept(hall: RiskHall) -> None:
    hall.send(factories.define_symbol(2))
    hall.enter(buy(400, 1, symbol=2, client_order_id=5))
    hall.enter(buy(400, 1, symbol=2, client_order_id=5))
    hall.enter(buy(400, 1, client_order_id=5))


def test_a_duplicate_comes_before_its_size_and_after_what_is_too_large_to_count(hall: RiskHall) -> None:
    hall.enter(buy(400, 1, client_order_id=5))
    hall.limit(Limit.ORDER_LOTS_MAX, 0)
    assert hall.refusal(buy(400, 1, client_order_id=5)) == DUPLICATE
    assert hall.refusal(buy(400, 1 << 60, client_order_id=5)) == Reason.NOTIONAL_TOO_LARGE
