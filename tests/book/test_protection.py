"""What keeps a market orderly: halts, the frozen phase, price bands, collars, and limits of the number of orders."""

from __future__ import annotations

from typing import Any

import pytest

from tests.book.concealed import concealed_in
from tests.book.harness import Bench, ended, ids, kinds, open_bench, refusal, told, trades
from tests.factories import (
    amend,
    buy,
    cancel,
    cancel_all,
    iceberg,
    linked,
    market,
    market_state,
    pegged,
    rules,
    sell,
    stop,
    stop_limit,
)
from tradsys.book.audit import audit
from tradsys.reasons import Reason
from tradsys.records import CommandFlag, EventKind, Link, MarketState, Side, TimeInForce

BUY, SELL = Side.BUY, Side.SELL
ACCEPTED, TRADE, RESTED, CANCELLED = EventKind.ACCEPTED, EventKind.TRADE, EventKind.RESTED, EventKind.CANCELLED
STATE, TRIGGERED, AMENDED = EventKind.STATE, EventKind.TRIGGERED, EventKind.AMENDED
OPENING, CLOSING = MarketState.OPENING_AUCTION, MarketState.CLOSING_AUCTION
HALT, CONTINUOUS, FROZEN = MarketState.HALT, MarketState.CONTINUOUS, MarketState.FROZEN
HIDDEN = CommandFlag.HIDDEN


def every_kind() -> list[tuple[Any, ...]]:
    """One order of each kind that the kernel treats in its own way."""
    return [
        (buy(510),),
        (market(BUY),),
        (stop(BUY, 510),),
        (stop_limit(SELL, 490, 480),),
        (pegged(BUY, 510),),
        (buy(510, flags=HIDDEN),),
        iceberg(BUY, 510, 10, 2),
        linked(Link.ONE_CANCELS_OTHER, sell(490), stop(SELL, 480)),
    ]


@pytest.mark.parametrize("state", [HALT, MarketState.CLOSED, FROZEN])
@pytest.mark.parametrize("number", range(len(every_kind())))
def test_a_halt_binds_every_kind_of_order(bench: Bench, state: MarketState, number: int) -> None:
    bench.enter(sell(505, account=2))
    bench.enter(buy(495, account=2))
    bench.submit(market_state(state))
    expected = Reason.AUCTION_FROZEN if state == FROZEN else Reason.SYMBOL_NOT_OPEN
    assert refusal(bench.submit(*every_kind()[number])) == expected
    assert bench.live_orders == 2


def test_the_frozen_phase_refuses_cancels_amends_and_mass_cancels_and_then_uncrosses() -> None:
    bench = open_bench(OPENING)
    buyer, seller = bench.enter(buy(505, 5)), bench.enter(sell(500, 5, account=2))
    hidden = bench.enter(buy(490, flags=HIDDEN))
    bench.submit(market_state(FROZEN))
    for order in (buyer, hidden):
        assert refusal(bench.submit(cancel(order))) == Reason.AUCTION_FROZEN
        assert refusal(bench.submit(amend(order, quantity_lots=1))) == Reason.AUCTION_FROZEN
    assert refusal(bench.submit(cancel_all(symbol=1))) == Reason.AUCTION_FROZEN
    assert told(bench.submit(cancel_all())) == [(EventKind.MASS_CANCELLED, 0, 0)]
    events = bench.submit(market_state(CONTINUOUS))
    assert trades(events) == [(500, 5, seller)]
    assert kinds(bench.submit(cancel(hidden))) == [CANCELLED]
    assert bench.live_orders == 0
    audit(bench.shard)


@pytest.fixture
def banded(bench: Bench) -> Bench:
    """Offers of 5 at 500, 505 and 515; trades print up to 2 % from the reference price of 500."""
    for price in (500, 505, 515):
        bench.enter(sell(price, 5, account=2))
    return bench


@pytest.mark.parametrize("state", [OPENING, CLOSING])
def test_a_trade_outside_the_band_does_not_print_and_an_auction_begins(banded: Bench, state: MarketState) -> None:
    banded.submit(rules(static_band_bps=200, breach_state=state))
    events = banded.submit(buy(520, 20))
    assert told(events) == [
        (ACCEPTED, 520, 20),
        (TRADE, 500, 5),
        (TRADE, 505, 5),
        (RESTED, 520, 10),
        (STATE, 0, 0),
    ]
    assert (events["reason"][-1], events["counter_account"][-1]) == (Reason.VOLATILITY, state)
    # It collects now, crossed or not, and what comes out of it has no band.
    assert kinds(banded.submit(buy(600, 1))) == [ACCEPTED]
    events = banded.submit(market_state(CONTINUOUS))
    assert sum(lots for _, lots, _ in trades(events)) == 5
    assert {price for price, _, _ in trades(events)} == {515}


