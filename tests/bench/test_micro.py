"""Micro-benchmarks of single operations. `pytest tests/bench/test_micro.py --benchmark-enable` times them.

Without that option each runs once, as a test that it still works.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from shm import broadcast, histogram, ring
from shm.arena import as_records, new_array
from shm.broadcast import Broadcast
from shm.jit import JIT_DISABLED, kernel
from shm.ring import HEADER_WORDS, Ring
from tests.book.harness import Bench
from tests.factories import buy, define_symbol, joined, kill, sell
from tradsys.book.execution import run
from tradsys.book.layout import ShardSize
from tradsys.records import COMMAND, DETAILS, EVENT
from tradsys.risk.terms import Scope
from tradsys.symbols import Symbol

BATCH = 1_000
KILLED = 100 if JIT_DISABLED else 10_000
"""Orders that a kill switch takes, as many as it leaves."""


@kernel
def push_and_pop(lane: Ring, records: Any, out: Any, times: int) -> int:
    total = 0
    for _ in range(times):
        ring.push(lane, records)
        total += ring.pop(lane, out)
    return total


@kernel
def write_and_copy(stream: Broadcast, written: int, out: Any, times: int) -> int:
    capacity = len(stream.slots)
    total = 0
    for _ in range(times):
        if broadcast.writable(stream, written) > 0:
            written += 1
            stream.slots[written & (capacity - 1)].log_sequence = written
            broadcast.publish(stream, written)
            total += broadcast.copy_since(stream, written - 1, out)
    return total


@kernel
def record_many(words: Any, times: int) -> None:
    for value in range(times):
        histogram.record(words, value)


@pytest.mark.benchmark(group="a thousand times")
def test_ring_push_and_pop(benchmark: BenchmarkFixture) -> None:
    lane = Ring(new_array(np.int64, HEADER_WORDS), new_array(COMMAND, 64))
    ring.initialise(lane)
    out = new_array(COMMAND, 1)
    records = new_array(COMMAND, 1)
    push_and_pop(lane, records, out, 1)
    assert benchmark(push_and_pop, lane, records, out, BATCH) == BATCH


@pytest.mark.benchmark(group="a thousand times")
def test_broadcast_write_and_copy(benchmark: BenchmarkFixture) -> None:
    stream = Broadcast(new_array(np.int64, broadcast.HEADER_WORDS), new_array(EVENT, 64))
    broadcast.initialise(stream)
    out = new_array(EVENT, 1)
    assert write_and_copy(stream, 0, out, 1) == 1

    def again() -> int:
        return int(write_and_copy(stream, int(broadcast.published(stream)), out, BATCH))

    assert benchmark(again) == BATCH


@pytest.mark.benchmark(group="a thousand times")
def test_histogram_record(benchmark: BenchmarkFixture) -> None:
    words = new_array(np.int64, histogram.WORDS)
    record_many(words, 1)
    benchmark(record_many, words, BATCH)
    assert histogram.summary(words)["count"] > BATCH


def resting_orders(dice: random.Random) -> Any:
    """A log of orders of two accounts in turn, at random prices on both sides of 500 ticks."""
    orders = [
        (
            sell(dice.randint(501, 1000), account=account)
            if dice.randrange(2)
            else buy(dice.randint(1, 500), account=account)
        )
        for account in (1, 2) * KILLED
    ]
    return joined(define_symbol(), *orders)


@pytest.mark.benchmark(group="once")
@pytest.mark.parametrize("scope", [Scope.VENUE, Scope.ACCOUNT])
def test_kill_switch_on_ten_thousand_orders(benchmark: BenchmarkFixture, scope: Scope, seed: int) -> None:
    """Of the account: it finds them among twice as many."""
    log = resting_orders(random.Random(seed))
    if scope == Scope.VENUE:
        log = log[: KILLED + 1]
    size = ShardSize(symbols_max=1, orders=2 * KILLED)
    switch_on = joined(kill(scope, account=1), first_sequence=len(log) + 1)

    def fill() -> tuple[tuple[Bench], dict[str, Any]]:
        bench = Bench(size, ring=1 << 16)
        bench.carry_out(log)
        return (bench,), {}

    last = len(log) + 1
    command, details = as_records(switch_on), as_records(switch_on.view(np.ndarray).view(DETAILS))

    def take_out(bench: Bench) -> int:
        run(bench.shard, command, details, last, -1, last, 1, 0)
        return bench.live_orders

    left = benchmark.pedantic(take_out, setup=fill, rounds=20)  # type: ignore[no-untyped-call]
    assert left == (0 if scope == Scope.VENUE else KILLED)


@pytest.mark.benchmark(group="once")
def test_histogram_summary(benchmark: BenchmarkFixture) -> None:
    words = new_array(np.int64, histogram.WORDS)
    record_many(words, BATCH)
    assert benchmark(histogram.summary, words)["count"] == BATCH


@pytest.mark.benchmark(group="once")
def test_symbol_parses_a_price(benchmark: BenchmarkFixture) -> None:
    symbol = Symbol(1, "ACME", 2, 1, 0, 1, 1, 100_000, 500)
    assert benchmark(symbol.parse_price, "123.45") == 12_345


@pytest.mark.benchmark(group="once")
def test_symbol_formats_a_price(benchmark: BenchmarkFixture) -> None:
    symbol = Symbol(1, "ACME", 2, 1, 0, 1, 1, 100_000, 500)
    assert benchmark(symbol.format_price, 12_345) == "123.45"


@pytest.mark.benchmark(group="once")
def test_ring_push_from_python(benchmark: BenchmarkFixture) -> None:
    lane = Ring(new_array(np.int64, HEADER_WORDS), new_array(COMMAND, 64))
    ring.initialise(lane)
    order = joined(buy(100))
    out = new_array(COMMAND, 1)

    def push() -> int:
        pushed = int(ring.push(lane, order))
        ring.pop(lane, out)
        return pushed

    assert benchmark(push) == 1
