"""Latency histograms in flat int64 arrays: log-linear buckets, exact count, minimum, maximum and sum.

    word   0  count      word 1  minimum      word 2  maximum      word 3  sum
    word  16  buckets: 64 of width 1 for 0..63, then 64 for every power of two up to 2**40

A value is placed within 1/64 of itself (the layout follows Gil Tene's HdrHistogram), so a percentile is never
below the true one and less than 1.6 % above it. Larger values, from 18 minutes in nanoseconds, share the last
bucket; the maximum stays exact. One writer; others may read at any time.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from shm.atomics import leading_zeros
from shm.jit import kernel

_SUB_BITS = 6
_SUB_BUCKETS = 1 << _SUB_BITS
_VALUE_BITS = 40
COUNT, MINIMUM, MAXIMUM, SUM = 0, 1, 2, 3
FIRST = 16
_BUCKETS = (_VALUE_BITS - _SUB_BITS + 1) * _SUB_BUCKETS
WORDS = FIRST + _BUCKETS
"""Length of a histogram's array."""


@kernel
def _bucket(value: int) -> int:
    if value < _SUB_BUCKETS:
        return value
    shift = 63 - _SUB_BITS - leading_zeros(value)
    return min((shift << _SUB_BITS) + (value >> shift), _BUCKETS - 1)


@kernel
def record_n(words: Any, value: int, times: int) -> None:
    """Count `value` (ns; below zero, when clocks of two cores differ, counts as 0) `times` times."""
    if times <= 0:
        return
    value = max(value, 0)
    if words[COUNT] == 0 or value < words[MINIMUM]:
        words[MINIMUM] = value
    words[MAXIMUM] = max(words[MAXIMUM], value)
    words[SUM] += value * times
    bucket = _bucket(value)
    assert 0 <= bucket < _BUCKETS, "every value has a bucket"
    words[FIRST + bucket] += times
    words[COUNT] += times
    assert words[MINIMUM] <= value <= words[MAXIMUM], "the bounds enclose every value"


@kernel
def record(words: Any, value: int) -> None:
    """Count `value` (ns) once."""
    record_n(words, value, 1)


def highest(bucket: Any) -> Any:
    """The largest value that falls into a bucket."""
    assert 0 <= bucket < _BUCKETS, "a bucket of the histogram"
    shift = max((bucket >> _SUB_BITS) - 1, 0)
    return ((bucket - (shift << _SUB_BITS) + 1) << shift) - 1


def percentile(words: Any, percent: float) -> int:
    """The value that `percent` % of all values do not exceed, up to 1/64 above the true one; 0 when empty."""
    return _percentile_of(np.array(words), percent)


def _percentile_of(copy: Any, percent: float) -> int:
    if not 0 <= percent <= 100:
        raise ValueError(f"a percentile lies between 0 and 100, not at {percent}")
    below = np.cumsum(copy[FIRST:])
    count = int(below[-1])
    if count == 0:
        return 0
    # As decimals, or 99.9 % of 1,000 would be a hair more than 999.
    rank = max(math.ceil(Fraction(str(percent)) * count / 100), 1)
    assert rank <= count, "a rank among all that was counted"
    bucket = int(np.searchsorted(below, rank))
    assert bucket < _BUCKETS, "every rank lies in a bucket"
    if bucket == _BUCKETS - 1:
        return int(copy[MAXIMUM])
    return max(min(highest(bucket), int(copy[MAXIMUM])), int(copy[MINIMUM]))


def summary(words: Any) -> dict[str, int]:
    """`count`, and in the unit of the values `min`, `max`, `p50`, `p99` and `p999`, all of one reading."""
    assert len(words) == WORDS, "one whole histogram"
    copy = np.array(words)
    return {
        "count": int(copy[COUNT]),
        "min": int(copy[MINIMUM]),
        "max": int(copy[MAXIMUM]),
        "p50": _percentile_of(copy, 50),
        "p99": _percentile_of(copy, 99),
        "p999": _percentile_of(copy, 99.9),
    }


def mean(words: Any) -> int:
    """The mean, rounded down; 0 when empty."""
    return int(words[SUM]) // max(int(words[COUNT]), 1)


def merge(into: Any, other: Any) -> None:
    """Add all that `other` has counted to `into`."""
    assert len(into) == len(other) == WORDS, "two whole histograms"
    if other[COUNT] == 0:
        return
    minimum = other[MINIMUM] if into[COUNT] == 0 else min(into[MINIMUM], other[MINIMUM])
    maximum = max(into[MAXIMUM], other[MAXIMUM])
    into += other
    into[MINIMUM] = minimum
    into[MAXIMUM] = maximum
    assert into[MINIMUM] <= into[MAXIMUM], "the bounds enclose every value"


def reset(words: Any) -> None:
    """Forget everything."""
    assert len(words) == WORDS, "one whole histogram"
    words[:] = 0
