"""A venue in private memory and a host that says what a test wants."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from tests.workers.stepped import SIZES, compact, describe
from workers import memory as memories
from workers.memory import HEARTBEAT_NS, PHASE, PID, READY, RUNNING, STATE, VenueMemory
from workers.monitoring.database import Kept
from workers.monitoring.host import Disk, Usage
from workers.monitoring.probes import MONITOR, WELL
from workers.topology import WorkerPlan
from workers.venue import Venue

GIB = 1 << 30
ENGINE, GATEWAY, WATCHER = range(3)
PID_OF_ENGINE = 4242


class MadeUpDatabase:
    """What has been found of a data directory."""

    def __init__(self) -> None:
        self.found: Kept | None = Kept(WELL, 0)

    def kept(self) -> Kept | None:
        return self.found


class MadeUpHost:
    """What a host says; a disk of None cannot be asked."""

    def __init__(self) -> None:
        self.memory = 40
        self.cpu = 30
        self.the_disk: Disk | None = Disk(100 * GIB, 60 * GIB, 1000, 900, is_writable=True)
        self.uses = {PID_OF_ENGINE: Usage(1_700_000_001.5, 12.5, 1 << 20, 30, 1000)}

    def memory_percent(self) -> int:
        return self.memory

    def cpu_percent(self) -> int:
        return self.cpu

    def disk(self, directory: Path) -> Disk:
        if self.the_disk is None:
            raise OSError("the disk does not answer")
        return self.the_disk

    def usage(self, pid: int) -> Usage | None:
        return self.uses.get(pid)


def made_up_venue(directory: Path) -> tuple[Venue, VenueMemory]:
    """A venue whose engine, gateway and monitor are well at the moment 0; nobody works on its memory."""
    plans = [
        *compact(),
        WorkerPlan(GATEWAY, "gateway-0", ["gateway-0"], None, "event loop"),
        WorkerPlan(WATCHER, MONITOR, [MONITOR], None, "event loop"),
    ]
    described = describe(directory, plans, SIZES)
    venue = msgspec.structs.replace(described, started_ns=1_700_000_000_000_000_000)
    memory = memories.private(SIZES)
    memory.control[PHASE] = RUNNING
    for plan in plans:
        memory.line(plan.index)[STATE] = READY
    memory.line(ENGINE)[PID] = PID_OF_ENGINE
    beat(memory, 1)
    return venue, memory


def beat(memory: VenueMemory, now_ns: int) -> None:
    """Everybody gives a sign of life."""
    lines = np.arange(3) * memories.LINE
    memory.workers[lines + HEARTBEAT_NS] = now_ns
