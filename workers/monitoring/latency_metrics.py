"""Where a microsecond went: the latency of every stage as a histogram."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import HistogramMetricFamily, Metric

from workers.memory import VenueMemory
from workers.monitoring.buckets import add_latency, add_records
from workers.stages import stages

_NAMES = {"matching": "match", "journal_sync": "journal"}


def metrics(memory: VenueMemory) -> Iterator[Metric]:
    """The stages, and how many records the journal writes at once."""
    family = HistogramMetricFamily("tradsys_stage_latency_seconds", "Time that a stage takes.", labels=["stage"])
    found = stages(memory)
    assert found.keys() >= _NAMES.keys(), "what has another name here is a stage"
    assert len({_NAMES.get(stage, stage) for stage in found}) == len(found), "every stage has a name of its own"
    for stage, words in found.items():
        add_latency(family, [_NAMES.get(stage, stage)], words)
    yield family
    batches = HistogramMetricFamily("tradsys_journal_batch_records", "Records that the journal writes at once.")
    add_records(batches, [], memory.journal_batch)
    yield batches
