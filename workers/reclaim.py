"""Taking back what dead processes hold: places in rings, and the whole of a venue that was killed."""

from __future__ import annotations

import os
import select
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from shm import broadcast, ring
from shm.atomics import compare_exchange
from shm.doorbell import PollableBell
from shm.jit import kernel
from shm.segment import process_start_time
from tradsys.logging import logger
from workers import venue as venues
from workers.memory import WORKERS_MAX, VenueMemory
from workers.process import processes_of

_log = logger("supervisor")


@kernel
def _set_free(header: Any, pid: int) -> bool:
    """Free the ring unless somebody else took it meanwhile."""
    assert pid != 0, "a ring that somebody has taken"
    return compare_exchange(header, ring.PRODUCER_PID, pid, 0)


def release_dead(memory: VenueMemory) -> list[int]:
    """Free the rings and the gates of processes that are gone; gives their pids.

    A dead gating reader would hold the writer up for ever. Places of workers of the venue itself, marked -1, stay.
    """
    gone = []
    for commands in memory.gateways:
        pid = int(commands.header[ring.PRODUCER_PID])
        if pid and process_start_time(pid) == 0 and _set_free(commands.header, pid):
            gone.append(pid)
    for stream in (memory.log, *memory.events):
        for reader in range(int(stream.header[broadcast.READERS])):
            pid = int(stream.header[broadcast.PID + broadcast.READER_STRIDE * reader])
            if pid > 0 and process_start_time(pid) == 0:
                broadcast.leave(stream, reader)
                gone.append(pid)
    assert os.getpid() not in gone, "this process lives"
    return sorted(set(gone))


def end_orphans(segment: str, patience_s: float) -> list[int]:
    """Wait until no worker of an earlier run of this venue lives, killing those that stay; gives their pids.

    They got SIGTERM when their supervisor died, but may still be writing the journal.
    """
    orphans = processes_of(segment)
    assert os.getpid() not in orphans, "nobody ends himself"
    assert patience_s >= 0, "a time to wait"
    deadline = time.monotonic() + patience_s
    for pid in orphans:
        with suppress(ProcessLookupError):
            descriptor = os.pidfd_open(pid)
            try:
                signal.pidfd_send_signal(descriptor, signal.SIGTERM)
                if not select.select([descriptor], [], [], max(deadline - time.monotonic(), 0))[0]:
                    _log.warning("killing a worker of an earlier run that does not end", pid=pid)
                    signal.pidfd_send_signal(descriptor, signal.SIGKILL)
                    select.select([descriptor], [], [])
            finally:
                os.close(descriptor)
    return orphans


def remove_traces(data_directory: Path, segment: str) -> None:
    """Remove what only a running venue has: its description, its addresses, its doorbells. Not its memory."""
    venues.remove(data_directory)
    for path in venues.run_directory(data_directory).glob("*.address*"):
        path.unlink(missing_ok=True)
    for index in range(WORKERS_MAX):
        PollableBell.unlink(venues.bell_name(segment, index))
