from __future__ import annotations

import pytest

from tests.conftest import Logged
from tradsys.logging import log_latency, log_throughput, logger


class Clock:
    """Time that passes when a test says so, in whichever unit is asked for."""

    def __init__(self) -> None:
        self.now = 5_000

    def __call__(self) -> int:
        return self.now


def test_the_time_that_a_block_takes_is_logged_to_the_microsecond(logged: Logged) -> None:
    clock = Clock()
    with log_latency(logger("x"), "recover", clock_ns=clock, worker="engine"):
        clock.now += 1_234_567
    (line,) = logged.lines()
    assert (line["event"], line["level"], line["duration_ms"], line["worker"]) == ("recover", "debug", 1.235, "engine")


def test_a_slow_block_is_a_warning(logged: Logged) -> None:
    logged.restart("info")
    clock = Clock()
    for seconds in (1, 2, 3):
        with log_latency(logger("x"), "recover", slow_seconds=2, clock_ns=clock):
            clock.now += seconds * 1_000_000_000
    assert [(line["level"], line["duration_ms"]) for line in logged.lines()] == [("warning", 3000.0)]


def test_a_block_that_raises_is_logged_and_raises(logged: Logged) -> None:
    with pytest.raises(KeyError), log_latency(logger("x"), "recover"):
        raise KeyError("x")
    assert logged.lines()[0]["failed"] == "KeyError"


def test_a_function_can_be_decorated(logged: Logged) -> None:
    clock = Clock()

    @log_latency(logger("x"), "twice", clock_ns=clock)
    def twice(number: int) -> int:
        clock.now += 1_000_000
        return 2 * number

    assert [twice(1), twice(2)] == [2, 4]
    assert [line["duration_ms"] for line in logged.lines()] == [1.0, 1.0]


def test_throughput_is_logged_for_each_interval_and_in_the_end(logged: Logged) -> None:
    clock = Clock()
    with log_throughput(logger("x"), "read", interval_seconds=10, clock=clock, file="y") as count:
        for _ in range(4):
            clock.now += 5
            count(100)
    lines = logged.lines()
    assert [(line["done"], line["per_second"], line["total"]) for line in lines[:2]] == [(200, 20, 200), (200, 20, 400)]
    (end,) = lines[2:]
    assert (end["event"], end["total"], end["per_second"], end["seconds"]) == ("read: done", 400, 20, 20)
    assert [line["level"] for line in lines] == ["info", "info", "debug"]
    assert {line["file"] for line in lines} == {"y"}


def test_what_is_soon_done_is_told_at_debug_only(logged: Logged) -> None:
    logged.restart("info")
    with log_throughput(logger("x"), "read") as count:
        count(1)
    assert logged.lines() == []
