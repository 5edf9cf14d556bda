from __future__ import annotations

import pytest

from tests.book.harness import Bench, kinds, open_bench, refusal, trades
from tests.factories import amend, buy, sell
from tradsys.book.audit import audit
from tradsys.reasons import Reason
from tradsys.records import QUANTITY_MAX, CommandFlag, EventFlag, EventKind

AMENDED, TRADE, RESTED = EventKind.AMENDED, EventKind.TRADE, EventKind.RESTED
LEAVES = CommandFlag.QUANTITY_IS_LEAVES


def queue(bench: Bench) -> list[int]:
    return [order.order_id for order in bench.resting()]


def test_a_smaller_quantity_keeps_priority() -> None:
    bench = open_bench()
    first, second = bench.enter(sell(500, 10)), bench.enter(sell(500, 10))
    (event,) = bench.submit(amend(first, quantity_lots=4))
    assert event["flags"] & EventFlag.KEPT_PRIORITY
    assert (event["previous_price_ticks"], event["previous_quantity_lots"]) == (500, 10)
    assert queue(bench) == [first, second]
    assert bench.depth() == ([], [(500, 14, 2)])


def test_the_same_price_again_keeps_priority() -> None:
    bench = open_bench()
    first, second = bench.enter(sell(500, 10)), bench.enter(sell(500, 10))
    bench.submit(amend(first, price_ticks=500))
    assert queue(bench) == [first, second]


@pytest.mark.parametrize(
    "change",
    [
        {"quantity_lots": 11},
        {"quantity_lots": 11, "flags": LEAVES},
        {"quantity_lots": 5, "flags": CommandFlag.LOSE_PRIORITY},
        {"price_ticks": 500, "flags": CommandFlag.LOSE_PRIORITY},
    ],
)
def test_more_quantity_or_the_wish_to_loses_priority(change: dict[str, int]) -> None:
    bench = open_bench()
    first, second = bench.enter(sell(500, 10)), bench.enter(sell(500, 10))
    (event,) = bench.submit(amend(first, **change))
    assert not event["flags"] & EventFlag.KEPT_PRIORITY
    assert queue(bench) == [second, first]


def test_a_new_price_goes_to_the_end_of_that_prices_queue() -> None:
    bench = open_bench()
    mover, waiting = bench.enter(sell(501, 10)), bench.enter(sell(500, 10))
    bench.submit(amend(mover, price_ticks=500))
    assert queue(bench) == [waiting, mover]
    assert bench.depth() == ([], [(500, 20, 2)])


def test_an_amend_into_a_cross_trades_and_does_not_rest_crossed() -> None:
    bench = open_bench()
    maker = bench.enter(sell(500, 4))
    mover = bench.enter(buy(490, 10))
    events = bench.submit(amend(mover, price_ticks=510))
    assert kinds(events) == [AMENDED, TRADE, RESTED]
    assert trades(events) == [(500, 4, maker)]
    assert bench.depth() == ([(510, 6, 1)], [])
    assert queue(bench) == [mover]
    audit(bench.shard)


def test_an_amend_that_fills_the_order_ends_it() -> None:
    bench = open_bench()
    bench.enter(sell(500, 10))
    mover = bench.enter(buy(490, 10))
    events = bench.submit(amend(mover, price_ticks=500))
    assert kinds(events) == [AMENDED, TRADE]
    assert bench.live_orders == 0
    assert refusal(bench.submit(amend(mover, quantity_lots=1))) == Reason.UNKNOWN_ORDER


def test_a_new_total_counts_what_has_filled() -> None:
    bench = open_bench()
    order_id = bench.enter(sell(500, 10))
    bench.submit(buy(500, 3))
    bench.submit(amend(order_id, quantity_lots=8))
    assert bench.depth() == ([], [(500, 5, 1)])
    bench.submit(amend(order_id, quantity_lots=4, flags=LEAVES))
    assert bench.depth() == ([], [(500, 4, 1)])


def test_a_total_of_no_more_than_has_filled_ends_the_order() -> None:
    bench = open_bench()
    order_id = bench.enter(sell(500, 10))
    bench.submit(buy(500, 3))
    (event,) = bench.submit(amend(order_id, quantity_lots=3))
    assert (event["kind"], event["reason"]) == (EventKind.CANCELLED, Reason.AMENDED_BELOW_FILLED)
    assert event["quantity_lots"] == 7
    assert bench.live_orders == 0


def test_a_post_only_order_is_not_amended_into_a_cross() -> None:
    bench = open_bench()
    bench.enter(sell(500, 5))
    order_id = bench.enter(buy(490, 5, flags=CommandFlag.POST_ONLY))
    assert refusal(bench.submit(amend(order_id, price_ticks=500))) == Reason.WOULD_CROSS
    assert bench.depth() == ([(490, 5, 1)], [(500, 5, 1)])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, Reason.NOTHING_TO_AMEND),
        ({"flags": CommandFlag.LOSE_PRIORITY}, Reason.NOTHING_TO_AMEND),
        ({"quantity_lots": 0}, Reason.INVALID_QUANTITY),
        ({"quantity_lots": QUANTITY_MAX + 1}, Reason.INVALID_QUANTITY),
        ({"price_ticks": 1001}, Reason.PRICE_OUT_OF_RANGE),
        ({"price_ticks": 0}, Reason.PRICE_OUT_OF_RANGE),
        ({"price_ticks": 501, "account": 2}, Reason.NOT_YOUR_ORDER),
        ({"price_ticks": 501, "symbol": 2}, Reason.UNKNOWN_ORDER),
    ],
)
def test_a_refused_amend_changes_nothing(change: dict[str, int], reason: Reason) -> None:
    bench = open_bench()
    order_id = bench.enter(buy(500, 10))
    assert refusal(bench.submit(amend(order_id, **change))) == reason
    assert bench.depth() == ([(500, 10, 1)], [])
