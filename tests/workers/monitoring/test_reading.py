"""What the probes read of a venue in private memory and a host that is made up."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from shm import broadcast, histogram
from shm.counters import STRIDE, CounterKind
from tests.workers.monitoring.made_up import (
    ENGINE,
    GIB,
    PID_OF_ENGINE,
    MadeUpDatabase,
    MadeUpHost,
    beat,
    made_up_venue,
)
from tradsys.configuration.sections import Snapshots
from workers.memory import HEARTBEAT_NS, JOURNALED
from workers.monitoring.database import Kept
from workers.monitoring.host import Disk, ThisHost, Usage
from workers.monitoring.probes import UNREADABLE
from workers.monitoring.reading import ClockStep, JournalLag, Prober, SnapshotDue

MILLISECOND = 1_000_000


@pytest.fixture
def host() -> MadeUpHost:
    return MadeUpHost()


def test_the_journals_lag_is_the_age_of_what_is_not_durable() -> None:
    lag = JournalLag()
    looks = [(0, 10, 10), (100, 20, 10), (200, 30, 10), (300, 30, 20), (400, 30, 29), (500, 40, 30), (600, 40, 40)]
    assert [lag.look(*look) for look in looks] == [0, 0, 100, 100, 200, 0, 0]


def test_a_step_of_the_clock_is_seen_once_in_either_direction() -> None:
    clock = ClockStep()
    looks = [(1_000, 0), (1_500, 500), (1_900, 1_000), (2_400, 1_500), (3_000, 2_000)]
    assert [clock.look(*look) for look in looks] == [0, 0, 100, 0, 100]


def test_a_snapshot_is_due_when_the_log_has_grown_and_for_as_long_as_none_is_there() -> None:
    due, settings, second = SnapshotDue(), Snapshots(interval_seconds=10, records_min=100), 10**9
    looks = [(0, 99, 0), (1, 100, 0), (3, 150, 0), (21, 300, 0), (22, 310, 300), (30, 400, 300), (45, 500, 300)]
    found = [due.look(at * second, journaled, newest, settings) for at, journaled, newest in looks]
    assert found == [0, 0, 20, 200, 0, 0, 150]
    assert due.look(99 * second, 900, 300, Snapshots(interval_seconds=0)) == 0, "none are taken by the clock"


def test_a_venue_that_is_well_reads_well(tmp_path: Path, host: MadeUpHost) -> None:
    prober = Prober(*made_up_venue(tmp_path), host, MadeUpDatabase())
    readings = prober.look(0, 0)
    for name in (
        "ring_percent",
        "journal_lag_ms",
        "journal_sync_ms",
        "clock_step_ms",
        "imbalance",
        "lost",
        "read_only",
        "database",
        "snapshot_percent",
    ):
        assert readings[name] == 0
    assert (readings["memory_percent"], readings["cpu_percent"], readings["disk_percent"]) == (40, 30, 40)
    assert (readings["inodes_percent"], readings["descriptors_percent"]) == (10, 3)
    assert readings["disk_segments"] == 60 * GIB // (1 << 14)


def test_what_goes_wrong_is_read(tmp_path: Path, host: MadeUpHost) -> None:
    venue, memory = made_up_venue(tmp_path)
    database = MadeUpDatabase()
    prober = Prober(venue, memory, host, database)
    prober.look(0, 0)
    database.found = Kept(UNREADABLE, 0)
    memory.log.header[broadcast.CURSOR] = 192  # of 256
    memory.control[JOURNALED] = 90
    for _ in range(100):
        histogram.record(memory.journal_sync, 300 * MILLISECOND)
    place = STRIDE * memory.counters.allocate("ledger_imbalance", CounterKind.GAUGE)
    memory.counters.values[place] = 2
    host.the_disk = Disk(100 * GIB, 2 << 14, 0, 0, is_writable=False)
    host.uses[PID_OF_ENGINE] = Usage(0.0, 0.0, 0, 950, 1000)
    readings = prober.look(0, 0)
    assert readings["ring_percent"] == 75
    assert readings["journal_sync_ms"] in range(300, 306)
    assert (readings["imbalance"], readings["database"]) == (2, UNREADABLE)
    assert (readings["disk_percent"], readings["disk_segments"], readings["read_only"]) == (100, 2, 1)
    assert (readings["inodes_percent"], readings["descriptors_percent"]) == (0, 95)
    readings = prober.look(400 * MILLISECOND, 0)
    assert readings["journal_lag_ms"] == 400
    assert readings["journal_sync_ms"] == 0, "nothing was written since the last look"
    assert readings["clock_step_ms"] == 400


def test_a_heartbeat_that_stops_is_read_and_a_disk_that_cannot_be_asked_is_not(
    tmp_path: Path, host: MadeUpHost
) -> None:
    venue, memory = made_up_venue(tmp_path)
    database = MadeUpDatabase()
    database.found = None
    prober = Prober(venue, memory, host, database)
    now_ns = time.monotonic_ns()
    beat(memory, now_ns)
    memory.line(ENGINE)[HEARTBEAT_NS] = now_ns - 5_000 * MILLISECOND
    host.the_disk = None
    readings = prober.look(now_ns, 0)
    assert (readings["heartbeat_ms"] or 0) >= 5_000
    assert [name for name, value in readings.items() if value is None] == [
        "disk_percent", "disk_segments", "inodes_percent", "read_only", "database", "snapshot_percent",
    ]  # fmt: skip


def test_this_host_says_what_the_system_says(tmp_path: Path) -> None:
    host = ThisHost([0])
    disk = host.disk(tmp_path)
    assert disk.is_writable
    assert 0 < disk.free_bytes <= disk.bytes
    assert 0 <= host.memory_percent() <= 100
    assert 0 <= host.cpu_percent() <= 100
    with (tmp_path / "one more").open("w"):
        use = host.usage(int(Path("/proc/self").readlink().name))
    assert use is not None
    assert 0 < use.descriptors <= use.descriptors_max
    assert host.usage(1 << 30) is None
    with pytest.raises(OSError, match="No such file"):
        host.disk(tmp_path / "nowhere")
