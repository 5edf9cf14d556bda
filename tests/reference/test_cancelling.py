from __future__ import annotations

from typing import Any

import pytest

from tests import factories as make
from tests.reference.desk import Desk, ended, kinds
from tradsys.reasons import Reason
from tradsys.records import EventKind, Link, MarketState, Side
from tradsys.risk.terms import Scope

BUY, SELL = Side.BUY, Side.SELL
MASS = Reason.CANCELLED_BY_MASS_CANCEL


@pytest.fixture
def orders(desk: Desk) -> dict[str, int]:
    """Orders of two accounts, two symbols, both sides and two sessions, in the book and out of it."""
    desk.send(make.define_symbol(2))
    return {
        "buy": desk.enter(make.buy(400, session=1)),
        "sell": desk.enter(make.sell(600, session=1)),
        "stop": desk.enter(make.stop(SELL, 300, session=2)),
        "peg": desk.enter(make.pegged(SELL, 600)),
        "other symbol": desk.enter(make.buy(400, symbol=2, session=1)),
        "other account": desk.enter(make.buy(400, account=2, session=1)),
    }


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, ["buy", "sell", "stop", "peg", "other symbol", "other account"]),
        ({"account": 1}, ["buy", "sell", "stop", "peg", "other symbol"]),
        ({"symbol": 1}, ["buy", "sell", "stop", "peg", "other account"]),
        ({"session": 1}, ["buy", "sell", "other symbol", "other account"]),
        ({"side": SELL}, ["sell", "stop", "peg"]),
        ({"account": 1, "session": 1, "side": BUY, "symbol": 1}, ["buy"]),
        ({"account": 7}, []),
    ],
)
def test_a_mass_cancel_takes_what_matches_in_the_order_of_slots(
    desk: Desk, orders: dict[str, int], options: dict[str, Any], names: list[str]
) -> None:
    events = desk.send(make.cancel_all(**options))
    assert [order for order, reason, _ in ended(events) if reason == MASS] == [orders[name] for name in names]
    (last,) = [event for event in events if event.kind == EventKind.MASS_CANCELLED]
    assert last.quantity_lots == len(names)
    assert (last.account, last.symbol) == (options.get("account", 0), options.get("symbol", 0))


def test_an_order_that_a_link_ends_is_not_counted(desk: Desk) -> None:
    events = desk.send(*make.linked(Link.ONE_CANCELS_OTHER, make.sell(600), make.stop(SELL, 300)))
    first, second = events[0].order_id, events[1].order_id
    events = desk.send(make.cancel_all(account=1))
    assert ended(events) == [(first, MASS, 10), (second, Reason.LINKED_ORDER, 10)]
    assert events[-1].quantity_lots == 1


def test_legs_whose_turn_comes_by_a_mass_cancel_are_taken_too(desk: Desk) -> None:
    records = make.linked(Link.ONE_TRIGGERS_OTHER, make.buy(490, 10), make.sell(510))
    first, leg = (event.order_id for event in desk.send(*records)[:2])
    desk.send(make.sell(490, 4, account=2))
    events = desk.send(make.cancel_all(account=1))
    assert kinds(events)[1] == EventKind.TRIGGERED
    assert ended(events) == [(first, MASS, 6), (leg, MASS, 4)]
    assert events[-1].quantity_lots == 2


def test_a_mass_cancel_passes_over_symbols_that_are_frozen(desk: Desk, orders: dict[str, int]) -> None:
    desk.send(make.market_state(MarketState.FROZEN))
    assert [order for order, _, _ in ended(desk.send(make.cancel_all(account=1)))] == [orders["other symbol"]]


def test_what_follows_a_mass_cancel_follows_in_every_symbol_by_its_number(desk: Desk, orders: dict[str, int]) -> None:
    pegs = []
    for symbol in (2, 1):
        desk.enter(make.sell(550, account=3, symbol=symbol))
        pegs.append(desk.enter(make.pegged(SELL, 540, account=4, symbol=symbol)))
    events = desk.send(make.cancel_all(account=3))
    amended = [event for event in events if event.kind == EventKind.AMENDED and event.account == 4]
    assert kinds(events).index(EventKind.MASS_CANCELLED) == 2
    assert [event.order_id for event in amended] == [pegs[1], pegs[0]]


EVERYBODY = ["buy", "sell", "stop", "peg", "other symbol", "other account"]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"scope": Scope.VENUE}, EVERYBODY),
        ({"scope": Scope.VENUE, "symbol": 2}, ["other symbol"]),
        ({"scope": Scope.ACCOUNT, "account": 1}, EVERYBODY[:5]),
        ({"scope": Scope.ACCOUNT, "account": 7}, []),
        ({"scope": Scope.GROUP, "group": 3}, ["other account"]),
        ({"scope": Scope.GROUP}, []),
        ({"scope": Scope.SYMBOL, "symbol": 1}, ["buy", "sell", "stop", "peg", "other account"]),
        ({"scope": Scope.SYMBOL}, []),
        ({"scope": Scope.SYMBOL, "symbol": 9}, []),
        ({"scope": Scope.NONE}, []),
        ({"scope": Scope.ACCOUNT_SYMBOL, "account": 1, "symbol": 1}, []),
    ],
)
def test_a_kill_switch_takes_the_orders_of_its_scope(
    desk: Desk, orders: dict[str, int], options: dict[str, Any], names: list[str]
) -> None:
    desk.send(make.define_account(2, group=3))
    events = desk.send(make.kill(**options))
    killed = [order for order, reason, _ in ended(events) if reason == Reason.KILLED]
    assert killed == [orders[name] for name in names]
    (last,) = [event for event in events if event.kind == EventKind.MASS_CANCELLED]
    assert last.quantity_lots == len(names)
    assert (last.account, last.symbol) == (options.get("account", 0), options.get("symbol", 0))


def test_a_kill_switch_leaves_orders_in_a_frozen_auction(desk: Desk, orders: dict[str, int]) -> None:
    desk.send(make.market_state(MarketState.FROZEN))
    assert [order for order, _, _ in ended(desk.send(make.kill()))] == [orders["other symbol"]]
    (event,) = desk.send(make.kill(Scope.SYMBOL, symbol=1))
    assert (event.kind, event.quantity_lots) == (EventKind.MASS_CANCELLED, 0)


def test_a_kill_switch_that_is_lifted_cancels_nothing(desk: Desk, orders: dict[str, int]) -> None:
    assert kinds(desk.send(make.kill(on=0))) == [EventKind.RECORDED]
    assert len(desk.venue.orders) == len(orders)
