"""One look at the venue and its host: what every probe reads."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import numpy as np

from shm import histogram
from shm.buckets import since
from workers.memory import VenueMemory
from workers.monitoring.host import Disk, Host
from workers.monitoring.probes import Readings
from workers.observation import Observation, observe
from workers.venue import Venue

_MILLISECOND_NS = 1_000_000


class JournalLag:
    """How old the oldest record is that the log has and the journal has not, as exactly as it is looked at."""

    def __init__(self) -> None:
        self._seen: deque[tuple[int, int]] = deque()

    def look(self, now_ns: int, log: int, journaled: int) -> int:
        """The age in ns; `log` and `journaled` are sequences, the latter read after the former or with it."""
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


class Prober:
    """Looks at one venue, and remembers what two looks need to be compared."""

    def __init__(self, venue: Venue, memory: VenueMemory, host: Host) -> None:
        self._venue = venue
        self._memory = memory
        self._host = host
        self._lag = JournalLag()
        self._clock = ClockStep()
        self._syncs = np.array(memory.journal_sync)

    def look(self, monotonic_ns: int, wall_ns: int) -> Readings:
        """What every probe reads at this moment."""
        seen = observe(self._venue, self._memory)
        disk = self._disk()
        counters = seen.counters
        return {
            "heartbeat_ms": self._heartbeat_ns(seen) // _MILLISECOND_NS,
            "ring_percent": max(100 * ring.waiting // ring.capacity for ring in seen.rings),
            "journal_lag_ms": self._lag.look(monotonic_ns, seen.log, seen.journaled) // _MILLISECOND_NS,
            "journal_sync_ms": self._sync_ns() // _MILLISECOND_NS,
            "memory_percent": self._host.memory_percent(),
            "cpu_percent": self._host.cpu_percent(),
            "disk_percent": disk and 100 - 100 * disk.free_bytes // max(disk.bytes, 1),
            "disk_segments": disk and disk.free_bytes // self._venue.configuration.journal.segment_bytes,
            "inodes_percent": disk and (100 - 100 * disk.free_inodes // disk.inodes if disk.inodes else 0),
            "descriptors_percent": self._descriptors(seen),
            "clock_step_ms": self._clock.look(wall_ns, monotonic_ns) // _MILLISECOND_NS,
            "imbalance": counters.get("ledger_imbalance", 0) + counters.get("ledger_faults", 0),
            "lost": counters.get("ledger_lost", 0),
            "read_only": disk and int(not disk.is_writable),
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
