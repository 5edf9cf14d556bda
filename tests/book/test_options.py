"""Amounts to spend, post-only that slides, and mass cancels by what orders have in common."""

from __future__ import annotations

from typing import Any

import pytest

from tests.book.harness import Bench, ended, ids, kinds, refusal, told, trades
from tests.factories import (
    amend,
    buy,
    cancel_all,
    define_symbol,
    extended,
    iceberg,
    market,
    market_state,
    pegged,
    sell,
    stop,
)
from tradsys.reasons import Reason
from tradsys.records import CommandFlag, EventFlag, EventKind, MarketState, Side

BUY, SELL = Side.BUY, Side.SELL
ACCEPTED, TRADE, RESTED, CANCELLED = EventKind.ACCEPTED, EventKind.TRADE, EventKind.RESTED, EventKind.CANCELLED
MASS_CANCELLED = EventKind.MASS_CANCELLED
BUDGET, HIDDEN = CommandFlag.BUDGET, CommandFlag.HIDDEN
SLIDE = CommandFlag.POST_ONLY | CommandFlag.SLIDE


@pytest.mark.parametrize(
    ("amount", "expected", "rest"),
    [
        (499, [], 499),
        (500, [(500, 1)], 0),
        (2_000, [(500, 4)], 0),
        (3_003, [(500, 4), (501, 2)], 1),
        (9_999, [(500, 4), (501, 10)], 2_989),
    ],
)
def test_a_budget_buys_whole_lots_as_far_as_it_pays(
    bench: Bench, amount: int, expected: list[tuple[int, int]], rest: int
) -> None:
    bench.enter(sell(500, 4, account=2))
    bench.enter(sell(501, 10, account=2, flags=HIDDEN))
    events = bench.submit(market(BUY, amount, flags=BUDGET))
    taker = ids(events, ACCEPTED)[0]
    assert events["quantity_lots"][0] == amount
    assert [(price, lots) for price, lots, _ in trades(events)] == expected
    assert amount - sum(price * lots for price, lots in expected) == rest
    why = Reason.MARKET_REST if amount == 9_999 else Reason.BUDGET_REST
    assert ended(events) == ([(taker, why, rest)] if rest else [])
    if not rest:
        assert events["flags"][-1] & EventFlag.ORDER_DONE


def test_a_budget_sells_for_an_amount_too(bench: Bench) -> None:
    bidder = bench.enter(buy(400, 10, account=2))
    events = bench.submit(market(SELL, 1_000, flags=BUDGET))
    assert trades(events) == [(400, 2, bidder)]
    assert ended(events) == [(ids(events, ACCEPTED)[0], Reason.BUDGET_REST, 200)]


@pytest.mark.parametrize(
    "order", [buy(500, 10, flags=BUDGET), stop(BUY, 510, flags=BUDGET), pegged(BUY, 510, flags=BUDGET)]
)
def test_only_market_orders_have_a_budget(bench: Bench, order: Any) -> None:
    assert refusal(bench.submit(order)) == Reason.INVALID_ORDER


def test_a_budget_needs_prices_above_zero(bench: Bench) -> None:
    bench.submit(define_symbol(2, lowest_ticks=0))
    assert refusal(bench.submit(market(BUY, 10, symbol=2, flags=BUDGET))) == Reason.INVALID_ORDER


def test_post_only_that_slides_rests_a_tick_behind_the_touch(bench: Bench) -> None:
    bench.enter(sell(500, account=2))
    events = bench.submit(buy(510, 5, flags=SLIDE))
    assert told(events) == [(ACCEPTED, 499, 5)]
    assert events["flags"][0] == EventFlag.RESTING | EventFlag.LAST
    assert told(bench.submit(buy(498, 5, flags=SLIDE))) == [(ACCEPTED, 498, 5)]
    assert told(bench.submit(sell(490, 5, flags=SLIDE, account=2))) == [(ACCEPTED, 500, 5)]
    assert bench.depth() == ([(499, 5, 1), (498, 5, 1)], [(500, 15, 2)])


