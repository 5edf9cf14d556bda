from __future__ import annotations

import random

import numpy as np

from shm import buckets, histogram


def test_counts_in_coarser_buckets_are_those_of_the_values_within_a_64th(seed: int) -> None:
    chance = random.Random(seed)
    values = [int(10 ** chance.uniform(0, 11)) for _ in range(5000)]
    words = np.zeros(histogram.WORDS, np.int64)
    for value in values:
        histogram.record(words, value)
    bounds = [10**power for power in range(12)]
    counts = buckets.counts_up_to(words, bounds)
    for bound, count in zip(bounds, counts, strict=True):
        assert sum(value * 65 // 64 < bound for value in values) <= count <= sum(value <= bound for value in values)
    assert buckets.total(words) == len(values)
    assert buckets.sum_of(words) == sum(values)


def test_exact_bounds_count_exactly_and_the_endless_bucket_never() -> None:
    words = np.zeros(histogram.WORDS, np.int64)
    for value in (0, 1, 5, 63, 1 << 50):
        histogram.record(words, value)
    assert buckets.counts_up_to(words, [0, 1, 4, 5, 63, 1 << 60]) == [1, 2, 2, 3, 4, 4]
    assert buckets.total(words) == 5


def test_what_came_since_a_reading_has_percentiles_of_its_own() -> None:
    words = np.zeros(histogram.WORDS, np.int64)
    for _ in range(1000):
        histogram.record(words, 10)
    before = words.copy()
    for _ in range(100):
        histogram.record(words, 5000)
    added = buckets.since(words, before)
    assert histogram.percentile(words, 50) == 10
    assert 5000 <= histogram.percentile(added, 50) < 5080
    assert histogram.percentile(buckets.since(words, words), 99) == 0
