"""What `status` and `top` show of a venue whose workers are fakes and whose numbers are written by hand."""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shm import broadcast, histogram, ring
from shm.counters import STRIDE
from tests.workers.fake_venue import Fakes, configuration, supervisor
from tradsys.book.layout import W_EVENTS, W_LIVE_ORDERS, W_TRADES
from tradsys.cli import tables
from tradsys.cli.main import app
from tradsys.reasons import Reason
from workers import venue as venues
from workers.memory import HEARTBEAT_NS, JOURNAL_TROUBLE, JOURNALED, READER_LEDGER, SLOW, TROUBLE_SINCE_NS
from workers.monitoring import alarms
from workers.monitoring.alarms import Alarm
from workers.monitoring.board import Board
from workers.monitoring.probes import MONITOR, PROBES, Readings
from workers.observation import observe
from workers.supervisor import Supervisor

runner = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"})


@pytest.fixture
def venue(tmp_path: Path, venue_name: str) -> Iterator[Supervisor]:
    with supervisor(tmp_path / venue_name, Fakes(tmp_path / "diary"), configuration()) as started:
        started.start()
        venues.write_address(started.venue.path, "gateway-0", "http://127.0.0.1:1234")
        yield started


def write_numbers(venue: Supervisor) -> None:
    memory = venue.memory
    memory.log.header[broadcast.CURSOR] = 1000
    memory.control[JOURNALED] = 990
    memory.log.header[broadcast.POSITION] = 980
    memory.gateways[0].header[ring.TAIL] = 700
    memory.gateways[0].header[ring.HEAD] = 650
    for number, shard in enumerate(memory.shards):
        shard.words[W_TRADES] = 5 + number
        shard.words[W_EVENTS] = 50
        shard.words[W_LIVE_ORDERS] = 7
    for value in range(1, 101):
        histogram.record(memory.journal_sync, value * 1_000_000)


def test_an_observation_says_what_the_memory_says(venue: Supervisor) -> None:
    write_numbers(venue)
    seen = observe(venue.venue, venue.memory)
    assert (seen.phase, seen.log, seen.journaled, seen.inbound) == ("ready", 1000, 990, 650)
    assert (seen.trades, seen.events, seen.live_orders) == (11, 100, 14)
    assert [worker.name for worker in seen.workers] == ["journal", "sequencer", "matcher-0", "matcher-1", "gateway-0"]
    assert {worker.state for worker in seen.workers} == {"ready"}
    assert all(worker.heartbeat_age_ns is not None and worker.heartbeat_age_ns < 10**10 for worker in seen.workers)
    rings = {each.name: each for each in seen.rings}
    assert (rings["gateway-0"].waiting, rings["log"].waiting) == (50, 1000)
    readers = {reader.name: reader.lag for reader in seen.readers}
    assert readers == {"journal": 20, "matcher-0": 1000, "matcher-1": 1000}
    assert seen.latencies["journal_sync"]["count"] == 100


def test_a_gate_of_a_tool_is_named_by_its_process(venue: Supervisor) -> None:
    events = venue.memory.events[0]
    reader, _ = broadcast.join(events)
    seen = observe(venue.venue, venue.memory)
    broadcast.leave(events, reader)
    assert [each.name for each in seen.readers if each.ring == "events-0"] == [f"pid {os.getpid()}"]


def test_the_ledger_reads_events_in_the_sequencer(venue: Supervisor) -> None:
    broadcast.reserve(venue.memory.events[0], READER_LEDGER, 0)
    seen = observe(venue.venue, venue.memory)
    assert [(each.name, each.pid) for each in seen.readers if each.ring == "events-0"] == [("sequencer", 0)]


def test_status_as_json_has_every_part(venue: Supervisor) -> None:
    write_numbers(venue)
    result = runner.invoke(app, ["status", "--json", "--data-dir", venue.venue.data_directory])
    assert result.exit_code == 0, result.output
    status = json.loads(result.output.splitlines()[-1])
    assert status["addresses"] == {"gateway-0": "http://127.0.0.1:1234"}
    assert status["supervisor_pid"] == os.getpid()
    assert status["phase"] == "ready"
    assert status["trades"] == 11
    assert [shard["live_orders"] for shard in status["shards"]] == [7, 7]
    assert status["segment_bytes"] > 0


def test_status_shows_tables(venue: Supervisor) -> None:
    write_numbers(venue)
    result = runner.invoke(app, ["status", "--data-dir", venue.venue.data_directory])
    assert result.exit_code == 0, result.output
    for text in ("ready in", "http://127.0.0.1:1234", "matcher-1", "journal sync", "650"):
        assert text in result.output