def test_post_only_slides_behind_hidden_orders_too(bench: Bench) -> None:
    bench.enter(sell(495, account=2, flags=HIDDEN))
    assert refusal(bench.submit(buy(495, flags=CommandFlag.POST_ONLY))) == Reason.WOULD_CROSS
    assert told(bench.submit(buy(500, 5, flags=SLIDE))) == [(ACCEPTED, 494, 5)]


def test_post_only_does_not_slide_out_of_the_range(bench: Bench) -> None:
    bench.enter(sell(1, account=2))
    assert refusal(bench.submit(buy(500, flags=SLIDE))) == Reason.WOULD_CROSS
    order = bench.enter(sell(600, flags=SLIDE))
    assert told(bench.submit(amend(order, price_ticks=590))) == [(EventKind.AMENDED, 590, 10)]


def test_what_has_slid_is_not_amended_into_a_cross(bench: Bench) -> None:
    bench.enter(sell(500, account=2))
    order = bench.enter(buy(510, 5, flags=SLIDE))
    assert refusal(bench.submit(amend(order, price_ticks=500))) == Reason.WOULD_CROSS


def test_a_minimum_that_would_trade_leaves_an_order_like_any_other(bench: Bench) -> None:
    bench.enter(sell(500, 4, account=2))
    assert refusal(bench.submit(*extended(buy(500, 10), minimum_lots=5))) == Reason.MINIMUM_NOT_FILLABLE
    events = bench.submit(*extended(buy(500, 10), minimum_lots=4))
    assert told(events)[0] == (ACCEPTED, 500, 10)
    assert told(events)[-2:] == [(TRADE, 500, 4), (RESTED, 500, 6)]
    assert [lots for _, lots, _ in trades(bench.submit(sell(500, 1, account=2)))] == [1]


# Mass cancels.


@pytest.fixture
def orders(bench: Bench) -> dict[str, int]:
    """One order of each kind, of two sessions and accounts, on both sides, in two symbols."""
    bench.submit(define_symbol(2))
    return {
        "bid": bench.enter(buy(490, session=5)),
        "hidden": bench.enter(sell(510, session=5, flags=HIDDEN)),
        "stop": bench.enter(stop(SELL, 450, session=6)),
        "iceberg": bench.enter(*iceberg(BUY, 489, 10, 2, session=6, account=2)),
        "peg": bench.enter(pegged(SELL, 500, session=5, account=2)),
        "other symbol": bench.enter(sell(510, session=5, symbol=2)),
    }


@pytest.mark.parametrize(
    ("command", "taken"),
    [
        (cancel_all(), ["bid", "hidden", "stop", "iceberg", "peg", "other symbol"]),
        (cancel_all(session=5), ["bid", "hidden", "peg", "other symbol"]),
        (cancel_all(session=7), []),
        (cancel_all(side=BUY), ["bid", "iceberg"]),
        (cancel_all(side=SELL), ["hidden", "stop", "peg", "other symbol"]),
        (cancel_all(side=SELL, session=5, symbol=1), ["hidden", "peg"]),
        (cancel_all(account=1, side=SELL), ["hidden", "stop", "other symbol"]),
        (cancel_all(account=2), ["iceberg", "peg"]),
        (cancel_all(symbol=2), ["other symbol"]),
    ],
)
def test_a_mass_cancel_takes_exactly_what_matches(
    bench: Bench, orders: dict[str, int], command: Any, taken: list[str]
) -> None:
    events = bench.submit(command)
    assert ended(events) == [(orders[name], Reason.CANCELLED_BY_MASS_CANCEL, 10) for name in taken]
    (summary,) = events[events["kind"] == MASS_CANCELLED]
    assert summary["quantity_lots"] == len(taken)
    assert bench.live_orders == len(orders) - len(taken)


def test_a_mass_cancel_binds_in_a_halt_too(bench: Bench, orders: dict[str, int]) -> None:
    bench.submit(market_state(MarketState.HALT))
    events = bench.submit(cancel_all(session=5))
    assert [order_id for order_id, _, _ in ended(events)] == [
        orders[name] for name in ("bid", "hidden", "peg", "other symbol")
    ]
    assert CANCELLED in kinds(events)
