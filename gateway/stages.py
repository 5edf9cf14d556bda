"""Where the time of an order goes at the edge: histograms in shared memory, of one request in SAMPLED.

gateway  from the start of its checks until it stands in the ring
publish  from the sequencer's stamp until this gateway has its last event: matched, journaled and told
answer   from the start of its checks until its answer leaves
"""

from __future__ import annotations

import time
from typing import NamedTuple

from gateway.events import Event
from gateway.tracing import OrderTracer
from shm.histogram import WORDS, record
from workers.memory import GATEWAY_STAGES, REASONS, SAMPLING, VenueMemory

SAMPLED = 16


class Times(NamedTuple):
    """When an order's checks began and when it stood in the ring, in ns of the monotonic clock; who wants to know."""

    began_ns: int
    sent_ns: int
    is_counted: bool
    is_traced: bool


class Stages:
    """What the gateway of one ring takes the times of, and counts by reason."""

    def __init__(self, memory: VenueMemory, ring: int, tracer: OrderTracer | None = None) -> None:
        first = ring * len(GATEWAY_STAGES)
        self._gateway, self._publish, self._answer = (
            memory.gateway_stages[place * WORDS : (place + 1) * WORDS]
            for place in range(first, first + len(GATEWAY_STAGES))
        )
        self._control = memoryview(memory.control)
        self._refusals = memoryview(memory.refusals[ring * REASONS : (ring + 1) * REASONS])
        self._tracer = tracer

    def sent(self, request: int, began_ns: int) -> Times | None:
        """An order stands in the ring; None when nobody wants its times."""
        is_counted = request % SAMPLED == 0 and self._control[SAMPLING] >= 0
        is_traced = self._tracer is not None and self._tracer.wants(request)
        if not is_counted and not is_traced:
            return None
        return Times(began_ns, time.monotonic_ns(), is_counted, is_traced)

    def answered(self, times: Times, heard_ns: int, event: Event, order_id: int) -> None:
        """An order has its answer. `heard_ns`: when its last event had come. `order_id` is 0 when it has none."""
        if times.is_counted:
            record(self._gateway, times.sent_ns - times.began_ns)
            record(self._publish, time.time_ns() - event.timestamp_ns)
            record(self._answer, time.monotonic_ns() - times.began_ns)
        if times.is_traced and self._tracer is not None:
            self._tracer.order(times.began_ns, times.sent_ns, heard_ns, event, order_id)

    def close(self) -> None:
        """Send the traces that are left."""
        if self._tracer is not None:
            self._tracer.close()

    def refused(self, reason: int) -> None:
        """The core has refused a command."""
        self._refusals[reason] += 1
