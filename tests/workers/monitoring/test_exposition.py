"""What Prometheus is told, read back by its own library, of a venue whose numbers are written by hand."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from pathlib import Path

import msgspec
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from gateway.tally import Tally
from shm import broadcast, histogram, ring
from tests.factories import symbol
from tests.workers.monitoring.made_up import MadeUpHost, beat, made_up_venue
from tradsys.book.layout import W_LIVE_ORDERS, W_TRADES, W_USED_ORDERS
from tradsys.configuration import sections
from tradsys.reasons import Reason
from workers.memory import JOURNALED, REASONS, RESTARTS, SYMBOLS
from workers.monitoring import alarms
from workers.monitoring.board import Board
from workers.monitoring.exposition import VenueCollector
from workers.monitoring.probes import PROBES
from workers.recorder.database import history_path
from workers.recorder.history import History, Place
from workers.recorder.rows import Rows
from workers.snapshot.files import snapshot_path

UNITS = ("_seconds", "_bytes", "_records", "_info", "_ratio")


def exposition(directory: Path) -> str:
    """Everything that a venue can tell."""
    venue, memory = made_up_venue(directory)
    beat(memory, time.monotonic_ns())
    memory.log.header[broadcast.CURSOR] = 100
    memory.control[JOURNALED] = 90
    memory.gateways[0].header[ring.HEAD] = 70
    memory.gateways[0].header[ring.TAIL] = 75
    memory.line(0)[RESTARTS] = 2
    memory.symbols[1] = symbol(1).definition()[0]
    memory.control[SYMBOLS] = 1
    shard = memory.shards[0]
    shard.words[W_TRADES], shard.words[W_LIVE_ORDERS], shard.words[W_USED_ORDERS] = 5, 3, 4
    for slot, side in ((1, 0), (3, 1), (4, 1)):
        order = shard.orders[slot]
        order["order_id"], order["symbol"], order["side"] = 1000 + slot, 1, side
    for nanoseconds in (100, 140_000, 160_000, 10**10):
        histogram.record(memory.matching, nanoseconds)
    tally = Tally(memory.counters, "gateway-0")
    tally.commands.add(70)
    tally.busy.add(4)
    tally.sockets.add(2)
    memory.refusals[REASONS + Reason.WOULD_CROSS] = 6
    for ring_number in (0, 1):
        histogram.record(memory.gateway_stages[ring_number * 3 * histogram.WORDS :][: histogram.WORDS], 1_000)
    Board(memory.counters).write({probe.name: 1 for probe in PROBES}, alarms.begin(), 1 << 62)
    venue.journal_directory.mkdir(parents=True)
    (venue.journal_directory / "00000000000000000001.journal").write_bytes(bytes(100))
    for sequence in (42, 91):  # the second one is of an end that the log has lost
        snapshot_path(venue.journal_directory, sequence).write_bytes(bytes(50))
    registry = CollectorRegistry()
    registry.register(VenueCollector(venue, memory, MadeUpHost()))
    return generate_latest(registry).decode()


@pytest.fixture
def families(tmp_path: Path) -> dict[str, Metric]:
    return {family.name: family for family in text_string_to_metric_families(exposition(tmp_path))}


def value(families: dict[str, Metric], sample: str, **labels: str) -> float:
    """The one sample of this name with these labels."""
    found = [
        each.value
        for family in families.values()
        for each in family.samples
        if each.name == sample and all(each.labels[name] == text for name, text in labels.items())
    ]
    assert len(found) == 1, (sample, labels, found)
    return found[0]


def test_the_numbers_are_those_of_the_memory(families: dict[str, Metric]) -> None:
    assert value(families, "tradsys_commands_total") == 70
    assert value(families, "tradsys_trades_total", shard="0") == 5
    assert value(families, "tradsys_journal_lag_records") == 10
    assert value(families, "tradsys_ring_waiting_records", ring="gateway-0") == 5
    assert value(families, "tradsys_reader_lag_records", ring="log", reader="journal") == 100
    assert value(families, "tradsys_worker_restarts_total", worker="engine") == 2
    assert value(families, "tradsys_refusals_total", reason="would_cross") == 6
    assert value(families, "tradsys_stage_latency_seconds_count", stage="gateway") == 2, "those of all gateways"
    assert value(families, "tradsys_worker_open_fds", worker="engine") == 30
    assert value(families, "tradsys_gateway_errors_total", gateway="gateway-0", code="busy") == 4
    assert value(families, "tradsys_gateway_sockets", gateway="gateway-0") == 2
    assert value(families, "tradsys_book_orders", symbol=symbol(1).name, side="buy") == 1
    assert value(families, "tradsys_book_orders", symbol=symbol(1).name, side="sell") == 2
    assert value(families, "tradsys_snapshot_log_sequence") == 42
    assert value(families, "tradsys_snapshots") == 2
    assert value(families, "tradsys_journal_size_bytes") == 100
    assert value(families, "tradsys_phase", phase="ready") == 1
    assert value(families, "tradsys_probe_value", probe="imbalance") == 1
    assert value(families, "tradsys_start_time_seconds") == 1_700_000_000


def test_how_far_the_history_is_behind_is_told_while_it_can_be_read(tmp_path: Path) -> None:
    venue, memory = made_up_venue(tmp_path)
    wanted = msgspec.structs.replace(venue.configuration, history=sections.History(enabled=True))
    memory.control[JOURNALED] = 90
    registry = CollectorRegistry()
    registry.register(VenueCollector(msgspec.structs.replace(venue, configuration=wanted), memory, MadeUpHost()))
    assert b"tradsys_history" not in generate_latest(registry)
    history = History(history_path(venue.path))
    assert b"tradsys_history" not in generate_latest(registry)
    history.begin("1", Place(70, 0, [0]), Rows())
    assert b"\ntradsys_history_lag_records 20.0\n" in generate_latest(registry)
    history.close()
    assert "tradsys_history" not in exposition(tmp_path), "nor where there is to be none"


def test_a_stage_is_a_histogram_in_seconds_with_the_promised_latency_as_a_bound(families: dict[str, Metric]) -> None:
    stage = {"stage": "match"}
    bucket = "tradsys_stage_latency_seconds_bucket"
    assert value(families, bucket, le="0.0001", **stage) == 1
    assert value(families, bucket, le="0.00015", **stage) == 2
    assert value(families, bucket, le="5.0", **stage) == 3
    assert value(families, bucket, le="+Inf", **stage) == 4
    assert value(families, "tradsys_stage_latency_seconds_count", **stage) == 4
    assert value(families, "tradsys_stage_latency_seconds_sum", **stage) == pytest.approx(10.0003001)


def test_names_and_labels_follow_the_conventions_of_prometheus(families: dict[str, Metric]) -> None:
    for family in families.values():
        assert re.fullmatch(r"tradsys_[a-z][a-z_]*[a-z]", family.name), family.name
        assert family.documentation.endswith("."), f"{family.name} says what it is in a sentence"
        assert family.type in ("counter", "gauge", "histogram")
        assert not family.name.endswith(("_ms", "_ns", "_us", "_percent", "_kb")), "base units only"
        for sample in family.samples:
            assert set(sample.labels).isdisjoint({"job", "instance"}), "those are Prometheus's own"
            if family.type == "counter":
                assert sample.name == f"{family.name}_total"
                assert sample.value >= 0
            if family.type == "gauge":
                assert not sample.name.endswith(("_total", "_count", "_sum", "_bucket"))
        if family.type == "histogram":
            assert family.name.endswith(UNITS), "a histogram's name ends in its unit"


def test_promtool_has_nothing_to_say(tmp_path: Path) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=exposition(tmp_path), text=True, capture_output=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
