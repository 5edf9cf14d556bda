"""When a venue is ready, and the words for why it is not."""

from __future__ import annotations

import errno
from pathlib import Path

from tests.workers.monitoring.made_up import ENGINE, GATEWAY, WATCHER, beat, made_up_venue
from workers.memory import (
    DRAINING,
    HEARTBEAT_NS,
    JOURNAL_TROUBLE,
    PHASE,
    RECOVERING,
    STATE,
    TROUBLE_SINCE_NS,
    VenueMemory,
)
from workers.monitoring import alarms
from workers.monitoring.alarms import Alarm
from workers.monitoring.board import SILENT_NS, Board, is_probe, read_board
from workers.monitoring.probes import PROBES, Readings
from workers.monitoring.readiness import HEARTBEAT_NS_MAX, readiness

NOW_NS = 10**12


def show(memory: VenueMemory, *probes: str) -> None:
    """Let the monitor show an alarm of these probes."""
    readings: Readings = {probe.name: 7 for probe in PROBES}
    Board(memory.counters).write(readings, alarms.begin() | {name: Alarm(is_on=True) for name in probes})


def test_a_venue_that_is_well_is_ready(tmp_path: Path) -> None:
    venue, memory = made_up_venue(tmp_path)
    beat(memory, NOW_NS)
    show(memory)
    found = readiness(memory, venue.workers, NOW_NS)
    assert (found.ready, found.reasons, found.warnings) == (True, [], [])


def test_what_keeps_orders_out_is_told_in_words(tmp_path: Path) -> None:
    venue, memory = made_up_venue(tmp_path)
    beat(memory, NOW_NS)
    show(memory, "disk_segments", "cpu_percent")
    memory.control[PHASE] = DRAINING
    memory.line(ENGINE)[STATE] = RECOVERING
    memory.control[JOURNAL_TROUBLE], memory.control[TROUBLE_SINCE_NS] = errno.ENOSPC, NOW_NS
    found = readiness(memory, venue.workers, NOW_NS)
    assert found.reasons == [
        "the venue is draining",
        "engine is recovering",
        "the journal is in trouble: No space left on device",
        "the data directory's disk has room for only 7 more segments of the journal",
    ]
    assert found.warnings == ["7 % of the cores' time are in use"]
    assert not found.ready


def test_a_gateway_that_is_away_is_a_warning_because_others_may_be_there(tmp_path: Path) -> None:
    venue, memory = made_up_venue(tmp_path)
    beat(memory, NOW_NS)
    memory.line(GATEWAY)[HEARTBEAT_NS] = NOW_NS - HEARTBEAT_NS_MAX - 500_000_000
    found = readiness(memory, venue.workers, NOW_NS)
    assert (found.ready, found.warnings) == (True, ["gateway-0 has given no sign of life for 2,500 ms"])


def test_what_a_monitor_said_that_is_silent_counts_no_more(tmp_path: Path) -> None:
    venue, memory = made_up_venue(tmp_path)
    beat(memory, NOW_NS)
    show(memory, "read_only")
    memory.line(WATCHER)[HEARTBEAT_NS] = NOW_NS - SILENT_NS
    assert readiness(memory, venue.workers, NOW_NS).reasons == ["the data directory cannot be written"]
    beat(memory, NOW_NS + 1)
    memory.line(WATCHER)[HEARTBEAT_NS] = NOW_NS - SILENT_NS
    found = readiness(memory, venue.workers, NOW_NS + 1)
    assert (found.ready, found.warnings) == (
        True,
        ["the monitor is silent: nobody watches disk, memory, descriptors and clock"],
    )


def test_a_venue_without_a_monitor_is_judged_by_its_memory_alone(tmp_path: Path) -> None:
    venue, memory = made_up_venue(tmp_path)
    beat(memory, NOW_NS)
    show(memory, "read_only")
    assert readiness(memory, [plan for plan in venue.workers if plan.index != WATCHER], NOW_NS).ready


def test_the_board_tells_what_was_written_and_what_could_not_be_read(tmp_path: Path) -> None:
    _, memory = made_up_venue(tmp_path)
    assert read_board(memory.counters) == []
    board = Board(memory.counters)
    readings = {probe.name: None if probe.name == "disk_segments" else 3 for probe in PROBES}
    board.write(readings, alarms.begin() | {"lost": Alarm(is_on=True)})
    seen = {probe.name: probe for probe in read_board(memory.counters)}
    assert (seen["disk_segments"].value, seen["lost"].value) == (None, 3)
    assert [name for name, probe in seen.items() if probe.alarm] == ["lost"]
    assert [probe.name for probe in PROBES if probe.is_fatal] == [name for name, probe in seen.items() if probe.fatal]
    assert all(is_probe(name) for name in memory.counters.snapshot())
    assert Board(memory.counters) is not board, "a monitor that starts again finds its places"
    assert len(memory.counters.snapshot()) == 2 * len(PROBES)
