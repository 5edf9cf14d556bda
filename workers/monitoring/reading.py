"""One look at the venue and its host: what every probe reads."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import numpy as np

from shm import histogram
from shm.buckets import since
from tradsys.configuration import Configuration
from tradsys.configuration.sections import Snapshots
from workers.memory import VenueMemory
from workers.monitoring.database import Database
from workers.monitoring.host import Disk, Host
from workers.monitoring.probes import Readings
from workers.observation import Observation, observe
from workers.venue import Venue

_MILLISECOND_NS = 1_000_000
_SECOND_NS = 1_000_000_000


class JournalLag:
    """How old the oldest record is that the log has and the journal has not, as exactly as it is looked at."""

    def __init__(self) -> None:
        self._seen: deque[tuple[int, int]] = deque()

    def look(self, now_ns: int, log: int, journaled: int) -> int:
        """The age in ns; `log` and `journaled` are sequences, the latter read after the former or with it."""
        assert log >= 0, "records are numbered from 1"
        if not self._seen or self._seen[-1][0] < log:
            self._seen.append((log, now_ns))
        while self._seen and self._seen[0][0] <= journaled:
            self._seen.popleft()
        assert not self._seen or self._seen[0][1] <= now_ns, "the monotonic clock does not go back"
        return now_ns - self._seen[0][1] if self._seen else 0


class ClockStep:
    """By how much CLOCK_REALTIME went another way than CLOCK_MONOTONIC between two looks."""

    def __init__(self) -> None:
        self._apart: int | None = None

    def look(self, wall_ns: int, monotonic_ns: int) -> int:
        """The step in ns, without its sign."""
        apart = wall_ns - monotonic_ns
        before, self._apart = self._apart, apart
        return abs(apart - before) if before is not None else 0


class SnapshotDue:
    """For how long a snapshot has been due by the clock: since the log has grown enough behind the newest one."""

    def __init__(self) -> None:
        self._since_ns: int | None = None
        self._newest = 0

    def look(self, now_ns: int, journaled: int, newest: int, settings: Snapshots) -> int:
        """In per cent of the interval between two; `newest` is the log sequence of the newest one, 0 without any."""
        assert newest >= 0, "records are numbered from 1"
        is_due = settings.interval_seconds > 0 and journaled - newest >= settings.records_min
        if not is_due or newest != self._newest:
            self._since_ns = None
        self._newest = newest
        if not is_due:
            return 0
        if self._since_ns is None:
            self._since_ns = now_ns
        assert self._since_ns <= now_ns, "the monotonic clock does not go back"
        return 100 * (now_ns - self._since_ns) // (settings.interval_seconds * _SECOND_NS)


class Prober:
    """Looks at one venue, and remembers what two looks need to be compared."""

    def __init__(self, venue: Venue, memory: VenueMemory, host: Host, database: Database) -> None:
        assert memory.sizes == venue.sizes, "the memory of this venue"
        assert any(plan.is_core for plan in venue.workers), "there is a core whose heart is listened to"
        self._venue = venue
        self._memory = memory
        self._host = host
        self._database = database
        self._snapshots = venue.configuration.snapshots
        self._lag = JournalLag()
        self._clock = ClockStep()
        self._due = SnapshotDue()
        self._syncs = np.array(memory.journal_sync)

    def configure(self, configuration: Configuration) -> None:
        """Snapshots are due by this configuration from now on."""
        self._snapshots = configuration.snapshots

    def look(self, monotonic_ns: int, wall_ns: int) -> Readings:
        """What every probe reads at this moment."""
        seen = observe(self._venue, self._memory)
        disk, kept = self._disk(), self._database.kept()
        counters = seen.counters
        return {
            "heartbeat_ms": self._heartbeat_ns(seen) // _MILLISECOND_NS,
            "ring_percent": max(100 * ring.waiting // ring.capacity for ring in seen.rings),
            "journal_lag_ms": self._lag.look(monotonic_ns, seen.log, seen.journaled) // _MILLISECOND_NS,
            "journal_sync_ms": self._sync_ns() // _MILLISECOND_NS,
            "memory_percent": self._host.memory_percent(),
            "cpu_percent": self._host.cpu_percent(),
            "disk_percent": disk and _percent(disk.bytes - disk.free_bytes, disk.bytes),
            "disk_segments": disk and disk.free_bytes // self._venue.configuration.journal.segment_bytes,
            "inodes_percent": disk and _percent(disk.inodes - disk.free_inodes, disk.inodes),
            "descriptors_percent": self._descriptors(seen),
            "clock_step_ms": self._clock.look(wall_ns, monotonic_ns) // _MILLISECOND_NS,
            "imbalance": counters.get("ledger_imbalance", 0) + counters.get("ledger_faults", 0),
            "lost": counters.get("ledger_lost", 0),
            "read_only": disk and int(not disk.is_writable),
            "database": kept and kept.state,
            "snapshot_percent": kept and self._due.look(monotonic_ns, seen.journaled, kept.snapshot, self._snapshots),
        }

    def _heartbeat_ns(self, seen: Observation) -> int:
        ages = [
            worker.heartbeat_age_ns
            for worker in seen.workers
            if self._venue.plan_of(worker.name).is_core
            and worker.state == "ready"
            and worker.heartbeat_age_ns is not None
        ]
        return max(ages, default=0)

    def _sync_ns(self) -> int:
        """The time within which 99 of 100 writes of the journal were done since the last look."""
        now = np.array(self._memory.journal_sync)
        assert now.shape == self._syncs.shape, "two readings of one histogram"
        added = since(now, self._syncs)
        self._syncs = now
        return histogram.percentile(added, 99)

    def _disk(self) -> Disk | None:
        try:
            return self._host.disk(Path(self._venue.data_directory))
        except OSError:
            return None

    def _descriptors(self, seen: Observation) -> int:
        uses = [self._host.usage(worker.pid) for worker in seen.workers if worker.pid]
        return max(
            (100 * use.descriptors // use.descriptors_max for use in uses if use and use.descriptors_max > 0), default=0
        )


def _percent(used: int, all: int) -> int:
    """Rounded up. A file system may say that more is free than there is, or that there is no limit: 0."""
    return min(max(-(-100 * used // all), 0), 100) if all > 0 else 0
