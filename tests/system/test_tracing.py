"""Orders of a running venue as traces: sent to a collector of the test's own, and held against the venue's log."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.workers.running import until
from tradsys.client import Client, TradingError
from tradsys.records import Kind
from workers import venue as venues
from workers.embedded import EmbeddedVenue, embedded_venue
from workers.journal import JournalReader

pytest.importorskip("opentelemetry.sdk", reason="the extra tradsys[tracing] is not installed")
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

STAGES = ["gateway", "ring", "core", "answer"]


class Collector:
    """What has arrived: spans by name of their trace."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.resources: list[dict[str, str]] = []

    def take(self, body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        for each in request.resource_spans:
            self.resources.append({pair.key: pair.value.string_value for pair in each.resource.attributes})
            for scope in each.scope_spans:
                self.spans += scope.spans

    def orders(self) -> list[tuple[Any, list[Any]]]:
        """Each whole trace: the root, and its children by their beginning."""
        roots = [span for span in self.spans if not span.parent_span_id]
        found = []
        for root in roots:
            children = [span for span in self.spans if span.parent_span_id == root.span_id]
            assert all(child.trace_id == root.trace_id for child in children)
            if len(children) == len(STAGES):
                found.append((root, sorted(children, key=lambda span: STAGES.index(span.name))))
        return found


@contextmanager
def collecting() -> Iterator[tuple[Collector, str]]:
    """A collector that takes OTLP over HTTP, and its address."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.take(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield collector, f"http://127.0.0.1:{server.server_port}/v1/traces"
        finally:
            server.shutdown()
            thread.join()


def attributes(span: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in span.attributes}


def logged(venue: EmbeddedVenue) -> dict[int, Any]:
    """The venue's NEW records by sequence."""
    reader = JournalReader(venue.venue.journal_directory)
    found: dict[int, Any] = {}
    while len(batch := reader.next_batch()):
        records = batch.view(np.ndarray)
        found |= {int(record["sequence"]): record.copy() for record in records[records["kind"] == Kind.NEW]}
    return found


def test_every_sampled_order_is_a_trace_whose_stages_meet_at_the_logs_stamp(tmp_path: Path) -> None:
    symbol = {"name": "ACME", "tick_size": "0.01", "lot_size": "1", "reference_price": "100.00"}
    with collecting() as (collector, endpoint):
        settings: dict[str, Any] = {
            "topology": {"pin": False, "idle": "park"},
            "pools": {"orders_per_shard": 4096, "level_pages_per_shard": 1024, "directory_entries_per_shard": 65536},
            "symbols": [symbol | {"lowest_price": "0.01", "highest_price": "999.99"}],
            "accounts": [{"name": "alice", "keys": ["alice-key"]}],
            "monitoring": {"tracing": {"endpoint": endpoint, "one_in": 2}},
        }
        with embedded_venue(settings, gateways=True, directory=tmp_path / "venue") as venue:
            placed = []
            with Client(venues.addresses(venue.venue.path)["gateway-0"], "alice-key") as alice:
                for number in range(8):
                    placed.append(alice.place("ACME", "sell", "10", f"{100 + number}.00")["order_id"])
                for _ in range(2):
                    with pytest.raises(TradingError):
                        alice.place("ACME", "buy", "10", "107.00", post_only=True)
            until(lambda: len(collector.orders()) >= 5, "the traces")
            records = logged(venue)
        orders = collector.orders()
        assert len(orders) == 5, "one of two"
        told = {attributes(root).get("tradsys.order_id"): attributes(root) for root, _ in orders}
        assert len(told.keys() & set(placed)) == 4
        assert told[None]["tradsys.reason"] == "would_cross"
        for root, children in orders:
            assert root.name == "order"
            assert [child.name for child in children] == STAGES
            record = records[attributes(root)["tradsys.log_sequence"]]
            gateway, ring, core, answer = children
            assert root.start_time_unix_nano == gateway.start_time_unix_nano
            assert root.end_time_unix_nano == answer.end_time_unix_nano
            for before, after in ((gateway, ring), (ring, core), (core, answer)):
                assert before.start_time_unix_nano <= before.end_time_unix_nano == after.start_time_unix_nano
            # The clock's offset is taken anew every few milliseconds, so the stamp may lie just before the sending.
            assert ring.end_time_unix_nano == max(int(record["timestamp_ns"]), gateway.end_time_unix_nano)
            assert attributes(root)["tradsys.request"] == int(record["request"])
        about = collector.resources[0]
        assert (about["service.name"], about["service.instance.id"]) == ("tradsys", "gateway-0")
