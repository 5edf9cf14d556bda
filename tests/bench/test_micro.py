"""Micro-benchmarks of single operations. `pytest tests/bench/test_micro.py --benchmark-enable` times them.

Without that option each runs once, as a test that it still works.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from shm import broadcast, histogram, ring
from shm.arena import new_array
from shm.broadcast import Broadcast
from shm.jit import kernel
from shm.ring import HEADER_WORDS, Ring
from tests.factories import buy, joined
from tradsys.records import COMMAND, EVENT
from tradsys.symbols import Symbol

BATCH = 1_000


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
