from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shm import histogram
from shm.histogram import WORDS

VALUES = st.lists(st.integers(0, (1 << 40) - 1) | st.integers(0, 1000), min_size=1, max_size=200)


def filled(values: list[int]) -> Any:
    words = np.zeros(WORDS, np.int64)
    for value in values:
        histogram.record(words, value)
    return words


def within_a_bucket(estimate: int, true: int) -> bool:
    return true <= estimate <= true + true // 64


@given(VALUES, st.sampled_from([0, 0.1, 1, 25, 50, 75, 90, 99, 99.9, 100]))
def test_percentiles_are_at_most_a_64th_above_the_sorted_values(values: list[int], percent: float) -> None:
    rank = max(math.ceil(Fraction(str(percent)) / 100 * len(values)), 1)
    assert within_a_bucket(histogram.percentile(filled(values), percent), sorted(values)[rank - 1])


def test_percentiles_agree_with_numpy_on_a_long_tail(seed: int) -> None:
    values = np.random.default_rng(seed).lognormal(8, 2, 5000).astype(np.int64)
    words = filled(values.tolist())
    for quarter in (25, 50, 75, 100):
        true = int(np.percentile(values, quarter, method="inverted_cdf"))
        assert within_a_bucket(histogram.percentile(words, quarter), true)
    found = histogram.summary(words)
    for key, percent in (("p50", 50), ("p99", 99), ("p999", 99.9)):
        around = (np.percentile(values, percent, method="lower"), np.percentile(values, percent, method="higher"))
        assert int(around[0]) <= found[key] <= int(around[1]) * 65 // 64


@given(VALUES)
def test_count_minimum_maximum_and_mean_are_exact(values: list[int]) -> None:
    words = filled(values)
    found = histogram.summary(words)
    assert (found["count"], found["min"], found["max"]) == (len(values), min(values), max(values))
    assert histogram.mean(words) == sum(values) // len(values)
    assert all(found["min"] <= found[key] <= found["max"] for key in ("p50", "p99", "p999"))


@given(VALUES, VALUES)
def test_merging_is_recording_both(first: list[int], second: list[int]) -> None:
    words = filled(first)
    histogram.merge(words, filled(second))
    assert words.tolist() == filled(first + second).tolist()
    empty = filled([])
    histogram.merge(empty, words)
    histogram.merge(empty, filled([]))
    assert empty.tolist() == words.tolist()


def test_recording_a_value_many_times_is_recording_it_again_and_again() -> None:
    words = filled([])
    histogram.record_n(words, 1234, 3)
    histogram.record_n(words, 99, 0)
    assert words.tolist() == filled([1234] * 3).tolist()


def test_values_out_of_range_are_counted_at_the_ends() -> None:
    words = filled([-5, 1 << 50])
    found = histogram.summary(words)
    assert (found["count"], found["min"], found["max"]) == (2, 0, 1 << 50)
    assert histogram.percentile(words, 50) == 0
    assert histogram.percentile(words, 99) == 1 << 50


def test_small_values_are_exact() -> None:
    for value in range(128):
        assert histogram.percentile(filled([value, 1 << 30]), 50) == value


def test_an_empty_histogram_says_zero_also_after_a_reset() -> None:
    words = filled([5, 6])
    histogram.reset(words)
    assert histogram.summary(words) == dict.fromkeys(("count", "min", "max", "p50", "p99", "p999"), 0)
    assert histogram.mean(words) == 0


def test_a_percentile_beyond_a_hundred_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 100"):
        histogram.percentile(filled([1]), 100.5)
