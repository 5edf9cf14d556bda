"""Where a microsecond went: the latency of every stage as a histogram."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import HistogramMetricFamily, Metric

from workers.memory import VenueMemory
from workers.monitoring.buckets import add_latency, add_records


def metrics(memory: VenueMemory) -> Iterator[Metric]:
    """The stages, and how many records the journal writes at once."""
    stages = HistogramMetricFamily("tradsys_stage_latency_seconds", "Time that a stage takes.", labels=["stage"])
    for stage, words in (
        ("ring_wait", memory.ring_wait),
        ("match", memory.matching),
        ("journal", memory.journal_sync),
    ):
        add_latency(stages, [stage], words)
    yield stages
    batches = HistogramMetricFamily("tradsys_journal_batch_records", "Records that the journal writes at once.")
    add_records(batches, [], memory.journal_batch)
    yield batches
