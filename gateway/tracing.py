"""Sampled orders as OpenTelemetry traces, sent by OTLP over HTTP. Needs the extra tradsys[tracing].

    order                    from the start of its checks until its answer leaves
      gateway                until it stands in the ring
      ring                   until the sequencer's stamp
      core                   until this gateway has its last event: decided, matched, journaled and told
      answer                 until its answer leaves

The sequencer's stamp is the log's; all other times are taken here.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from gateway.events import REJECTED, Event
from tradsys.configuration.monitoring import Tracing
from tradsys.errors import from_reason
from tradsys.logging import logger

if TYPE_CHECKING:
    from opentelemetry.trace import Span

_log = logger("gateway")
_EXPORT_SECONDS = 2
"""How long a collector may take for an answer."""


class OrderTracer:
    """Sends every `one_in`th order of one gateway to a collector, from a thread of its own."""

    def __init__(self, settings: Tracing, gateway: str, venue: str) -> None:
        """Raises ImportError when the extra is not installed."""
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        self._one_in = settings.one_in
        about = {"service.name": "tradsys", "service.namespace": venue, "service.instance.id": gateway}
        self._provider = TracerProvider(resource=Resource.create(about), shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint=settings.endpoint, timeout=_EXPORT_SECONDS)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("tradsys.gateway")

    def wants(self, request: int) -> bool:
        """Whether this request is one of the sample."""
        return request % self._one_in == 0

    def order(self, began_ns: int, sent_ns: int, heard_ns: int, event: Event, order_id: int) -> None:
        """An order has its answer, which its last event led to; times are of the monotonic clock. 0: it has no id."""
        from opentelemetry.trace import set_span_in_context

        apart = time.time_ns() - time.monotonic_ns()
        answered_ns = time.monotonic_ns()
        marks = [began_ns + apart, sent_ns + apart, event.timestamp_ns, heard_ns + apart, answered_ns + apart]
        for place in range(1, len(marks)):  # the stamp is that of the sequencer's turn, which may have begun before
            marks[place] = max(marks[place], marks[place - 1])
        root = self._tracer.start_span("order", start_time=marks[0])
        _describe(root, event, order_id)
        inside = set_span_in_context(root)
        for name, begin, end in zip(("gateway", "ring", "core", "answer"), marks, marks[1:], strict=False):
            self._tracer.start_span(name, inside, start_time=begin).end(end)
        root.end(marks[-1])

    def close(self) -> None:
        """Send what is left, and end the thread."""
        self._provider.shutdown()


def _describe(span: Span, event: Event, order_id: int) -> None:
    span.set_attribute("tradsys.log_sequence", event.log_sequence)
    span.set_attribute("tradsys.request", event.request)
    span.set_attribute("tradsys.account", event.account)
    span.set_attribute("tradsys.symbol", event.symbol)
    if order_id:
        span.set_attribute("tradsys.order_id", str(order_id))
    if event.kind == REJECTED:
        span.set_attribute("tradsys.reason", from_reason(event.reason).code)


def new_tracer(settings: Tracing, gateway: str, venue: str) -> OrderTracer | None:
    """A tracer, where the configuration names a collector and the extra is installed."""
    if not settings.endpoint:
        return None
    try:
        return OrderTracer(settings, gateway, venue)
    except ImportError:
        _log.warning("no traces: monitoring.tracing needs more packages", install="pip install 'tradsys[tracing]'")
        return None
