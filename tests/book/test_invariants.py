"""The kernels' assertions find damage that a command comes upon. The audit, see test_audit.py, finds all damage."""

from __future__ import annotations

from typing import Any

import pytest

from shm.assertions import DEBUG
from shm.jit import JIT_DISABLED
from tests.book.harness import Bench, open_bench
from tests.factories import buy, cancel, joined, sell
from tradsys.book import layout
from tradsys.records import SLOT_MASK

pytestmark = pytest.mark.skipif(not (DEBUG or JIT_DISABLED), reason="the release build has no assertions")


@pytest.fixture
def bench() -> Bench:
    return open_bench()


def _enter(bench: Bench, price_ticks: int, quantity_lots: int = 5) -> tuple[Any, Any]:
    """A bid, and the level that it stands in."""
    order = bench.shard.orders[bench.enter(buy(price_ticks, quantity_lots)) & SLOT_MASK]
    return order, bench.shard.levels[order["level"]]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("quantity_lots", 6, "a level holds what its only order has left"),
        ("head", 2, "the only order is the first"),
        ("tail", 2, "the only order is the last"),
        ("index", 1, "the order stands on this side"),
        ("better", 7, "the better neighbour knows the level"),
        ("count", 0, "a level that is left held an order"),
    ],
)
def test_a_cancel_finds_a_broken_level(bench: Bench, field: str, value: int, words: str) -> None:
    order, level = _enter(bench, 500)
    level[field] = value
    with pytest.raises(AssertionError, match=words):
        bench.submit(cancel(int(order["order_id"])))


@pytest.mark.parametrize(
    ("place", "field", "words"),
    [(0, "next", "the order behind this one leads back to it|the order before this one leads to it"),
     (2, "prev", "the order before this one leads to it|the order behind this one leads back to it")],
)  # fmt: skip
def test_a_cancel_finds_a_broken_queue(bench: Bench, place: int, field: str, words: str) -> None:
    orders = [_enter(bench, 500)[0] for _ in range(3)]
    orders[place][field] = 0
    with pytest.raises(AssertionError, match=words):
        bench.submit(cancel(int(orders[place]["order_id"])))


def test_a_trade_finds_an_order_with_nothing_left(bench: Bench) -> None:
    order, _level = _enter(bench, 500)
    order["leaves_lots"] = 0
    with pytest.raises(AssertionError):
        bench.submit(sell(500, 5))


def test_a_trade_finds_an_order_of_the_wrong_side(bench: Bench) -> None:
    order, _level = _enter(bench, 500)
    order["side"] = 1
    with pytest.raises(AssertionError, match="two sides meet"):
        bench.submit(sell(500, 5))


def test_a_new_order_finds_that_its_slot_is_not_free(bench: Bench) -> None:
    first, _level = _enter(bench, 500)
    bench.shard.words[layout.W_FREE_ORDER] = int(first["order_id"]) & SLOT_MASK
    with pytest.raises(AssertionError, match="a slot that goes out is free"):
        bench.submit(buy(499))


def test_a_record_that_is_missing_in_the_log_is_found(bench: Bench) -> None:
    commands = joined(buy(500), buy(499), first_sequence=bench.position + 1)
    commands["sequence"][1] += 1
    with pytest.raises(AssertionError, match="the log's sequence grows by one"):
        bench.carry_out(commands)
