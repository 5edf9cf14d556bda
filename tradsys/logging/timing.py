"""How long an operation took and how much went through it, in the log. Not for the hot path: there are histograms."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog

INTERVAL_SECONDS = 10.0
_NANOSECONDS = 1_000_000_000


@contextmanager
def log_latency(
    log: structlog.stdlib.BoundLogger,
    operation: str,
    *,
    slow_seconds: float = float("inf"),
    clock_ns: Callable[[], int] = time.perf_counter_ns,
    **fields: Any,
) -> Iterator[None]:
    """Log how long the block, or the function that this decorates, took: at debug, and at warning when it was slow.

    `duration_ms` has three decimals. A block that raises has `failed`, the exception's type.
    """
    begun_ns = clock_ns()
    try:
        yield
    except BaseException as problem:
        fields["failed"] = type(problem).__name__
        raise
    finally:
        took_ns = clock_ns() - begun_ns
        level = "warning" if took_ns > slow_seconds * _NANOSECONDS else "debug"
        getattr(log, level)(operation, duration_ms=round(took_ns / 1e6, 3), **fields)


@contextmanager
def log_throughput(
    log: structlog.stdlib.BoundLogger,
    operation: str,
    *,
    interval_seconds: float = INTERVAL_SECONDS,
    clock: Callable[[], float] = time.monotonic,
    **fields: Any,
) -> Iterator[Callable[[int], None]]:
    """Gives a function that counts; logs `done` and `per_second` of each interval that is over, and `total`, at info.

    In the end `total` is logged once more, at debug.
    """
    begun = last = clock()
    total = done = 0

    def count(number: int) -> None:
        nonlocal last, total, done
        total += number
        done += number
        now = clock()
        if now - last >= interval_seconds:
            log.info(operation, done=done, per_second=round(done / (now - last)), total=total, **fields)
            last, done = now, 0

    try:
        yield count
    finally:
        seconds = clock() - begun
        rate = round(total / seconds) if seconds > 0 else 0
        log.debug(f"{operation}: done", total=total, per_second=rate, seconds=round(seconds, 3), **fields)
