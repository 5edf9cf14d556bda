"""Where a microsecond went: the histograms of all stages, those of several shards and gateways added up."""

from __future__ import annotations

from typing import Any

import numpy as np

from shm.histogram import WORDS, merge
from tradsys.reasons import Reason
from workers.memory import GATEWAY_STAGES, REASONS, VenueMemory


def stages(memory: VenueMemory) -> dict[str, Any]:
    """A copy of each stage's histogram, in ns, in the order in which an order passes them.

    ring_wait: from the gateway's clock to the sequencer's stamp; risk: the decision about one record; matching: from
    the stamp to the end of the matching; book: the matching of one record alone; journal_sync: one write of the
    journal; gateway, publish and answer: see gateway/stages.py.
    """
    edge = {
        name: _added(memory.gateway_stages.reshape(-1, len(GATEWAY_STAGES), WORDS)[:, place])
        for place, name in enumerate(GATEWAY_STAGES)
    }
    return {
        "gateway": edge["gateway"],
        "ring_wait": memory.ring_wait.copy(),
        "risk": memory.risk.copy(),
        "book": _added(memory.book.reshape(-1, WORDS)),
        "matching": _added(memory.matching.reshape(-1, WORDS)),
        "journal_sync": memory.journal_sync.copy(),
        "publish": edge["publish"],
        "answer": edge["answer"],
    }


def refusals(memory: VenueMemory) -> dict[Reason, int]:
    """How many commands of all gateways the core has refused, by reason."""
    counts = memory.refusals.reshape(-1, REASONS).sum(axis=0)
    return {Reason(int(reason)): int(counts[reason]) for reason in np.flatnonzero(counts)}


def _added(histograms: Any) -> Any:
    total = np.zeros(WORDS, np.int64)
    assert histograms.shape[1:] == total.shape, "histograms of one size are added up"
    for words in histograms:
        merge(total, words)
    return total