def test_what_is_wrong_with_the_journals_disk_is_shown_in_red(venue: Supervisor) -> None:
    command = ["--data-dir", venue.venue.data_directory]
    assert json.loads(runner.invoke(app, ["status", "--json", *command]).output)["journal_trouble"] is None
    assert tables.trouble(observe(venue.venue, venue.memory)) == ""
    histogram.record(venue.memory.journal_batch, 17)
    for code, words in ((errno.ENOSPC, "No space left on device"), (SLOW, "too slow, or stuck")):
        venue.memory.control[JOURNAL_TROUBLE] = code
        venue.memory.control[TROUBLE_SINCE_NS] = time.monotonic_ns() - 12 * 10**9
        assert tables.trouble(observe(venue.venue, venue.memory)).startswith(
            "[bold red]the journal is in trouble for 12."
        )
        shown = json.loads(runner.invoke(app, ["status", "--json", *command]).output)
        assert words in shown["journal_trouble"]["why"]
        assert 12 * 10**9 <= shown["journal_trouble"]["age_ns"] < 60 * 10**9
        assert shown["journal_batch"]["max"] == 17
        for view in (["status"], ["top", "--once", "--interval", "0.05"]):
            output = runner.invoke(app, [*view, *command]).output
            assert words in output
            assert "records a frame" in output


def test_what_must_never_be_is_shown_in_red(venue: Supervisor) -> None:
    counters = venue.memory.counters
    for name, value in (("ledger_lost", 3), ("ledger_faults", 0), ("ledger_sums", 9)):
        counters.values[STRIDE * counters.allocate(name)] = value
    names, values = (list(column.cells) for column in tables.counters(observe(venue.venue, venue.memory)).columns)
    shown = dict(zip(names, values, strict=True))
    assert (shown["ledger_lost"], shown["ledger_faults"], shown["ledger_sums"]) == ("[red]3", "0", "9")
    assert "ledger_lost" in runner.invoke(app, ["status", "--data-dir", venue.venue.data_directory]).output


def test_top_shows_one_interval_and_leaves(venue: Supervisor) -> None:
    write_numbers(venue)
    command = ["top", "--once", "--interval", "0.05", "--data-dir", venue.venue.data_directory]
    result = runner.invoke(app, command)
    assert result.exit_code == 0, result.output
    for text in ("tradsys: ready, 14 live orders", "gateway-0", "matcher-1", "commands taken in", "MiB"):
        assert text in result.output


def test_a_venue_whose_supervisor_is_gone_counts_as_not_running(
    venue: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shm.segment.Segment.alive", property(lambda segment: False))
    result = runner.invoke(app, ["status", "--data-dir", venue.venue.data_directory])
    assert result.exit_code == 1
    assert "was killed" in result.output


def test_why_a_venue_is_not_ready_is_shown_with_every_probe_and_reason(tmp_path: Path, venue_name: str) -> None:
    with supervisor(tmp_path / venue_name, Fakes(tmp_path / "diary"), configuration(), extras=(MONITOR,)) as started:
        started.start()
        memory = started.memory
        plan = next(plan for plan in started.venue.workers if plan.has(MONITOR))
        readings: Readings = {probe.name: 7 for probe in PROBES}
        Board(memory.counters).write(readings, alarms.begin() | {"disk_segments": Alarm(is_on=True)}, 1 << 62)
        memory.line(plan.index)[HEARTBEAT_NS] = time.monotonic_ns()
        memory.refusals[Reason.PRICE_COLLAR] = 11
        venues.write_address(started.venue.path, MONITOR, "http://127.0.0.1:5678/metrics")
        command = ["--data-dir", started.venue.data_directory]
        for view in (["status"], ["top", "--once", "--interval", "0.05"]):
            output = " ".join(runner.invoke(app, [*view, *command]).output.split())
            assert "not ready: the data directory's disk has room for only 7 more segments" in output
            assert "price_collar 11" in output
            assert "monitor: http://127.0.0.1:5678/metrics" in output or view[0] == "top"
            assert "disk_segments 7" in output
            assert "probe disk_segments alarm" not in output, "the board's own words are no counters"
        told = json.loads(runner.invoke(app, ["status", "--json", *command]).output)
        assert told["reasons"] == ["the data directory's disk has room for only 7 more segments of the journal"]
        assert told["refusals"] == {"price_collar": 11}
        assert [probe["name"] for probe in told["probes"] if probe["alarm"]] == ["disk_segments"]
