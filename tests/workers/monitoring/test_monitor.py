"""The monitor look by look: signs of life, what it shows, what it tells, and what one that starts again takes over."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.conftest import Logged
from tests.workers.monitoring.made_up import GIB, WATCHER, MadeUpDatabase, MadeUpHost, made_up_venue
from tradsys.configuration import Configuration
from tradsys.configuration.monitoring import Monitoring, Threshold, Thresholds
from workers.memory import HEARTBEAT_NS, VenueMemory
from workers.monitoring.board import ProbeView, read_board
from workers.monitoring.database import Kept
from workers.monitoring.host import Disk
from workers.monitoring.monitor import Monitor
from workers.monitoring.probes import UNREADABLE, UNWRITABLE, WELL
from workers.monitoring.reading import Prober
from workers.venue import Venue

SECOND_NS = 1_000_000_000
FULL = Disk(100 * GIB, 0, 1000, 900, is_writable=True)
TIMES = [number * SECOND_NS for number in range(1, 100)]


def monitor_of(venue: Venue, memory: VenueMemory, host: MadeUpHost, database: MadeUpDatabase | None = None) -> Monitor:
    return Monitor(venue, memory, venue.workers[WATCHER], Prober(venue, memory, host, database or MadeUpDatabase()))


def looking_every(venue: Venue, look_ms: int) -> Venue:
    monitoring = msgspec.structs.replace(venue.configuration.monitoring, look_ms=look_ms)
    return msgspec.structs.replace(venue, configuration=configured(venue, monitoring))


def configured(venue: Venue, monitoring: Monitoring) -> Configuration:
    return msgspec.structs.replace(venue.configuration, monitoring=monitoring)


def shown(memory: VenueMemory, probe: str, now_ns: int) -> ProbeView:
    return next(view for view in read_board(memory.counters, now_ns) if view.name == probe)


def told(logged: Logged, probe: str) -> list[dict[str, Any]]:
    """What the log says of a probe."""
    return [line for line in logged.lines("monitor") if line["probe"] == probe]


def test_signs_of_life_come_more_often_than_looks_may(tmp_path: Path) -> None:
    venue, memory = made_up_venue(tmp_path)
    host = MadeUpHost()
    monitor = monitor_of(looking_every(venue, 60_000), memory, host)
    assert monitor.pause_seconds <= 0.25
    monitor.step(TIMES[0])
    host.memory = 50
    memory.line(WATCHER)[HEARTBEAT_NS] = 0
    monitor.step(TIMES[1])
    assert time.monotonic_ns() - memory.line(WATCHER)[HEARTBEAT_NS] < 60 * SECOND_NS
    assert shown(memory, "memory_percent", TIMES[1]).value == 40, "it is not time to look again"
    monitor.step(TIMES[60])
    assert shown(memory, "memory_percent", TIMES[60]).value == 50


@pytest.mark.parametrize(("look_ms", "seconds"), [(500, 5), (60_000, 120)])
def test_what_was_said_counts_for_two_looks_at_least(tmp_path: Path, look_ms: int, seconds: int) -> None:
    venue, memory = made_up_venue(tmp_path)
    monitor_of(looking_every(venue, look_ms), memory, MadeUpHost()).step(TIMES[0])
    assert read_board(memory.counters, TIMES[0] + seconds * SECOND_NS)
    assert not read_board(memory.counters, TIMES[0] + seconds * SECOND_NS + 1)


def test_a_monitor_that_starts_again_goes_on_with_the_alarms_of_the_one_before(tmp_path: Path) -> None:
    venue, memory = made_up_venue(tmp_path)
    host = MadeUpHost()
    host.the_disk = FULL
    first = monitor_of(venue, memory, host)
    for now_ns in TIMES[:3]:
        first.step(now_ns)
    assert shown(memory, "disk_segments", TIMES[2]).alarm
    second = monitor_of(venue, memory, host)
    second.step(TIMES[3])
    assert shown(memory, "disk_segments", TIMES[3]).alarm, "not only after as many looks as it takes to begin"
    host.the_disk = MadeUpHost().the_disk
    for now_ns in TIMES[4:6]:
        second.step(now_ns)
    assert not shown(memory, "disk_segments", TIMES[5]).alarm


def test_alarms_are_told_when_they_begin_and_end_by_the_thresholds_of_now(tmp_path: Path, logged: Logged) -> None:
    venue, memory = made_up_venue(tmp_path)
    host, database = MadeUpHost(), MadeUpDatabase()
    monitor = monitor_of(venue, memory, host, database)
    monitor.step(TIMES[0])
    assert told(logged, "database") == []
    database.found = Kept(UNREADABLE, 0)
    monitor.step(TIMES[1])
    (line,) = told(logged, "database")
    assert (line["level"], line["event"]) == ("error", "the venue is not ready")
    assert "tradsys journal verify" in line["why"]
    database.found = Kept(UNWRITABLE, 0)
    monitor.step(TIMES[2])
    assert "cannot be written" in shown(memory, "database", TIMES[2]).words
    database.found = None
    monitor.step(TIMES[3])
    assert shown(memory, "database", TIMES[3]).alarm
    database.found = Kept(WELL, 0)
    monitor.step(TIMES[4])
    assert [line["event"] for line in told(logged, "database")] == ["the venue is not ready", "an alarm is over"]
    low = Monitoring(thresholds=Thresholds(memory_percent=Threshold(40, 30, 1)))
    monitor.configure(configured(venue, low))
    monitor.step(TIMES[5])
    assert told(logged, "memory_percent")[-1]["why"] == "40 % of the host's memory are in use"