@pytest.mark.parametrize(
    "order", [buy(520, 20), buy(520, 20, flags=HIDDEN), buy(520, 20, time_in_force=TimeInForce.IOC), market(BUY, 20)]
)
def test_a_trade_outside_the_band_does_not_print_and_the_market_halts(banded: Bench, order: Any) -> None:
    banded.submit(rules(static_band_bps=200, breach_state=HALT))
    events = banded.submit(order)
    assert kinds(events) == [ACCEPTED, TRADE, TRADE, CANCELLED, STATE]
    assert ended(events) == [(ids(events, ACCEPTED)[0], Reason.VOLATILITY, 10)]
    assert events["counter_account"][-1] == HALT
    assert refusal(banded.submit(buy(500, 1))) == Reason.SYMBOL_NOT_OPEN
    assert banded.depth() == ([], [(515, 5, 1)])


def test_the_dynamic_band_follows_the_last_price_and_the_static_one_does_not(bench: Bench) -> None:
    offers = [bench.enter(sell(price, 1, account=2)) for price in (505, 510, 515, 530)]
    bench.submit(rules(dynamic_band_bps=100, breach_state=HALT))
    events = bench.submit(buy(600, 4))
    assert trades(events) == [(price, 1, order) for price, order in zip((505, 510, 515), offers, strict=False)]
    assert kinds(events)[-2:] == [CANCELLED, STATE]


def test_a_fired_stop_does_not_print_outside_the_band_and_the_cascade_waits(bench: Bench) -> None:
    bench.enter(buy(490, 1, account=2))
    bench.enter(buy(470, 5, account=2))
    first, second = bench.enter(stop(SELL, 490, 2)), bench.enter(stop_limit(SELL, 490, 900))
    bench.submit(rules(static_band_bps=400, breach_state=OPENING))
    events = bench.submit(sell(490, 1, account=3))
    assert kinds(events) == [ACCEPTED, TRADE, TRIGGERED, CANCELLED, STATE]
    assert ended(events) == [(first, Reason.VOLATILITY, 2)]
    assert concealed_in(bench.shard, 1).below == [second]


def test_an_amend_into_the_band_does_not_print_either(banded: Bench) -> None:
    banded.submit(rules(static_band_bps=200, breach_state=OPENING))
    order = banded.enter(buy(490, 20))
    events = banded.submit(amend(order, price_ticks=520))
    assert told(events)[0] == (AMENDED, 520, 20)
    assert kinds(events)[1:] == [TRADE, TRADE, RESTED, STATE]


@pytest.mark.parametrize(("price", "fits"), [(475, True), (474, False), (525, True), (526, False)])
def test_a_collar_refuses_what_is_too_far_from_the_reference(bench: Bench, price: int, fits: bool) -> None:
    bench.submit(rules(collar_bps=500))
    resting = bench.enter(buy(480))
    orders: list[tuple[Any, ...]] = [
        (buy(price),),
        (buy(price, time_in_force=TimeInForce.IOC),),
        (buy(price, flags=HIDDEN),),
        (stop_limit(BUY, 600, price),),
        linked(Link.ONE_TRIGGERS_OTHER, buy(500), buy(price)),
    ]
    for records in orders:
        if fits:
            bench.enter(*records)
        else:
            assert refusal(bench.submit(*records)) == Reason.PRICE_COLLAR
    if not fits:
        assert refusal(bench.submit(amend(resting, price_ticks=price))) == Reason.PRICE_COLLAR
        assert bench.depth() == ([(480, 10, 1)], [])


def test_too_many_orders_of_an_account_in_a_symbol_are_refused_until_one_is_gone(bench: Bench) -> None:
    before = bench.enter(buy(400))
    bench.submit(rules(orders_max=3))
    bench.enter(stop(BUY, 600))
    assert refusal(bench.submit(*linked(Link.ONE_CANCELS_OTHER, sell(600), stop(SELL, 300)))) == Reason.TOO_MANY_ORDERS
    bench.enter(buy(401))
    assert refusal(bench.submit(buy(402))) == Reason.TOO_MANY_ORDERS
    assert refusal(bench.submit(market(BUY))) == Reason.TOO_MANY_ORDERS
    bench.enter(buy(402, account=2))
    bench.submit(cancel(before))
    filled = bench.enter(buy(403, 5))
    assert refusal(bench.submit(buy(404))) == Reason.TOO_MANY_ORDERS
    assert trades(bench.submit(sell(403, 5, account=3))) == [(403, 5, filled)]
    bench.enter(buy(404))
