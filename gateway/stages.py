"""Where the time of an order goes at the edge: histograms in shared memory, of one request in SAMPLED.

gateway  from the start of its checks until it stands in the ring
publish  from the sequencer's stamp until this gateway has its last event: matched, journaled and told
answer   from the start of its checks until its answer leaves
"""

from __future__ import annotations

import time

from shm.histogram import WORDS, record
from workers.memory import GATEWAY_STAGES, REASONS, SAMPLING, VenueMemory

SAMPLED = 16


class Stages:
    """What the gateway of one ring takes the times of, and counts by reason."""

    def __init__(self, memory: VenueMemory, ring: int) -> None:
        first = ring * len(GATEWAY_STAGES)
        self._gateway, self._publish, self._answer = (
            memory.gateway_stages[place * WORDS : (place + 1) * WORDS]
            for place in range(first, first + len(GATEWAY_STAGES))
        )
        self._control = memoryview(memory.control)
        self._refusals = memoryview(memory.refusals[ring * REASONS : (ring + 1) * REASONS])

    def is_sampled(self, request: int) -> bool:
        """Whether the times of this request are taken."""
        return request % SAMPLED == 0 and self._control[SAMPLING] >= 0

    def answered(self, began_ns: int, sent_ns: int, now_ns: int, stamped_ns: int) -> None:
        """An order has its answer. All but `stamped_ns`, the log's clock, are of the monotonic clock."""
        record(self._gateway, sent_ns - began_ns)
        record(self._publish, time.time_ns() - stamped_ns)
        record(self._answer, now_ns - began_ns)

    def refused(self, reason: int) -> None:
        """The core has refused a command."""
        self._refusals[reason] += 1
