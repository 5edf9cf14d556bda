from __future__ import annotations

import time

from shm import clock


def test_clocks_agree_with_pythons() -> None:
    buffer = clock.timespec()
    before = (time.monotonic_ns(), time.time_ns())
    monotonic, realtime = clock.monotonic_ns(buffer), clock.realtime_ns(buffer)
    after = (time.monotonic_ns(), time.time_ns())
    assert before[0] <= monotonic <= after[0]
    assert before[1] <= realtime <= after[1]


def test_giving_the_core_away_returns() -> None:
    clock.yield_core()
