"""Histograms of shared memory as Prometheus takes them: counted in fewer buckets, in seconds."""

from __future__ import annotations

from typing import Any

from prometheus_client.core import HistogramMetricFamily

from shm.buckets import counts_up_to, sum_of, total

NANOSECONDS = 1_000_000_000
_STEPS = (1_000, 2_500, 5_000)
LATENCY_NS = (
    250,
    500,
    *(step * 10**power for power in range(2) for step in _STEPS),
    100_000,
    150_000,  # what the venue promises
    *(step * 10**power for power in range(2, 7) for step in _STEPS if step * 10**power > 150_000),
)
"""Upper bounds from a quarter of a microsecond to 5 seconds."""
RECORDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)


def add_latency(family: HistogramMetricFamily, labels: list[str], words: Any) -> None:
    """Add a histogram of nanoseconds."""
    _add(family, labels, words, LATENCY_NS, NANOSECONDS)


def add_records(family: HistogramMetricFamily, labels: list[str], words: Any) -> None:
    """Add a histogram of numbers of records."""
    _add(family, labels, words, RECORDS, 1)


def _add(family: HistogramMetricFamily, labels: list[str], words: Any, bounds: tuple[int, ...], unit: int) -> None:
    copy = words.copy()
    counts, all = counts_up_to(copy, bounds), total(copy)
    assert counts == sorted(counts), "a bucket holds all that the ones below it hold"
    assert counts[-1] <= all, "nothing is counted that is not there"
    buckets = [(str(bound / unit), float(count)) for bound, count in zip(bounds, counts, strict=True)]
    family.add_metric(labels, [*buckets, ("+Inf", float(all))], sum_of(copy) / unit)
